"""What an erasing changes in DynamoDB and in the work bucket."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import boto3
from boto3.dynamodb.conditions import Attr, Key
from botocore.config import Config

from attendance import names
from attendance.aws.disputes import DynamoCases
from attendance.aws.erasures import ERASINGS
from attendance.aws.imports import photos_beside
from attendance.aws.people import audit_item, user_from
from attendance.aws.students import DynamoStudents
from attendance.aws.transactions import transact
from attendance.erasure import AT_ONCE, FORMER, Mark, Receipt, RowKey, Traces
from attendance.model import Place
from attendance.students import Consent, Student
from attendance.users import Role, User

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_SEEN = ("evidence", "similarity", "margin", "first_seen_ms", "last_seen_ms")
"""What a row says about a face."""

_OTHER_VERSION = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"})
"""What S3 answers when an object is not, or not any more, the one that a write names."""


class DynamoRecords(DynamoStudents):
    """The tables as `attendance.erasure.Records` wants them."""

    def rows_of(self, student_id: str) -> list[RowKey]:
        """Every row of the student in any register."""
        items = self._every(
            self._settings.attendance_table,
            IndexName="by_student",
            KeyConditionExpression=Key("student_id").eq(student_id),
        )
        return [RowKey(item["session_key"], item["student_name"] == FORMER) for item in items]

    def accounts_of(self, student_id: str) -> list[User]:
        """The accounts that show the student's record: read role by role, for no index has them by student."""
        return [
            user_from(item)
            for role in Role
            for item in self._every(
                self._settings.users_table,
                IndexName="by_role",
                KeyConditionExpression=Key("role").eq(role.value),
                FilterExpression=Attr("student_id").eq(student_id),
            )
        ]

    def mark(self, student_id: str, traces: Mapping[str, int], actor: str, time: str) -> Mark:
        """Mark the student as being erased; a mark that is there stays, and its counts are those that hold."""
        marked: Any = self._client.update_item(
            TableName=self._settings.students_table,
            Key={"student_id": student_id},
            UpdateExpression="SET erasing = if_not_exists(erasing, :mark)",
            ExpressionAttributeValues={":mark": _mark(traces, actor, time)},
            ReturnValues="ALL_NEW",
        )
        kept = marked["Attributes"]["erasing"]
        if kept["since"] == time:
            self._note(student_id, actor, "erase begun")
        self._list("ADD begun :one, student_ids :them", {":one": 1, ":them": {student_id}})
        counted = {name: int(number) for name, number in kept["traces"].items()}
        return Mark(counted, kept.get("cleaned", ""))

    def cleaned(self, student_id: str, key: str) -> None:
        """Note in the mark up to which document all are clean."""
        self._change_mark(student_id, "SET erasing.cleaned = :key", {":key": key})

    def record_consent(self, student_id: str, consent: Consent) -> bool:
        """Keep a consent with an audit entry; False where there is one, or no student who is not being erased."""
        update = {
            "TableName": self._settings.students_table,
            "Key": {"student_id": student_id},
            "UpdateExpression": "SET consent = :consent REMOVE consent_withdrawn_at",
            "ConditionExpression": "attribute_exists(student_id) AND attribute_not_exists(erasing)"
            " AND attribute_not_exists(consent)",
            "ExpressionAttributeValues": {":consent": asdict(consent)},
        }
        entry = audit_item(f"student#{student_id}", consent.recorded_by, "consent", consent.given_at)
        actions: list[Any] = [{"Update": update}, {"Put": {"TableName": self._settings.audit_table, "Item": entry}}]
        return not transact(self._client, actions)

    def leave_course(self, student_id: str, course_id: str) -> None:
        """Take the student off a roster; off the default course's, which lists every student, only at the end."""
        if course_id != self._settings.default_course_id:
            key = {"course_id": course_id, "student_id": student_id}
            self._client.delete_item(TableName=self._settings.rosters_table, Key=key)

    def close_account(self, student_id: str, user: User, actor: str) -> None:
        """Delete a student's account; one of another role is only no longer the student's."""
        account: dict[str, Any] = {
            "TableName": self._settings.users_table,
            "Key": {"email": user.email},
            "ConditionExpression": "student_id = :student AND #role = :role",
            "ExpressionAttributeNames": {"#role": "role"},
            "ExpressionAttributeValues": {":student": student_id, ":role": user.role.value},
        }
        change = {"Delete": account}
        if user.role is not Role.STUDENT:
            account["ExpressionAttributeValues"][":none"] = ""
            change = {"Update": {**account, "UpdateExpression": "SET student_id = :none"}}
        # The audit outlives the erasing, so it does not name the address.
        entry = audit_item(f"student#{student_id}", actor, "erase account", user.role.value)
        transact(self._client, [change, {"Put": {"TableName": self._settings.audit_table, "Item": entry}}])

    def forget_notes(self, student_id: str) -> None:
        """Delete what the student wrote about own rows, and what was answered."""
        DynamoCases(self._settings).erase(student_id)

    def stands(self, place: Place, key: str) -> bool:
        """Whether a document is the session's decision."""
        item: Any = self._client.get_item(
            TableName=self._settings.sessions_table, Key=_session(place), ConsistentRead=True
        ).get("Item", {})
        return bool(item.get("decision", {}).get("key") == key)

    def replace_decision(self, place: Place, old: str, new: str) -> None:
        """Let a document of another name be the session's decision, if the old one still is."""
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.update_item(
                TableName=self._settings.sessions_table,
                Key=_session(place),
                UpdateExpression="SET #decision.#key = :new",
                ConditionExpression="#decision.#key = :old",
                ExpressionAttributeNames={"#decision": "decision", "#key": "key"},
                ExpressionAttributeValues={":old": old, ":new": new},
            )

    def anonymise(self, student_id: str, session_key: str, name: str) -> None:
        """Take what was seen of the student out of a row and its corrections, and give the row another name.

        A row that a run has deleted meanwhile needs nothing.
        """
        self._forget_moments(student_id, session_key)
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.update_item(
                TableName=self._settings.attendance_table,
                Key={"session_key": session_key, "student_id": student_id},
                UpdateExpression=f"SET student_name = :name, sightings = :none REMOVE {', '.join(_SEEN)}",
                ConditionExpression="attribute_exists(session_key)",
                ExpressionAttributeValues={":name": name, ":none": 0},
            )

    def forget(self, student_id: str, student: Student | None, receipt: Receipt) -> None:
        """Keep the receipt, and of the student only that the id was erased; nothing new where that is so already."""
        rosters, listed = self._settings.rosters_table, (self._settings.default_course_id, student_id)
        name = student.student_name if student else self._listed_name(*listed)
        rows = [listed, *names.keys(student_id, name)]
        traces = asdict(receipt.erased)
        kept = {"student_id": student_id, "erased_at": receipt.time}
        only_once = {
            "TableName": self._settings.students_table,
            "Item": kept | {"erasing": _mark(traces, receipt.actor, receipt.time)},
            "ConditionExpression": "attribute_not_exists(erased_at)",
        }
        entry = audit_item(f"student#{student_id}", receipt.actor, "erase")
        entry |= {"old": traces, "reason": receipt.reason, "erased_at": receipt.time}
        deletions: list[Any] = [
            {"Delete": {"TableName": rosters, "Key": {"course_id": partition, "student_id": sort_key}}}
            for partition, sort_key in rows
        ]
        kept_for_ever = [{"Put": only_once}, {"Put": {"TableName": self._settings.audit_table, "Item": entry}}]
        if transact(self._client, [*deletions, *kept_for_ever]):
            transact(self._client, deletions)  # they may have come back with a table that was restored
            self._change_mark(student_id, "REMOVE erasing.cleaned", {})
            self._note(student_id, receipt.actor, "erase again")
        self._list("DELETE student_ids :them", {":them": {student_id}})

    def _listed_name(self, course_id: str, student_id: str) -> str:
        """The name on a roster, empty where there is none."""
        key = {"course_id": course_id, "student_id": student_id}
        item = self._client.get_item(TableName=self._settings.rosters_table, Key=key, ConsistentRead=True).get("Item")
        return str(item.get("student_name") or "") if item else ""

    def receipts(self, student_id: str) -> list[Receipt]:
        """The receipts of an id, the newest first; there are several where it was given again, as it could be once."""
        items = self._every(
            self._settings.audit_table,
            KeyConditionExpression=Key("subject").eq(f"student#{student_id}"),
            ScanIndexForward=False,
        )
        return [
            Receipt(
                student_id,
                Traces(**{name: int(number) for name, number in item["old"].items()}),
                item["erased_at"],
                item["actor"],
                item["reason"],
            )
            for item in items
            if item["action"] == "erase"
        ]

    def _change_mark(self, student_id: str, change: str, values: Mapping[str, Any]) -> None:
        request: Any = {"ExpressionAttributeValues": values} if values else {}
        self._client.update_item(
            TableName=self._settings.students_table,
            Key={"student_id": student_id},
            UpdateExpression=change,
            ConditionExpression="attribute_exists(erasing)",
            **request,
        )

    def _list(self, change: str, values: Mapping[str, Any]) -> None:
        """Change the list of the erasings that are not done, which every decision looks at."""
        self._client.update_item(
            TableName=self._settings.students_table,
            Key={"student_id": ERASINGS},
            UpdateExpression=change,
            ExpressionAttributeValues=values,
        )

    def _forget_moments(self, student_id: str, session_key: str) -> None:
        """Take the moments that a person pointed to out of what was ever said of the student in a session."""
        table, key = self._settings.corrections_table, {"session_key": session_key, "student_id": student_id}
        while item := self._client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item"):
            kept = _without_evidence(item)
            if kept == item:
                return
            seen: dict[str, Any] = {":version": item["version"]}
            # If somebody corrects it in between, it is looked at again.
            with suppress(self._client.exceptions.ConditionalCheckFailedException):
                self._client.put_item(
                    TableName=table,
                    Item=kept,
                    ConditionExpression="version = :version",
                    ExpressionAttributeValues=seen,
                )

    def _note(self, student_id: str, actor: str, action: str) -> None:
        self._client.put_item(
            TableName=self._settings.audit_table, Item=audit_item(f"student#{student_id}", actor, action)
        )


