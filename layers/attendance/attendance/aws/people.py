"""Students, courses, rosters, accounts and the audit in DynamoDB, as people write them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

import boto3
from boto3.dynamodb.conditions import Key

from attendance import names
from attendance.aws.transactions import repeat_conflicts, transact
from attendance.students import Consent, StoredPhoto, Student
from attendance.users import Role, User

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

CATALOGUE = "#courses"
"""Key of the item in the courses table that lists every course_id, so that no page needs a Scan.

No course_id starts with #. The item holds at most 400 KB, which is about 6,000 of the longest ids.
"""
KEYS_OF_BATCH = 100
"""Keys DynamoDB takes in one BatchGetItem."""


class DynamoDirectory:
    """The tables of students, courses and rosters, with an audit entry for each change."""

    def __init__(self, students: str, courses: str, rosters: str, audit: str) -> None:
        self._students = students
        self._courses = courses
        self._rosters = rosters
        self._audit = audit
        self._client = table_client()

    def student(self, student_id: str) -> Student | None:
        """The student as of now, or None."""
        item: Mapping[str, Any] | None = self._client.get_item(
            TableName=self._students, Key={"student_id": student_id}, ConsistentRead=True
        ).get("Item")
        return student_from(item) if item and is_registered(item) else None

    def was_erased(self, student_id: str) -> bool:
        """Whether the id was a student's who was erased."""
        key = {"student_id": student_id}
        item = self._client.get_item(TableName=self._students, Key=key, ConsistentRead=True).get("Item")
        return item is not None and not is_registered(item)

    def course_exists(self, course_id: str) -> bool:
        """Whether the course has been created."""
        key = {"course_id": course_id}
        return "Item" in self._client.get_item(TableName=self._courses, Key=key, ConsistentRead=True)

    def add_photo(self, student: Student, photo: StoredPhoto, course_ids: Sequence[str], actor: str) -> bool:
        """Keep the photo, the roster rows and an audit entry in one transaction; False when the student changed."""
        # Without the moment: the audit outlives the erasing of a student, and that takes out where one was seen.
        reason = photo.source.rpartition("/")[0]
        audit = audit_item(_subject(student), actor, "enrol", photo.key) | {"reason": reason}
        actions: list[Any] = [
            self._photo_action(student, photo, actor),
            *self._roster_actions(student, course_ids),
            {"Put": {"TableName": self._audit, "Item": audit}},
        ]
        return not transact(self._client, actions)

    def replace_face(self, student: Student, key: str, face_id: str, actor: str) -> bool:
        """Note another face of a photo, with an audit entry; False when the table holds something else by now."""
        number = [photo.key for photo in student.photos].index(key)
        change = {"UpdateExpression": f"SET photos[{number}].face_id = :face", "values": {":face": face_id}}
        return self._change_photo(student, number, change, audit_item(_subject(student), actor, "mend face", key))

    def remove_photo(self, student: Student, key: str, actor: str) -> bool:
        """Forget a photo, with an audit entry; False when the table holds something else by now."""
        number = [photo.key for photo in student.photos].index(key)
        change = {"UpdateExpression": f"REMOVE photos[{number}]", "values": {}}
        return self._change_photo(student, number, change, audit_item(_subject(student), actor, "remove photo", key))

    def withdraw_consent(self, student: Student, time: str, actor: str) -> bool:
        """Forget the consent and take no photo any more, with an audit entry; False when the student changed."""
        update: Any = {
            "TableName": self._students,
            "Key": {"student_id": student.student_id},
            "UpdateExpression": "SET consent_withdrawn_at = :time REMOVE consent",
            "ConditionExpression": "student_name = :name AND attribute_not_exists(erasing)"
            " AND attribute_not_exists(consent_withdrawn_at)",
            "ExpressionAttributeValues": {":time": time, ":name": student.student_name},
        }
        entry = audit_item(_subject(student), actor, "withdraw consent")
        return not transact(self._client, [{"Update": update}, {"Put": {"TableName": self._audit, "Item": entry}}])

    def add_to_rosters(self, student: Student, course_ids: Sequence[str]) -> None:
        """Put the student on the rosters; rows that are there keep their dates."""
        transact(self._client, self._roster_actions(student, course_ids))

    def add_course(self, course_id: str, course_name: str, time_zone: str, created_at: str) -> bool:
        """Create a course and list it in the catalogue; False when it is there already."""
        course = {
            "course_id": course_id,
            "course_name": course_name,
            "time_zone": time_zone,
            "created_at": created_at,
        }
        put: Any = {
            "TableName": self._courses,
            "Item": course,
            "ConditionExpression": "attribute_not_exists(course_id)",
        }
        listed: Any = {
            "TableName": self._courses,
            "Key": {"course_id": CATALOGUE},
            "UpdateExpression": "ADD course_ids :new",
            "ExpressionAttributeValues": {":new": {course_id}},
        }
        return not transact(self._client, [{"Put": put}, {"Update": listed}])

    def _change_photo(self, student: Student, number: int, change: Mapping[str, Any], audit: Mapping[str, Any]) -> bool:
        """Change the photo of a number, if it is still the one that was read."""
        update: Any = {
            "TableName": self._students,
            "Key": {"student_id": student.student_id},
            "UpdateExpression": change["UpdateExpression"],
            "ConditionExpression": f"photos[{number}].#key = :key AND attribute_not_exists(erasing)",
            "ExpressionAttributeNames": {"#key": "key"},
            "ExpressionAttributeValues": {":key": student.photos[number].key, **change["values"]},
        }
        return not transact(self._client, [{"Update": update}, {"Put": {"TableName": self._audit, "Item": audit}}])

    def _photo_action(self, student: Student, photo: StoredPhoto, actor: str) -> dict[str, Any]:
        """Append the photo if the student is still as read: absent, or of the same name and number of photos."""
        values: dict[str, Any] = {
            ":name": student.student_name,
            ":photo": [asdict(photo)],
            ":none": [],
            ":at": photo.added_at,
            ":by": actor,
        }
        condition = "student_name = :name AND photos = :none"
        if not student.created_at:  # whoever was there when read, and is not any more, was erased
            condition = f"attribute_not_exists(student_id) OR ({condition})"
        if student.photos:
            condition = "student_name = :name AND size(photos) = :count"
            values[":count"] = len(student.photos)
        consent = ""
        if student.consent:
            consent, values[":consent"] = ", consent = :consent", asdict(student.consent)
        return {
            "Update": {
                "TableName": self._students,
                "Key": {"student_id": student.student_id},
                "UpdateExpression": "SET student_name = :name"
                ", photos = list_append(if_not_exists(photos, :none), :photo)"
                f", created_at = if_not_exists(created_at, :at), created_by = if_not_exists(created_by, :by){consent}",
                "ConditionExpression": "attribute_not_exists(erasing) AND attribute_not_exists(consent_withdrawn_at)"
                f" AND ({condition})",
                "ExpressionAttributeValues": values,
            }
        }

    def _roster_actions(self, student: Student, course_ids: Sequence[str]) -> list[Any]:
        """Rows of the courses' rosters, and the words of the name by which the student is found."""
        words = names.keys(student.student_id, student.student_name)
        rows = [*((course_id, student.student_id) for course_id in course_ids), *words]
        return [
            {
                "Update": {
                    "TableName": self._rosters,
                    "Key": {"course_id": partition, "student_id": sort_key},
                    "UpdateExpression": "SET student_name = :name",
                    "ExpressionAttributeValues": {":name": student.student_name},
                }
            }
            for partition, sort_key in rows
        ]


