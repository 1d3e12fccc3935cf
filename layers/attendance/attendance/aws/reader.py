"""Reads the register from DynamoDB by Query and GetItem only."""

from collections.abc import Mapping
from typing import Any

from boto3.dynamodb.conditions import Key

from attendance.aws.people import CATALOGUE, table_client
from attendance.model import Enrolment, Row
from attendance.register import CourseInfo, Page, Session, row_from, session_from


class DynamoReader:
    """The tables as `attendance.register.RegisterReader` wants them read.

    Args:
        default_course_id: the course that needs no item in the table of courses.
        default_time_zone: the zone of courses that set none.
    """

    def __init__(
        self,
        courses: str,
        rosters: str,
        sessions: str,
        attendance: str,
        default_course_id: str,
        default_time_zone: str,
    ) -> None:
        self._courses = courses
        self._rosters = rosters
        self._sessions = sessions
        self._attendance = attendance
        self._client = table_client()
        self._default_course_id = default_course_id
        self._default_time_zone = default_time_zone

    def course(self, course_id: str) -> CourseInfo | None:
        """The course, or None; the default course is always there."""
        item = self._get(self._courses, {"course_id": course_id})
        if item is None:
            is_default = course_id == self._default_course_id
            return CourseInfo(course_id, "All students", self._default_time_zone) if is_default else None
        return CourseInfo(
            course_id, item.get("course_name") or course_id, item.get("time_zone") or self._default_time_zone
        )

    def course_ids(self) -> list[str]:
        """The ids of every created course and of the default course, in order."""
        catalogue = self._get(self._courses, {"course_id": CATALOGUE}) or {}
        return sorted({self._default_course_id, *catalogue.get("course_ids", ())})

    def sessions(self, course_id: str, limit: int, before: str | None = None) -> Page[Session]:
        """Sessions of a course, the newest first; `before` is the cursor of the page before."""
        items, last = self._page(
            self._sessions,
            {"course_id": course_id, "session_id": before} if before else None,
            KeyConditionExpression=Key("course_id").eq(course_id),
            ScanIndexForward=False,
            Limit=limit,
        )
        return Page(tuple(session_from(item) for item in items), last and last["session_id"])

    def sessions_on(self, date: str) -> list[Session]:
        """Sessions of every course on one local date, by course."""
        items = self._every(self._sessions, IndexName="by_date", KeyConditionExpression=Key("date").eq(date))
        return [session_from(item) for item in items]

    def session(self, course_id: str, session_id: str) -> Session | None:
        """The session, or None."""
        item = self._get(self._sessions, {"course_id": course_id, "session_id": session_id})
        return session_from(item) if item else None

    def rows(self, session_key: str) -> list[Row]:
        """Every row of a session's register, by student_id."""
        items = self._every(
            self._attendance, KeyConditionExpression=Key("session_key").eq(session_key), ConsistentRead=True
        )
        return [row_from(item) for item in items]

    def roster(self, course_id: str, limit: int, after: str | None = None) -> Page[Enrolment]:
        """The roster by student_id; `after` is the cursor of the page before."""
        items, last = self._page(
            self._rosters,
            {"course_id": course_id, "student_id": after} if after else None,
            KeyConditionExpression=Key("course_id").eq(course_id),
            Limit=limit,
        )
        entries = (
            Enrolment(item["student_id"], item["student_name"], item.get("enrolled_from"), item.get("enrolled_until"))
            for item in items
        )
        return Page(tuple(entries), last and last["student_id"])

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
