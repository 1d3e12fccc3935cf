"""The tables of courses, rosters and attendance, as the steps use them: GetItem, Query and TransactWriteItems."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Key

from attendance.aws.transactions import ACTIONS, transact
from attendance.aws.values import to_item
from attendance.errors import SessionChangedError
from attendance.model import Course, Enrolment, Place, Standing, Status, Thresholds
from attendance.ports import Document
from attendance.register import enrolment_from, standing_from
from attendance.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table


class DynamoCourses:
    """The table of courses; what a course leaves open comes from the settings."""

    def __init__(self, dynamodb: "DynamoDBServiceResource", settings: Settings) -> None:
        self._table = dynamodb.Table(settings.courses_table)
        self._settings = settings

    def get(self, course_id: str) -> Course | None:
        """The course, or None; the default course needs no item."""
        item = self._table.get_item(Key={"course_id": course_id}, ConsistentRead=True).get("Item")
        if item is None and course_id != self._settings.default_course_id:
            return None
        return self._course(course_id, item or {})

    def _course(self, course_id: str, item: Mapping[str, Any]) -> Course:
        given = {name: value for name, value in item.items() if value is not None}
        settings = self._settings
        present = float(given.get("present_threshold", settings.present_threshold))
        review = float(given.get("review_threshold", settings.review_threshold))
        return Course(
            course_id=course_id,
            time_zone=str(item.get("time_zone") or settings.default_time_zone),
            thresholds=Thresholds(
                present=present,
                review=min(review, present),  # a course may set just one of the two
                margin=float(given.get("margin", settings.margin)),
                minimum_sightings=int(given.get("minimum_sightings", settings.minimum_sightings)),
                late_after_minutes=int(given.get("late_after_minutes", settings.late_after_minutes)),
                left_early_minutes=int(given.get("left_early_minutes", settings.left_early_minutes)),
            ),
            sections=frozenset(item.get("sections") or ()),
        )


class DynamoRosters:
    """The table of rosters."""

    def __init__(self, dynamodb: "DynamoDBServiceResource", settings: Settings) -> None:
        self._table = dynamodb.Table(settings.rosters_table)

    def of(self, course_id: str) -> Iterator[Enrolment]:
        """Every enrolment of a course, in the order of student_id."""
        for item in query(self._table, KeyConditionExpression=Key("course_id").eq(course_id), ConsistentRead=True):
            yield enrolment_from(item)


class DynamoAttendance:
    """The table of attendance.

    Rows are written in transactions that also check that their decision stands: what DynamoDB refuses then was not
    written, and none of it can come after the rows of the decision that replaced it.

    Args:
        dynamodb: the service.
        settings: the tables' names.
    """

    def __init__(self, dynamodb: "DynamoDBServiceResource", settings: Settings) -> None:
        self._client = dynamodb.meta.client
        self._table = dynamodb.Table(settings.attendance_table)
        self._settings = settings

    def put(self, place: Place, decision: str, rows: Iterable[Document]) -> None:
        """Write rows, 99 in a transaction.

        Raises:
            SessionChangedError: another decision stands.
            UnprocessedItemsError: DynamoDB kept refusing; writing all again is safe.
        """
        remaining = iter(rows)
        while batch := list(islice(remaining, ACTIONS - 1)):
            self._write(
                place, decision, [{"Put": {"TableName": self._table.name, "Item": to_item(row)}} for row in batch]
            )

    def statuses(self, session_key: str) -> dict[str, Status]:
        """The session's rows as they were decided, student_id ▶ status."""
        items = query(
            self._table,
            KeyConditionExpression=Key("session_key").eq(session_key),
            ProjectionExpression="student_id, #status",
            ExpressionAttributeNames={"#status": "status"},
            ConsistentRead=True,
        )
        return {str(item["student_id"]): Status(item["status"]) for item in items}

    def remove(self, place: Place, decision: str, student_ids: Iterable[str]) -> None:
        """Delete rows, each together with the check that no person corrected it.

        Raises:
            SessionChangedError: another decision stands.
            UnprocessedItemsError: DynamoDB kept refusing; deleting all again is safe.
        """
        remaining = iter(student_ids)
        while batch := list(islice(remaining, (ACTIONS - 1) // 2)):
            while batch:
                actions = [action for student_id in batch for action in self._removal(place, student_id)]
                corrected = {number // 2 for number in self._write(place, decision, actions)}
                if not corrected:
                    break
                batch = [student_id for number, student_id in enumerate(batch) if number not in corrected]

    def _removal(self, place: Place, student_id: str) -> list[dict[str, Any]]:
        key = {"session_key": place.session_key, "student_id": student_id}
        uncorrected = {
            "TableName": self._settings.corrections_table,
            "Key": key,
            "ConditionExpression": "attribute_not_exists(correction)",
        }
        return [{"Delete": {"TableName": self._table.name, "Key": key}}, {"ConditionCheck": uncorrected}]

    def _write(self, place: Place, decision: str, actions: list[dict[str, Any]]) -> set[int]:
        """All of the actions or none, if the decision stands.

        Returns:
            The numbers of the actions whose own condition does not hold; when there are any, nothing was done.
        """
        check: dict[str, Any] = {
            "TableName": self._settings.sessions_table,
            "Key": {"course_id": place.course_id, "session_id": place.session_id},
            "ConditionExpression": "#decision.#key = :decision",
            "ExpressionAttributeNames": {"#decision": "decision", "#key": "key"},
            "ExpressionAttributeValues": {":decision": decision},
        }
        refused = transact(self._client, [{"ConditionCheck": check}, *actions])
        if 0 in refused:
            raise SessionChangedError("The rows of this session were decided anew meanwhile.")
        return {number - 1 for number in refused}


class DynamoCorrections:
    """The table of corrections, as the steps read it."""

    def __init__(self, dynamodb: "DynamoDBServiceResource", settings: Settings) -> None:
        self._table = dynamodb.Table(settings.corrections_table)

    def of(self, session_key: str) -> dict[str, Standing]:
        """What a person said of a session's students, by student_id."""
        items = query(self._table, KeyConditionExpression=Key("session_key").eq(session_key), ConsistentRead=True)
        return {str(item["student_id"]): standing_from(item) for item in items}


def query(table: "Table", **request: Any) -> Iterator[Mapping[str, Any]]:
    """Every item of a Query, over all its pages of 1 MB."""
    while True:
        answer = table.query(**request)
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