class DynamoUsers:
    """The accounts."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._client = table_client()

    def get(self, email: str) -> User | None:
        """The account as of now, or None."""
        item = self._client.get_item(TableName=self._table, Key={"email": email}, ConsistentRead=True).get("Item")
        return user_from(item) if item else None

    def add(self, user: User) -> bool:
        """Keep a new account; False when the email is taken."""
        return self._conditionally(
            self._client.put_item,
            Item=user_item(user),
            ConditionExpression="attribute_not_exists(email)",
        )

    def set_password_hash(self, email: str, password_hash: str) -> bool:
        """Replace the hash of the same password; False when there is no such account."""
        return self._set(email, "password_hash = :hash", {":hash": password_hash})

    def replace_password(self, email: str, password_hash: str, *, must_change: bool) -> bool:
        """Keep another password's hash, and whether it must be changed; False when there is no such account."""
        values: dict[str, Any] = {":hash": password_hash, ":must": must_change}
        return self._set(email, "password_hash = :hash, must_change = :must", values)

    def remove(self, email: str) -> bool:
        """Delete the account; False when there is no such account."""
        return self._conditionally(
            self._client.delete_item, Key={"email": email}, ConditionExpression="attribute_exists(email)"
        )

    def all(self) -> list[User]:
        """Every account, by email: a Scan, for the command of an administrator only and never for a page."""
        pages = self._client.get_paginator("scan").paginate(TableName=self._table)
        users = [user_from(item) for page in pages for item in page["Items"]]
        return sorted(users, key=lambda user: user.email)

    def _set(self, email: str, assignments: str, values: Mapping[str, Any]) -> bool:
        return self._conditionally(
            self._client.update_item,
            Key={"email": email},
            UpdateExpression=f"SET {assignments}",
            ExpressionAttributeValues=values,
            ConditionExpression="attribute_exists(email)",
        )

    def _conditionally(self, write: Callable[..., object], **arguments: Any) -> bool:
        try:
            write(TableName=self._table, **arguments)
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True


