"""Pages of the log together hold every row that passes the filter, once each, whatever the order and the looks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, product
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance import keys
from attendance.model import MACHINE, ROLL_CALL, Correction, Place, Status
from attendance.register import RegisterRow, counts_of
from attendance.rows_log import (
    BadCursorError,
    Cursor,
    LogFilter,
    LoggedSession,
    LogRow,
    Origin,
    every,
    page,
    walk,
)

T = TypeVar("T")

DAYS = ("2026-03-01", "2026-03-02", "2026-03-04")
COURSES = ("CS-1", "CS-10", "a.b")
STUDENTS = ("s1", "s2", "s3", "x")
PLACES = [
    keys.place(course_id, keys.session_id(day, slot)) for course_id, day, slot in product(COURSES, DAYS, (None, "b-2"))
]
CORRECTION = Correction(Status.EXCUSED, late=False, left_early=False, reason="ill", actor="a@b.c", at="2026-03-05")


@dataclass(frozen=True)
class Memory:
    """A log in memory, of which a look gives two rows or sessions."""

    rows: tuple[LogRow, ...]
    counted: frozenset[str]
    """Sessions whose counts are up to date."""

    def session(self, place: Place) -> LoggedSession:
        rows = [entry for entry in self.rows if entry.place == place]
        counts = counts_of(entry.row for entry in rows) if place.session_key in self.counted else None
        is_roll_call = any(entry.source == ROLL_CALL for entry in rows)
        return LoggedSession(place, counts, sum(entry.row.correction is not None for entry in rows), is_roll_call)

    def sessions_of(
        self, course_id: str, first: str, last: str, until: str | None = None
    ) -> Iterator[Sequence[LoggedSession]]:
        found = [place for place in PLACES if place.course_id == course_id and first <= place.date <= last]
        found = [place for place in found if until is None or place.session_id <= until]
        return _pairs([self.session(place) for place in sorted(found, key=lambda place: place.session_id)[::-1]])

    def sessions_on(self, day: str) -> Sequence[LoggedSession]:
        found = [place for place in PLACES if place.date == day]
        return [self.session(place) for place in sorted(found, key=lambda place: place.session_key)]

    def rows_of(self, session: LoggedSession, after: str = "") -> Iterator[Sequence[LogRow]]:
        found = [entry for entry in self.rows if entry.place == session.place and entry.row.student_id > after]
        return _pairs(sorted(found, key=lambda entry: entry.row.student_id))

    def rows_of_student(self, student_id: str, wanted: LogFilter, before: str = "") -> Iterator[Sequence[LogRow]]:
        found = [entry for entry in self.rows if entry.row.student_id == student_id]
        found = [entry for entry in found if not before or entry.place.session_key < before]
        return _pairs(sorted(found, key=lambda entry: entry.place.session_key)[::-1])


def _pairs(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + 2] for start in range(0, max(1, len(items)), 2))


def _row(place: Place, student_id: str, decided: Status, source: str, *, is_corrected: bool) -> LogRow:
    row = RegisterRow(student_id, f"Name {student_id}", decided, decided=decided)
    if is_corrected:
        row = replace(row, status=CORRECTION.status, correction=CORRECTION, version=1)
    return LogRow(place, row, source)


@st.composite
def logs(draw: st.DrawFn) -> Memory:
    sources = {place: draw(st.sampled_from([MACHINE, ROLL_CALL])) for place in PLACES}
    decided = st.sampled_from([Status.PRESENT, Status.REVIEW, Status.ABSENT])
    rows = tuple(
        _row(place, student_id, draw(decided), sources[place], is_corrected=draw(st.booleans()))
        for place in PLACES
        for student_id in draw(st.sampled_from([(), STUDENTS[:1], STUDENTS]))
    )
    return Memory(rows, draw(st.frozensets(st.sampled_from([place.session_key for place in PLACES]))))


filters = st.builds(
    LogFilter,
    course_ids=st.none() | st.frozensets(st.sampled_from(COURSES)),
    first=st.sampled_from(["2026-02-27", *DAYS]),
    last=st.sampled_from([*DAYS, "2026-03-06"]),
    student_id=st.none() | st.sampled_from(STUDENTS),
    status=st.none() | st.sampled_from(Status),
    origin=st.none() | st.sampled_from(Origin),
)


def _in_order(wanted: LogFilter, rows: Sequence[LogRow]) -> list[LogRow]:
    """The rows as the log's three orders have them, worked out in one go."""
    by_student = sorted(rows, key=lambda entry: entry.row.student_id)
    if wanted.student_id:
        return sorted(by_student, key=lambda entry: entry.place.session_key, reverse=True)
    if wanted.course_id:
        return sorted(by_student, key=lambda entry: entry.place.session_id, reverse=True)
    by_session = sorted(by_student, key=lambda entry: entry.place.session_key)
    return sorted(by_session, key=lambda entry: entry.place.date, reverse=True)