def _without_evidence(item: Any) -> Any:
    """An item without the moments of a video in it, at any depth."""
    if isinstance(item, Mapping):
        return {name: None if name == "evidence" else _without_evidence(value) for name, value in item.items()}
    return [_without_evidence(value) for value in item] if isinstance(item, list) else item


def _mark(traces: Mapping[str, int], actor: str, time: str) -> dict[str, Any]:
    return {"since": time, "by": actor, "traces": dict(traces)}


def _session(place: Place) -> dict[str, Any]:
    return {"course_id": place.course_id, "session_id": place.session_id}


class S3Documents:
    """The JSON documents of the work bucket."""

    def __init__(self, bucket: str) -> None:
        self._client: S3Client = boto3.client("s3", config=Config(max_pool_connections=AT_ONCE))
        self._bucket = bucket

    def pages(self, after: str) -> Iterator[list[str]]:
        """The keys of all documents behind a key, in order, at most 1000 at a time."""
        behind: Any = {"StartAfter": after} if after else {}
        listed = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, **behind)
        for page in listed:
            if found := [stored["Key"] for stored in page.get("Contents", []) if stored["Key"].endswith(".json")]:
                yield found

    def naming(self, key: str, student_id: str) -> tuple[Any, str] | None:
        """The document and its version, or None where the student's id is nowhere in it or it is gone."""
        try:
            stored = self._client.get_object(Bucket=self._bucket, Key=key)
        except self._client.exceptions.NoSuchKey:
            return None
        body = stored["Body"].read()
        # Ids are ASCII, which JSON leaves as it is: most documents need not be read any further.
        return (json.loads(body), stored["ETag"]) if student_id.encode() in body else None

    def put(self, key: str, document: Any) -> None:
        """Keep a document."""
        self._put(key, document)

    def replace(self, key: str, document: Any, version: str) -> bool:
        """Keep a document in place of that version; False, and nothing done, where it is another one by now.

        The photos of an import that named the student go with it, and first, so that a second try finds them as well.
        """
        if photos := photos_beside(key):
            self._client.delete_object(Bucket=self._bucket, Key=photos)
        try:
            self._put(key, document, IfMatch=version)
        except self._client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in _OTHER_VERSION:
                raise
            return False
        return True

    def _put(self, key: str, document: Any, **condition: Any) -> None:
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/json", **condition)
