"""The attendance log: rows of many sessions that pass a filter, in pages that stay quick however many there are.

Rows come in one of three orders, the one that needs the fewest Queries: of one student course by course, the newest
first in each; of one course the newest session first; else day by day, the newest first. A page stops when it is full
or has looked into the tables for long enough, and its cursor says up to where it looked.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol

from attendance import keys
from attendance.errors import BadSessionError, RollcallError
from attendance.model import ROLL_CALL, Place, Status
from attendance.register import RegisterRow

FIRST_DAY, LAST_DAY = "0001-01-01", "9999-12-31"
"""The calendar's ends: no bound."""


class BadCursorError(RollcallError):
    """The text is no cursor of a page of the log."""


class Origin(StrEnum):
    """Where what a row says comes from."""

    VIDEO = "video"
    PERSON = "person"
    ROLL_CALL = "roll call"


@dataclass(frozen=True)
class LogRow:
    """A row as it counts, of which session; `source` is of how it was decided, MACHINE or ROLL_CALL."""

    place: Place
    row: RegisterRow
    source: str

    @property
    def origin(self) -> Origin:
        """Whether a video, a person against a video, or a person in a session without one said it."""
        if self.source == ROLL_CALL:
            return Origin.ROLL_CALL
        return Origin.PERSON if self.row.correction else Origin.VIDEO


@dataclass(frozen=True)
class LogFilter:
    """Which rows are asked for.

    Attributes:
        course_ids: of these courses only; None is every course.
        first: local date, inclusive.
        last: local date, inclusive.
        student_id: of this student only.
        status: as it counts.
        origin: where that comes from.
    """

    course_ids: frozenset[str] | None = None
    first: str = FIRST_DAY
    last: str = LAST_DAY
    student_id: str | None = None
    status: Status | None = None
    origin: Origin | None = None

    @property
    def course_id(self) -> str | None:
        """The only course, if there is just one."""
        return next(iter(self.course_ids)) if self.course_ids and len(self.course_ids) == 1 else None

    def has_course(self, course_id: str) -> bool:
        """Whether rows of the course can pass."""
        return self.course_ids is None or course_id in self.course_ids

    def passes(self, entry: LogRow) -> bool:
        """Whether the row is asked for."""
        return (
            self.has_course(entry.place.course_id)
            and self.first <= entry.place.date <= self.last
            and self.student_id in (None, entry.row.student_id)
            and self.status in (None, entry.row.status)
            and self.origin in (None, entry.origin)
        )


@dataclass(frozen=True)
class LoggedSession:
    """What the log and the reports know of a session before they read its rows.

    Attributes:
        counts: its rows by status, corrections included; None where they may be out of date.
        corrected: how often its rows were corrected or a correction undone.
        is_roll_call: a person opened it to call the roll.
    """

    place: Place
    counts: Mapping[str, int] | None
    corrected: int
    is_roll_call: bool

    @property
    def is_vacated(self) -> bool:
        """Whether nothing is left of it, for its videos were moved to another session."""
        return self.counts is not None and not any(self.counts.values()) and not self.is_roll_call

    def may_hold(self, wanted: LogFilter) -> bool:
        """Whether any of its rows can pass; False spares reading them."""
        if self.place.course_id == keys.UNFILED:
            return False
        if self.counts is not None and wanted.status and not self.counts.get(wanted.status.value):
            return False
        if wanted.origin is Origin.ROLL_CALL:
            return self.is_roll_call
        return wanted.origin is not Origin.PERSON or self.corrected > 0


class LogReader(Protocol):
    """Reads the tables by key only; each item of an answer is what one look into them gave."""

    def sessions_of(
        self, course_id: str, first: str, last: str, until: str | None = None
    ) -> Iterator[Sequence[LoggedSession]]:
        """A course's sessions of some dates, the newest first, from the session_id `until` on if it is given."""

    def sessions_on(self, day: str) -> Sequence[LoggedSession]:
        """The sessions of every course on a local date, by session_key."""

    def rows_of(self, session: LoggedSession, after: str = "") -> Iterator[Sequence[LogRow]]:
        """A session's rows by student_id, of those after the given one; at least one item, perhaps empty."""

    def rows_of_student(self, student_id: str, wanted: LogFilter, before: str = "") -> Iterator[Sequence[LogRow]]:
        """A student's rows, from the greatest session_key to the least, of those before the given one.

        With just one course asked for only its rows, of the dates; else more rows than pass.
        """


