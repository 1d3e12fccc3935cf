"""Reads the register from DynamoDB by Query and GetItem only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Key

from attendance.aws.people import CATALOGUE, items_of, table_client
from attendance.model import Enrolment
from attendance.register import (
    CourseInfo,
    Page,
    RegisterRow,
    Session,
    counts_of,
    enrolment_from,
    in_effect,
    row_from,
    session_from,
    standing_from,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class DynamoReader:
    """The tables as `attendance.register.RegisterReader` wants them read.

    Args:
        default_course_id: the course that needs no item in the table of courses.
        default_time_zone: the zone of courses that set none.
        client: as of `people.table_client`, which is used when none is given.
    """

    def __init__(
        self,
        courses: str,
        rosters: str,
        sessions: str,
        attendance: str,
        corrections: str,
        default_course_id: str,
        default_time_zone: str,
        client: "DynamoDBClient | None" = None,
    ) -> None:
        self._courses = courses
        self._rosters = rosters
        self._sessions = sessions
        self._attendance = attendance
        self._corrections = corrections
        self._client = client or table_client()
        self._default_course_id = default_course_id
        self._default_time_zone = default_time_zone

    def course(self, course_id: str) -> CourseInfo | None:
        """The course, or None; the default course is always there."""
        item = self._get(self._courses, {"course_id": course_id})
        return self._course(course_id, item)

    def courses(self, course_ids: Sequence[str]) -> list[CourseInfo]:
        """Those of the courses that are there, in the order of the ids."""
        keys = [{"course_id": course_id} for course_id in dict.fromkeys(course_ids)]
        items = {item["course_id"]: item for item in items_of(self._client, self._courses, keys)}
        found = (self._course(course_id, items.get(course_id)) for course_id in course_ids)
        return [course for course in found if course is not None]

    def course_ids(self) -> list[str]:
        """The ids of every created course and of the default course, in order."""
        catalogue = self._get(self._courses, {"course_id": CATALOGUE}) or {}
        return sorted({self._default_course_id, *catalogue.get("course_ids", ())})

    def sessions(self, course_id: str, limit: int, before: str | None = None) -> Page[Session]:
        """Sessions of a course, the newest first, but no vacated ones; `before` is the cursor of the page before."""
        items, last = self._page(
            self._sessions,
            {"course_id": course_id, "session_id": before} if before else None,
            KeyConditionExpression=Key("course_id").eq(course_id),
            ScanIndexForward=False,
            Limit=limit,
        )
        return Page(tuple(self._listed(items)), last and last["session_id"])

    def sessions_on(self, date: str) -> list[Session]:
        """Sessions of every course on one local date, by course, but no vacated ones."""
        items = self._every(self._sessions, IndexName="by_date", KeyConditionExpression=Key("date").eq(date))
        return self._listed(items)

    def session(self, course_id: str, session_id: str) -> Session | None:
        """The session, or None."""
        item = self._get(self._sessions, {"course_id": course_id, "session_id": session_id})
        return self._session(item) if item else None

    def rows(self, session_key: str) -> list[RegisterRow]:
        """Every row of a session's register with its correction, by student_id: two Queries."""
        of_session = {"KeyConditionExpression": Key("session_key").eq(session_key), "ConsistentRead": True}
        # Rows first: a row whose correction is new is corrected; one that is gone by now had none.
        rows = [row_from(item) for item in self._every(self._attendance, **of_session)]
        standings = {item["student_id"]: standing_from(item) for item in self._every(self._corrections, **of_session)}
        return in_effect(rows, standings)

    def roster(self, course_id: str, limit: int, after: str | None = None) -> Page[Enrolment]:
        """The roster by student_id; `after` is the cursor of the page before."""
        items, last = self._page(
            self._rosters,
            {"course_id": course_id, "student_id": after} if after else None,
            KeyConditionExpression=Key("course_id").eq(course_id),
            Limit=limit,
        )
        return Page(tuple(enrolment_from(item) for item in items), last and last["student_id"])

    def _course(self, course_id: str, item: Mapping[str, Any] | None) -> CourseInfo | None:
        """A course from its item; the default course needs none."""
        if item is None:
            is_default = course_id == self._default_course_id
            return CourseInfo(course_id, "All students", self._default_time_zone) if is_default else None
        planned = item.get("planned_classes")
        return CourseInfo(
            course_id,
            item.get("course_name") or course_id,
            item.get("time_zone") or self._default_time_zone,
            None if planned is None else int(planned),
            frozenset(item.get("sections") or ()),
        )

    def _listed(self, items: Iterable[Mapping[str, Any]]) -> list[Session]:
        return [session for session in map(self._session, items) if not session.is_vacated]

    def _session(self, item: Mapping[str, Any]) -> Session:
        """A session, counted anew if a correction came after its rows were counted."""
        session = session_from(item)
        if item.get("corrected", 0) == item.get("counted", 0):
            return session
        return replace(session, counts=counts_of(self.rows(session.session_key)))

    def _get(self, table: str, key: Mapping[str, str]) -> Mapping[str, Any] | None:
        return self._client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")

    def _page(self, table: str, start: Mapping[str, str] | None, **query: Any) -> tuple[list[Any], Any]:
        """One page of a Query and the key it ended at, None at the end of the list."""
        if start:
            query["ExclusiveStartKey"] = start
        answer = self._client.query(TableName=table, **query)
        return answer["Items"], answer.get("LastEvaluatedKey")

    def _every(self, table: str, **query: Any) -> list[Any]:
        """Every item of a Query, over all of its pages."""
        items, last = self._page(table, None, **query)
        while last:
            more, last = self._page(table, last, **query)
            items += more
        return items
