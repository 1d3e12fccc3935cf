"""The tables of courses, rosters and attendance, as the steps use them: GetItem, Query and BatchWriteItem."""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Key

from attendance.aws.values import to_item
from attendance.errors import UnprocessedItemsError
from attendance.model import MACHINE, Course, Enrolment, Thresholds
from attendance.ports import Document
from attendance.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table

BATCH = 25
"""Items DynamoDB takes in one BatchWriteItem."""
BATCH_TRIES = 8
"""Tries of one batch, 0.05 to 3.2 s apart at most: 6 s at most, then the state machine has the patience."""
FIRST_PAUSE = 0.05
"""Seconds."""


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
        present = float(_or(item.get("present_threshold"), self._settings.present_threshold))
        review = float(_or(item.get("review_threshold"), self._settings.review_threshold))
        return Course(
            course_id=course_id,
            time_zone=str(item.get("time_zone") or self._settings.default_time_zone),
            thresholds=Thresholds(present, min(review, present)),  # a course may set just one of the two
        )


class DynamoRosters:
    """The table of rosters."""

    def __init__(self, dynamodb: "DynamoDBServiceResource", settings: Settings) -> None:
        self._table = dynamodb.Table(settings.rosters_table)

    def of(self, course_id: str) -> Iterator[Enrolment]:
        """Every enrolment of a course, in the order of student_id."""
        for item in query(self._table, KeyConditionExpression=Key("course_id").eq(course_id), ConsistentRead=True):
            yield Enrolment(
                student_id=item["student_id"],
                student_name=item.get("student_name") or item["student_id"],
                enrolled_from=item.get("enrolled_from") or None,
                enrolled_until=item.get("enrolled_until") or None,
            )


class DynamoAttendance:
    """The table of attendance.

    Args:
        dynamodb: the service.
        settings: the table's name.
        pause: waits some seconds between the tries of a batch.
    """

    def __init__(
        self, dynamodb: "DynamoDBServiceResource", settings: Settings, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._dynamodb = dynamodb
        self._table = dynamodb.Table(settings.attendance_table)
        self._pause = pause

    def corrected(self, session_key: str) -> frozenset[str]:
        """The student_ids of the session's rows that belong to a person."""
        items = query(
            self._table,
            KeyConditionExpression=Key("session_key").eq(session_key),
            ProjectionExpression="student_id, #source",
            ExpressionAttributeNames={"#source": "source"},
            ConsistentRead=True,
        )
        return frozenset(item["student_id"] for item in items if item.get("source", MACHINE) != MACHINE)

    def put(self, rows: Iterable[Document]) -> None:
        """Write rows 25 at a time.

        Raises:
            UnprocessedItemsError: DynamoDB kept refusing a part; writing all again is safe.
        """
        remaining = iter(rows)
        while batch := list(islice(remaining, BATCH)):
            self._put_batch([{"PutRequest": {"Item": to_item(row)}} for row in batch])

    def _put_batch(self, requests: Any) -> None:
        for attempt in range(BATCH_TRIES):
            answer = self._dynamodb.batch_write_item(RequestItems={self._table.name: requests})
            requests = answer.get("UnprocessedItems", {}).get(self._table.name)
            if not requests:
                return
            # Full jitter, so that parallel runs do not come back in step.
            self._pause(random.uniform(0, FIRST_PAUSE * 2**attempt))  # noqa: S311 (spreads load, protects nothing)
        raise UnprocessedItemsError(f"DynamoDB did not take {len(requests)} rows after {BATCH_TRIES} tries.")


def query(table: "Table", **request: Any) -> Iterator[Mapping[str, Any]]:
    """Every item of a Query, over all its pages of 1 MB."""
    while True:
        answer = table.query(**request)
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _or(value: Any, default: float) -> Any:
    return default if value is None else value
