"""Reads the log, and the rows that reports count, by Query only."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import ConditionBase, Key

from attendance.aws.people import table_client
from attendance.aws.sessions import OUTDATED
from attendance.model import MACHINE, Place, Progress, Standing
from attendance.register import RegisterRow, in_effect, row_from, standing_from
from attendance.rows_log import LogFilter, LoggedSession, LogRow
from attendance.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

SESSIONS_AT_ONCE = 100
ROWS_AT_ONCE = 200
"""Items of one Query: what a page shows, and not much more."""
BEHIND = "~"
"""Comes after every character that can follow a date in a session_id."""

_OF_SESSION = (
    "course_id",
    "session_id",
    "session_key",
    "date",
    "status",
    "counts",
    "corrected",
    "counted",
    "is_roll_call",
    OUTDATED,
)
_OF_MARK = ("student_id", "student_name", "status", "late", "left_early")
_OF_ROW = (
    *("session_key", "course_id", "session_id", "date", "source"),
    *(*_OF_MARK, "similarity", "margin", "sightings", "first_seen_ms", "last_seen_ms"),
)
"""Without the evidence, which is most of a row and shown on its session's page alone."""


class DynamoLogReader:
    """The tables as `attendance.rows_log.LogReader` and `attendance.reports.MarkReader` want them read."""

    def __init__(self, settings: Settings, client: "DynamoDBClient | None" = None) -> None:
        self._settings = settings
        self._client = client or table_client()

    def sessions_of(
        self, course_id: str, first: str, last: str, until: str | None = None
    ) -> Iterator[Sequence[LoggedSession]]:
        """A course's sessions of some dates, the newest first, from the session_id `until` on if it is given."""
        end = last + BEHIND if until is None else min(until, last + BEHIND)
        if first > end:
            return
        pages = self._pages(
            self._settings.sessions_table,
            Key("course_id").eq(course_id) & Key("session_id").between(first, end),
            _OF_SESSION,
            ScanIndexForward=False,
            Limit=SESSIONS_AT_ONCE,
        )
        for items in pages:
            yield [_session(item) for item in items]

    def sessions_on(self, day: str) -> list[LoggedSession]:
        """The sessions of every course on a local date, by session_key."""
        pages = self._pages(self._settings.sessions_table, Key("date").eq(day), _OF_SESSION, IndexName="by_date")
        return [_session(item) for items in pages for item in items]

    def rows_of(self, session: LoggedSession, after: str = "") -> Iterator[Sequence[LogRow]]:
        """A session's rows by student_id, of those after the given one; at least one item, perhaps empty."""
        key = Key("session_key").eq(session.place.session_key)
        condition = key & Key("student_id").gt(after) if after else key
        for items in self._pages(self._settings.attendance_table, condition, _OF_ROW, Limit=ROWS_AT_ONCE):
            yield _log_rows(items, self._standings(session, items))

    def rows_of_student(self, student_id: str, wanted: LogFilter, before: str = "") -> Iterator[Sequence[LogRow]]:
        """A student's rows, from the greatest session_key to the least, of those before the given one.

        With just one course asked for only its rows, of the dates; else more rows than pass.
        """
        student, session = Key("student_id").eq(student_id), Key("session_key")
        condition = student & session.lt(before) if before else student
        if wanted.course_id:
            first, last = f"{wanted.course_id}#{wanted.first}", f"{wanted.course_id}#{wanted.last}{BEHIND}"
            end = min(before, last) if before else last
            if first > end:
                return
            condition = student & session.between(first, end)
        index: dict[str, Any] = {"IndexName": "by_student", "ScanIndexForward": False, "Limit": ROWS_AT_ONCE}
        for items in self._pages(self._settings.attendance_table, condition, _OF_ROW, **index):
            rows = [item for item in items if item["session_key"] != before]
            yield _log_rows(rows, self._standings_of_student(student_id, rows))

    def marks(self, session: LoggedSession, first: str, last: str) -> list[RegisterRow]:
        """The rows of a session whose student_id is from `first` to `last`, without what was seen."""
        condition = Key("session_key").eq(session.place.session_key) & Key("student_id").between(first, last)
        items = [item for page in self._pages(self._settings.attendance_table, condition, _OF_MARK) for item in page]
        standings = self._standings(session, items)
        return in_effect(map(row_from, items), {student_id: said for (_, student_id), said in standings.items()})

    def _standings(self, session: LoggedSession, items: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], Standing]:
        """The corrections of a session's rows, by session_key and student_id; read after the rows, as they must be."""
        if not session.corrected or not items:
            return {}
        first, last = items[0]["student_id"], items[-1]["student_id"]
        condition = Key("session_key").eq(session.place.session_key) & Key("student_id").between(first, last)
        return self._corrections(condition)

    def _standings_of_student(
        self, student_id: str, items: Sequence[Mapping[str, Any]]
    ) -> dict[tuple[str, str], Standing]:
        if not items:
            return {}
        first, last = items[-1]["session_key"], items[0]["session_key"]
        condition = Key("student_id").eq(student_id) & Key("session_key").between(first, last)
        return self._corrections(condition, IndexName="by_student")

    def _corrections(self, condition: ConditionBase, **query: Any) -> dict[tuple[str, str], Standing]:
        wanted = ("session_key", "student_id", "version", "correction", "changed_by")
        pages = self._pages(self._settings.corrections_table, condition, wanted, **query)
        return {(item["session_key"], item["student_id"]): standing_from(item) for items in pages for item in items}

    def _pages(
        self, table: str, condition: ConditionBase, attributes: Sequence[str], **query: Any
    ) -> Iterator[list[dict[str, Any]]]:
        """The pages of a Query as they are asked for: at least one, perhaps empty."""
        query |= {
            "TableName": table,
            "ConsistentRead": "IndexName" not in query,  # an index has no such reads
            "KeyConditionExpression": condition,
            "ProjectionExpression": ", ".join(f"#_{name}" for name in attributes),
            "ExpressionAttributeNames": {f"#_{name}": name for name in attributes},
        }
        while True:
            answer: Any = self._client.query(**query)
            yield answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _session(item: Mapping[str, Any]) -> LoggedSession:
    corrected = int(item.get("corrected", 0))
    is_written = item.get("status") == Progress.COMPLETE and OUTDATED not in item
    is_counted = is_written and corrected == item.get("counted", 0) and item.get("counts")
    counts = {name: int(number) for name, number in item["counts"].items()} if is_counted else None
    return LoggedSession(_place(item), counts, corrected, bool(item.get("is_roll_call")))


def _log_rows(items: Sequence[Mapping[str, Any]], standings: Mapping[tuple[str, str], Standing]) -> list[LogRow]:
    found = []
    for item in items:
        row, standing = row_from(item), standings.get((item["session_key"], item["student_id"]))
        (row_in_effect,) = in_effect([row], {row.student_id: standing} if standing else {})
        found.append(LogRow(_place(item), row_in_effect, str(item.get("source", MACHINE))))
    return found


def _place(item: Mapping[str, Any]) -> Place:
    return Place(item["course_id"], item["session_id"], item["session_key"], item["date"])