def first_of(looks: int) -> Callable[[], bool]:
    """Says after each of so many looks but the last that there may be another."""
    left = count(looks - 1, -1)
    return lambda: next(left) > 0


@given(logs(), filters, st.integers(1, 5), st.integers(1, 6))
def test_pages_together_are_all_rows_that_pass_once_each_in_order(
    log: Memory, wanted: LogFilter, limit: int, looks: int
) -> None:
    found: list[LogRow] = []
    cursor: Cursor | None = None
    for _ in range(500):
        shown = page(walk(log, wanted, cursor), wanted.passes, limit, first_of(looks))
        assert len(shown.rows) <= limit
        found += shown.rows
        if shown.cursor is None:
            break
        cursor = Cursor.parse(str(shown.cursor))
    else:
        pytest.fail("the pages have no end")
    assert found == _in_order(wanted, [entry for entry in log.rows if wanted.passes(entry)])


@given(logs(), filters)
def test_an_export_holds_what_the_pages_hold(log: Memory, wanted: LogFilter) -> None:
    expected = _in_order(wanted, [entry for entry in log.rows if wanted.passes(entry)])
    assert list(every(walk(log, wanted), wanted.passes)) == expected


@given(logs(), filters)
def test_a_session_that_is_passed_over_holds_nothing_that_passes(log: Memory, wanted: LogFilter) -> None:
    for place in PLACES:
        if not log.session(place).may_hold(wanted):
            assert not [entry for entry in log.rows if entry.place == place and wanted.passes(entry)]


@given(logs(), filters, st.integers(1, 6))
def test_a_page_takes_no_more_looks_than_it_may(log: Memory, wanted: LogFilter, looks: int) -> None:
    taken = 0

    def counted() -> Iterator[object]:
        nonlocal taken
        for stretch in walk(log, wanted):
            taken += 1
            yield stretch

    page(counted(), wanted.passes, 100, first_of(looks))  # type: ignore[arg-type]
    assert taken <= looks


def test_a_page_with_nothing_behind_it_has_no_next_one() -> None:
    (place,) = (place for place in PLACES if place.session_key == "a.b#2026-03-04")
    rows = tuple(_row(place, student, Status.PRESENT, MACHINE, is_corrected=False) for student in STUDENTS[:3])
    wanted = LogFilter(frozenset({"a.b"}))
    shown = page(walk(Memory(rows, frozenset()), wanted), wanted.passes, 3, first_of(100))
    assert (len(shown.rows), shown.cursor, shown.is_cut) == (3, None, False)


@given(st.sampled_from(PLACES), st.none() | st.sampled_from(STUDENTS))
def test_a_cursor_reads_back_as_it_was_written(place: Place, student_id: str | None) -> None:
    cursor = Cursor(place.date, place, student_id or "")
    assert Cursor.parse(str(cursor)) == cursor
    assert Cursor.parse(place.date) == Cursor(place.date)


@given(st.text())
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    try:
        cursor = Cursor.parse(text)
    except BadCursorError:
        return
    assert Cursor.parse(str(cursor)) == cursor


@pytest.mark.parametrize(
    "text",
    [
        "",
        "#",
        "a#",
        "a#2026-13-01",
        "../x#2026-03-01",
        "a#2026-03-01#",
        "a#2026-03-01#s 1",
        "a#2026-03-01#s1#s2",
        "2026",
    ],
)
def test_a_mistyped_cursor_is_refused(text: str) -> None:
    with pytest.raises(BadCursorError):
        Cursor.parse(text)


@pytest.mark.parametrize(
    ("wanted", "cursor"),
    [
        (LogFilter(frozenset({"CS-1"})), "CS-10#2026-03-01"),
        (LogFilter(frozenset({"CS-1"})), "2026-03-01"),
        (LogFilter(student_id="s1"), "2026-03-01"),
    ],
)
def test_a_cursor_of_another_filter_is_refused(wanted: LogFilter, cursor: str) -> None:
    with pytest.raises(BadCursorError):
        list(walk(Memory((), frozenset()), wanted, Cursor.parse(cursor)))


def test_the_calendars_first_day_ends_the_log() -> None:
    wanted = LogFilter(first="0001-01-01", last="0001-01-02")
    assert len(list(walk(Memory((), frozenset()), wanted))) == 2


@pytest.mark.parametrize(
    ("source", "is_corrected", "origin"),
    [
        (MACHINE, False, Origin.VIDEO),
        (MACHINE, True, Origin.PERSON),
        (ROLL_CALL, False, Origin.ROLL_CALL),
        (ROLL_CALL, True, Origin.ROLL_CALL),
    ],
)
def test_a_row_tells_where_it_comes_from(source: str, is_corrected: bool, origin: Origin) -> None:
    assert _row(PLACES[0], "s1", Status.REVIEW, source, is_corrected=is_corrected).origin is origin