@dataclass(frozen=True)
class AuditEntry:
    """Who did what, when (an ISO 8601 time); what there was before and after, and why, as far as it was kept."""

    time: str
    actor: str
    action: str
    old: str
    new: str
    reason: str

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        """An entry from its item in the audit table."""
        return cls(**{each.name: _in_words(item.get(each.name)) for each in fields(cls)})


def _in_words(value: Any) -> str:
    """A value of the audit: a text, or several by name, of which those that are there are told."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {each}" for name, each in value.items() if each is not None)
    return str(value or "")


class DynamoAudit:
    """The audit, which is only ever added to."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._client = table_client()

    def record(self, subject: str, actor: str, action: str, old: str, reason: str) -> None:
        """Keep who did what to what, with the value it had before and why."""
        entry = audit_item(subject, actor, action) | {"old": old, "reason": reason}
        self._client.put_item(TableName=self._table, Item=entry)

    def note(self, subject: str, actor: str, action: str, new: str) -> None:
        """Keep who did what, and what came of it."""
        self._client.put_item(TableName=self._table, Item=audit_item(subject, actor, action, new))

    def history(self, subject: str, limit: int) -> list[AuditEntry]:
        """The last entries of a subject, the newest first."""
        query: Any = {"KeyConditionExpression": Key("subject").eq(subject), "ScanIndexForward": False, "Limit": limit}
        found = self._client.query(TableName=self._table, **query)
        return [AuditEntry.of(item) for item in found["Items"]]


def table_client() -> "DynamoDBClient":
    """A client that takes and gives plain Python values; unlike a resource it may be shared by threads."""
    client = boto3.resource("dynamodb").meta.client
    repeat_conflicts(client)
    return client


def items_of(client: "DynamoDBClient", table: str, keys: Sequence[Mapping[str, str]]) -> Iterator[dict[str, Any]]:
    """Those of the items that are there, in any order; asked for as many at a time as DynamoDB takes."""
    for start in range(0, len(keys), KEYS_OF_BATCH):
        wanted: Any = {table: {"Keys": keys[start : start + KEYS_OF_BATCH]}}
        while wanted:
            answer = client.batch_get_item(RequestItems=wanted)
            yield from answer["Responses"].get(table, [])
            wanted = answer.get("UnprocessedKeys")


def audit_item(subject: str, actor: str, action: str, new: str | None = None) -> dict[str, Any]:
    """An entry of the audit at this moment; microseconds keep two entries of one subject apart."""
    time = datetime.now(UTC).isoformat(timespec="microseconds")
    return {"subject": subject, "time": time, "actor": actor, "action": action, "new": new}


def _subject(student: Student) -> str:
    """Under which the audit keeps what is done to a student."""
    return f"student#{student.student_id}"


def is_registered(item: Mapping[str, Any]) -> bool:
    """Whether an item of the students table is a student's, and does not only tell that the id was erased."""
    return "student_name" in item


def student_from(item: Mapping[str, Any]) -> Student:
    """A student from the item in the students table."""
    consent = item.get("consent")
    return Student(
        student_id=item["student_id"],
        student_name=item["student_name"],
        photos=tuple(
            StoredPhoto(photo["key"], photo["face_id"], photo["added_at"], photo.get("source", ""))
            for photo in item.get("photos", [])
        ),
        consent=Consent(consent["given_at"], consent["recorded_by"]) if consent else None,
        created_at=item.get("created_at", ""),
        created_by=item.get("created_by", ""),
        erasing_since=item.get("erasing", {}).get("since", ""),
        consent_withdrawn_at=item.get("consent_withdrawn_at", ""),
    )


def user_item(user: User) -> dict[str, Any]:
    """The item of an account in the users table."""
    return asdict(user) | {"role": user.role.value, "courses": list(user.courses)}


def user_from(item: Mapping[str, Any]) -> User:
    """An account from its item in the users table."""
    return User(
        email=item["email"],
        role=Role(item["role"]),
        courses=tuple(item.get("courses") or ()),
        created_at=item.get("created_at", ""),
        password_hash=item["password_hash"],
        student_id=item.get("student_id", ""),
        must_change=bool(item.get("must_change")),
        disabled=bool(item.get("disabled")),
    )
