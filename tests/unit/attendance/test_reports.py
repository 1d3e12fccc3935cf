"""What a course's register says of a student, beside plain models of the same."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance import keys
from attendance.model import Enrolment, Place, Status
from attendance.register import Page, RegisterRow
from attendance.reports import (
    Limits,
    Mark,
    Record,
    Risk,
    all_records,
    moodle_header,
    moodle_line,
    presence,
    record,
    records,
    share,
    to_come,
)
from attendance.rows_log import LoggedSession

DAYS = [f"2026-03-{day:02}" for day in range(1, 13)]
PLACES = [keys.place("physics", day) for day in DAYS]
ANN = Enrolment("s1", "Ann")
LETTERS = {"P": Mark(Status.PRESENT), "L": Mark(Status.PRESENT, late=True), "A": Mark(Status.ABSENT)} | {
    "E": Mark(Status.EXCUSED),
    "?": Mark(Status.REVIEW),
    " ": None,
}
histories = st.text("PLAE? ", max_size=12)


def of(letters: str, student: Enrolment = ANN) -> Record:
    """The record of letters, one per session, as the matrix shows them."""
    return Record(student, tuple(LETTERS[letter] for letter in letters))


def session(place: Place, **counts: int) -> LoggedSession:
    return LoggedSession(place, counts or None, 0, is_roll_call=False)


def row(student_id: str, status: Status = Status.PRESENT, *, late: bool = False) -> RegisterRow:
    return RegisterRow(student_id, f"Name {student_id}", status, late=late)


@given(histories)
def test_percent_is_present_among_present_and_absent(letters: str) -> None:
    present, absent = letters.count("P") + letters.count("L"), letters.count("A")
    expected = 100 * present / (present + absent) if present + absent else None
    assert of(letters).percent == expected


@given(histories, st.integers(0, 20))
def test_what_is_possible_is_the_percent_after_only_presence(letters: str, left: int) -> None:
    assert of(letters).tally.possible(left) == of(letters.replace("?", "P") + "P" * left).percent


@given(histories)
def test_absences_in_a_row_are_those_at_the_end_without_excused_and_undecided(letters: str) -> None:
    decided = "".join(letter for letter in letters if letter in "PLA")
    assert of(letters).absent_in_a_row == len(decided) - len(decided.rstrip("A"))


@given(histories, st.sampled_from("E? "), st.integers(0, 12))
def test_excused_undecided_and_missing_sessions_change_nothing(letters: str, more: str, place: int) -> None:
    before, after = of(letters), of(letters[:place] + more + letters[place:])
    assert (after.percent, after.absent_in_a_row) == (before.percent, before.absent_in_a_row)


@given(histories, st.floats(0, 100), st.integers(1, 12))
def test_who_is_at_risk_is_below_the_percentage_or_has_the_absences(
    letters: str, percent: float, in_a_row: int
) -> None:
    found = of(letters)
    is_below = found.percent is not None and found.percent < percent
    decided = [letter for letter in letters if letter in "PLA"]
    has_absences = decided[-in_a_row:] == ["A"] * in_a_row
    risks = [Risk.BELOW] * is_below + [Risk.ABSENT_IN_A_ROW] * has_absences
    assert list(Limits(percent, in_a_row).risks(found)) == risks


@given(histories, st.text("PLAE", max_size=6), st.floats(0, 100))
def test_who_is_out_of_reach_stays_below_whatever_comes_and_who_is_not_can_still_reach_it(
    letters: str, future: str, percent: float
) -> None:
    risks = Limits(percent, 99, len(future)).risks(of(letters))
    best, found = (of(letters.replace("?", "P") + end).percent for end in ("P" * len(future), future))
    if Risk.OUT_OF_REACH in risks:
        assert Risk.BELOW in risks
        assert found is not None
        assert found < percent
    else:
        assert best is None or best >= percent


@pytest.mark.parametrize(
    ("letters", "left", "expected"),
    [
        ("PPPPAA", 4, [Risk.BELOW]),  # 8 of 10 is just enough
        ("PPPPAA", 3, [Risk.BELOW, Risk.OUT_OF_REACH]),
        ("PPPPAA", None, [Risk.BELOW]),
        ("PPP?AA", 4, [Risk.BELOW]),  # the review may still say present
        ("PPPPA", 0, []),
        ("PPPEA", 0, [Risk.BELOW, Risk.OUT_OF_REACH]),
        ("PPAAA", 9, [Risk.BELOW, Risk.OUT_OF_REACH, Risk.ABSENT_IN_A_ROW]),
        ("", 0, []),
        ("??", 0, []),
    ],
)
def test_out_of_reach_is_said_from_the_first_class_on_with_which_it_is_true(
    letters: str, left: int | None, expected: list[Risk]
) -> None:
    assert list(Limits(80, 3, left).risks(of(letters))) == expected


@pytest.mark.parametrize(("planned", "expected"), [(None, None), (0, None), (2, None), (3, 0), (4, 1), (1000, 997)])
def test_planned_classes_are_to_come_until_their_register_is_there(planned: int | None, expected: int | None) -> None:
    held = [
        session(PLACES[0], present=1),
        LoggedSession(PLACES[1], None, 2, is_roll_call=False),  # corrected, and not counted again yet
        LoggedSession(PLACES[2], None, 0, is_roll_call=True),
    ]
    processing = LoggedSession(PLACES[3], None, 0, is_roll_call=False)
    assert to_come(planned, [*held, processing]) == expected


def test_classes_of_one_section_only_leave_it_open_how_many_are_to_come() -> None:
    held = [session(keys.place("physics", "2026-03-01_A"), present=1), session(PLACES[1], present=1)]
    assert to_come(9, held, {"B"}) == 7
    assert to_come(9, held, {"A", "B"}) is None


@given(
    st.lists(st.sampled_from(DAYS), unique=True),
    st.none() | st.sampled_from(DAYS),
    st.none() | st.sampled_from(DAYS),
)
def test_nobody_is_blamed_for_sessions_before_they_joined_or_after_they_left(
    absent_on: list[str], joined: str | None, left: str | None
) -> None:
    student = Enrolment("s1", "Ann", enrolled_from=joined, enrolled_until=left)
    rows = {keys.session_key("physics", day): row("s1", Status.ABSENT) for day in absent_on}
    counted = [day for day in absent_on if (joined or day) <= day <= (left or day)]
    assert record(student, PLACES, rows).count(Status.ABSENT) == len(counted)


def test_a_session_without_a_row_is_no_absence() -> None:
    assert record(ANN, PLACES[:2], {}).marks == (None, None)


class Rows:
    """Rows of sessions; notes each read."""

    def __init__(self, rows: dict[str, list[RegisterRow]]) -> None:
        self.rows = rows
        self.reads: list[tuple[str, str, str]] = []

    def marks(self, session: LoggedSession, first: str, last: str) -> list[RegisterRow]:
        self.reads.append((session.place.date, first, last))
        return [row for row in self.rows[session.place.session_key] if first <= row.student_id <= last]


def test_records_take_one_read_per_session_and_leave_out_who_is_not_asked_for() -> None:
    place = PLACES[0]
    reader = Rows({place.session_key: [row("s1"), row("s2"), row("s3", Status.ABSENT)]})
    found = records(reader, [ANN, Enrolment("s3", "Cid")], [session(place)])
    assert [(one.student.student_id, one.percent) for one in found] == [("s1", 100), ("s3", 0)]
    assert reader.reads == [(place.date, "s1", "s3")]


def test_no_student_takes_no_read() -> None:
    reader = Rows({})
    assert records(reader, [], [session(PLACES[0])]) == []
    assert reader.reads == []


def test_the_whole_roster_is_read_page_by_page_with_nobody_lost() -> None:
    roster = [Enrolment(f"s{number}", "N") for number in range(5)]
    place = PLACES[0]
    reader = Rows({place.session_key: [row(student.student_id) for student in roster]})

    def students(after: str | None) -> Page[Enrolment]:
        start = 0 if after is None else int(after) + 1
        return Page(tuple(roster[start : start + 2]), str(start + 1) if start + 2 < 5 else None)

    pages = list(all_records(reader, students, [session(place)]))
    assert [one.student for page in pages for one in page.items] == roster
    assert [page.cursor for page in pages] == ["1", "3", None]
    assert all(one.percent == 100 for page in pages for one in page.items)
    assert [one.student for page in all_records(reader, students, [], "1") for one in page.items] == roster[2:]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, None),
        ({"review": 3}, None),
        ({"present": 3, "absent": 1, "review": 9, "excused": 2}, 75),
        ({"absent": 1}, 0),
    ],
)
def test_a_sessions_share_is_of_its_decided_rows(counts: dict[str, int], expected: float | None) -> None:
    assert share(session(PLACES[0], **counts)) == expected


@given(
    st.lists(st.none() | st.tuples(st.integers(0, 99), st.integers(0, 99)).map(sorted), max_size=8),
    st.integers(1, 7),
)
def test_a_student_is_there_in_each_part_from_the_first_to_the_last_sighting(
    seen: list[list[int] | None], parts: int
) -> None:
    rows = [RegisterRow(f"s{number}", "N", Status.PRESENT) for number in range(len(seen))]
    rows = [
        replace(row, first_seen_ms=times[0], last_seen_ms=times[1]) if times else row
        for row, times in zip(rows, seen, strict=True)
    ]
    found = presence(rows, 100, parts)
    ends = [*(start for start, _ in found[1:]), 100]
    for (start, number), end in zip(found, ends, strict=True):
        moments = [set(range(times[0], times[1] + 1)) for times in seen if times]
        assert number == sum(bool(there & set(range(start, end))) for there in moments)
    nobody = [replace(row, status=status) for row in rows for status in (Status.ABSENT, Status.REVIEW, Status.EXCUSED)]
    assert not any(number for _, number in presence(nobody, 100, parts))


def test_moodle_gets_its_own_letters_and_nothing_where_nothing_is_decided() -> None:
    assert moodle_header(PLACES[:2]) == ["idnumber", "2026-03-01", "2026-03-02"]
    assert moodle_line(of("PLAE? ")) == ["s1", "P", "L", "A", "E", "", ""]