@dataclass(frozen=True)
class Cursor:
    """Up to where a page looked: the student of a session, or with less named the whole session or day."""

    day: str
    place: Place | None = None
    student_id: str = ""

    def __str__(self) -> str:
        """The form that an address carries; no id has the sign between them."""
        if self.place is None:
            return self.day
        return "#".join(filter(None, (self.place.course_id, self.place.session_id, self.student_id)))

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read the form again.

        Raises:
            BadCursorError: it is none.
        """
        parts = text.split("#")
        try:
            if len(parts) == 1:
                return cls(date.fromisoformat(text).isoformat())
            place = keys.place(parts[0], parts[1])
        except (BadSessionError, ValueError) as error:
            raise BadCursorError("This is no place in the log.") from error
        if len(parts) > 3 or not all(map(keys.is_id, parts[2:])):
            raise BadCursorError("This is no place in the log.")
        return cls(place.date, place, *parts[2:])


@dataclass(frozen=True)
class Stretch:
    """What one look gave, in order, and up to where it looked."""

    rows: Sequence[LogRow]
    until: Cursor


@dataclass(frozen=True)
class LogPage:
    """Rows of the log in order.

    Attributes:
        cursor: asks for what follows; None at the end.
        is_cut: it had looked for long enough, so more may follow and may not.
    """

    rows: tuple[LogRow, ...]
    cursor: Cursor | None
    is_cut: bool


def walk(reader: LogReader, wanted: LogFilter, after: Cursor | None = None) -> Iterator[Stretch]:
    """Look through the log, from the cursor on; what does not pass the filter may be among the rows.

    Raises:
        BadCursorError: the cursor is none of this filter's pages.
    """
    if wanted.course_ids == frozenset():
        return iter(())
    if wanted.student_id:
        return _of_student(reader, wanted, wanted.student_id, after)
    if wanted.course_id:
        return _of_course(reader, wanted, wanted.course_id, after)
    return _by_day(reader, wanted, after)


def every(stretches: Iterable[Stretch], passes: Callable[[LogRow], bool]) -> Iterator[LogRow]:
    """All rows that pass, as they are read."""
    return (entry for stretch in stretches for entry in stretch.rows if passes(entry))


def page(
    stretches: Iterable[Stretch], passes: Callable[[LogRow], bool], limit: int, may_look: Callable[[], bool]
) -> LogPage:
    """The first rows that pass, at most `limit`; asks after each look whether there may be another."""
    found: list[LogRow] = []
    for stretch in stretches:
        for entry in filter(passes, stretch.rows):
            if len(found) == limit:
                last = found[-1]
                return LogPage(tuple(found), Cursor(last.place.date, last.place, last.row.student_id), is_cut=False)
            found.append(entry)
        if not may_look():
            return LogPage(tuple(found), stretch.until, is_cut=True)
    return LogPage(tuple(found), None, is_cut=False)


def _of_student(reader: LogReader, wanted: LogFilter, student_id: str, after: Cursor | None) -> Iterator[Stretch]:
    if after and after.place is None:
        raise BadCursorError("This is no place in a student's log.")
    before = after.place.session_key if after and after.place else ""
    for rows in reader.rows_of_student(student_id, wanted, before):
        if rows:
            yield Stretch(rows, Cursor(rows[-1].place.date, rows[-1].place))


def _of_course(reader: LogReader, wanted: LogFilter, course_id: str, after: Cursor | None) -> Iterator[Stretch]:
    if after and (after.place is None or after.place.course_id != course_id):
        raise BadCursorError("This is no place in the course's log.")
    until = after.place.session_id if after and after.place else None
    for sessions in reader.sessions_of(course_id, wanted.first, wanted.last, until):
        yield from _of_sessions(reader, wanted, sessions, after)
        if sessions and (after is None or sessions[-1].place != after.place):
            yield Stretch((), Cursor(sessions[-1].place.date, sessions[-1].place))


def _by_day(reader: LogReader, wanted: LogFilter, after: Cursor | None) -> Iterator[Stretch]:
    day = date.fromisoformat(min(wanted.last, after.day) if after else wanted.last)
    if after and after.place is None and day.isoformat() == after.day:
        day = _day_before(day)
    while wanted.first <= day.isoformat():
        sessions = [one for one in reader.sessions_on(day.isoformat()) if wanted.has_course(one.place.course_id)]
        passed = after.place.session_key if after and after.place and after.day == day.isoformat() else ""
        yield from _of_sessions(reader, wanted, [one for one in sessions if one.place.session_key >= passed], after)
        yield Stretch((), Cursor(day.isoformat()))
        if day == date.min:
            return
        day = _day_before(day)


def _of_sessions(
    reader: LogReader, wanted: LogFilter, sessions: Iterable[LoggedSession], after: Cursor | None
) -> Iterator[Stretch]:
    """The rows of some sessions, those of the cursor's session from the student on whom it names."""
    for session in sessions:
        is_begun = after is not None and session.place == after.place
        student_id = after.student_id if after and is_begun else ""
        if (is_begun and not student_id) or not session.may_hold(wanted):
            continue
        for rows in reader.rows_of(session, student_id):
            until = rows[-1].row.student_id if rows else ""
            yield Stretch(rows, Cursor(session.place.date, session.place, until))


def _day_before(day: date) -> date:
    return day - timedelta(days=1) if day > date.min else day
