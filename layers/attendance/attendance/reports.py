"""What a course's register says of each student over many sessions: percentages, and who may be in trouble.

Excused and undecided rows are no absences. A session counts for a student only from the day they joined to the day they
left; who has no row in a session is not blamed for it either.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile
from typing import Protocol

from attendance.keys import slot_of
from attendance.model import Enrolment, Place, Status
from attendance.register import Page, RegisterRow
from attendance.rows_log import LoggedSession
from attendance.students import Tally, percent_of

Roster = Callable[[str | None], Page[Enrolment]]
"""Gives a page of a roster by student_id, after the cursor of the page before."""


@dataclass(frozen=True)
class Mark:
    """What counts of a student in one session."""

    status: Status
    late: bool = False
    left_early: bool = False


@dataclass(frozen=True)
class Record:
    """A student's marks in some sessions of a course, the oldest first; None where a session does not count."""

    student: Enrolment
    marks: tuple[Mark | None, ...]

    def count(self, status: Status) -> int:
        """In how many sessions the student has the status."""
        return sum(mark.status == status for mark in self.marks if mark)

    @property
    def tally(self) -> Tally:
        """How often the student was there."""
        return Tally(*map(self.count, (Status.PRESENT, Status.ABSENT, Status.EXCUSED, Status.REVIEW)))

    @property
    def percent(self) -> float | None:
        """Present among present and absent, 0-100; None before anything is decided."""
        return self.tally.percent

    @property
    def absent_in_a_row(self) -> int:
        """Absences up to the last session; excused and undecided sessions neither count nor end the run."""
        decided = [mark.status for mark in self.marks if mark and mark.status in (Status.PRESENT, Status.ABSENT)]
        return sum(1 for _ in takewhile(lambda status: status is Status.ABSENT, reversed(decided)))


class Risk(StrEnum):
    """Why a student is at risk."""

    BELOW = "below the percentage"
    OUT_OF_REACH = "cannot reach it any more"
    ABSENT_IN_A_ROW = "absent in a row"


@dataclass(frozen=True)
class Limits:
    """When a student is at risk.

    Attributes:
        percent: below it, 0-100.
        in_a_row: with so many absences in a row, at least 1.
        to_come: classes that are still to come, None where that is not known: then nothing is said to be out of reach.
    """

    percent: float
    in_a_row: int
    to_come: int | None = None

    def risks(self, record: Record) -> tuple[Risk, ...]:
        """Why the student is at risk; nothing where there is no reason.

        Who cannot reach the percentage any more, even when present in all classes that remain, is also below it.
        """
        percent = record.percent
        best = None if self.to_come is None else record.tally.possible(self.to_come)
        found = {
            Risk.BELOW: percent is not None and percent < self.percent,
            Risk.OUT_OF_REACH: best is not None and best < self.percent,
            Risk.ABSENT_IN_A_ROW: record.absent_in_a_row >= self.in_a_row,
        }
        return tuple(risk for risk, is_so in found.items() if is_so)


class MarkReader(Protocol):
    """Reads some students' rows of a session."""

    def marks(self, session: LoggedSession, first: str, last: str) -> Sequence[RegisterRow]:
        """The rows of a session whose student_id is from `first` to `last`, without what was seen."""


def to_come(planned: int | None, sessions: Iterable[LoggedSession], sections: Collection[str] = ()) -> int | None:
    """How many of the planned classes are still to come; None where that is not known.

    That is where no number is planned, where there were more already, and where some were for one of the course's
    sections only. A class whose register is not decided yet counts among those to come, so nobody is told too early
    that it is too late.
    """
    if planned is None:
        return None
    held = [session for session in sessions if _is_held(session)]
    is_known = len(held) <= planned and not any(slot_of(session.place) in sections for session in held)
    return planned - len(held) if is_known else None


def record(student: Enrolment, places: Sequence[Place], rows: Mapping[str, RegisterRow]) -> Record:
    """A student's record in sessions, the oldest first; `rows` are the student's by session_key."""
    return Record(student, tuple(_mark(student, place, rows.get(place.session_key)) for place in places))


def records(reader: MarkReader, students: Sequence[Enrolment], sessions: Sequence[LoggedSession]) -> list[Record]:
    """The records of students, given by student_id, in sessions, given the oldest first: a read per session."""
    if not students:
        return []
    first, last = students[0].student_id, students[-1].student_id
    of_student: dict[str, dict[str, RegisterRow]] = {student.student_id: {} for student in students}
    for session in sessions:
        for row in reader.marks(session, first, last):
            if row.student_id in of_student:
                of_student[row.student_id][session.place.session_key] = row
    places = [session.place for session in sessions]
    return [record(student, places, of_student[student.student_id]) for student in students]


def all_records(
    reader: MarkReader, roster: Roster, sessions: Sequence[LoggedSession], after: str | None = None
) -> Iterator[Page[Record]]:
    """The records of the roster after a student, as many at a time as the roster gives."""
    while True:
        students = roster(after)
        yield Page(tuple(records(reader, students.items, sessions)), students.cursor)
        after = students.cursor
        if after is None:
            return


def share(session: LoggedSession) -> float | None:
    """Percent of a session's decided rows that are present; None where nothing is decided or counted."""
    counts = session.counts or {}
    return percent_of(counts.get(Status.PRESENT.value, 0), counts.get(Status.ABSENT.value, 0))


def presence(rows: Iterable[RegisterRow], duration_ms: int, parts: int) -> list[tuple[int, int]]:
    """A recording in equal parts: when each starts, in milliseconds, and how many students were there in it.

    A student was there from first to last seen, both inclusive; of whom a person said that it was somebody else, or who
    is still to be checked, nothing is known.
    """
    seen = [(row.first_seen_ms, row.last_seen_ms) for row in rows if row.status is Status.PRESENT]
    found = []
    for number in range(parts):
        start, end = duration_ms * number // parts, duration_ms * (number + 1) // parts
        there = sum(first is not None and last is not None and first < end and last >= start for first, last in seen)
        found.append((start, there))
    return found


def moodle_header(places: Iterable[Place]) -> list[str]:
    """The first line of a table for Moodle: whom each line is about, then a column per session."""
    return ["idnumber", *(place.session_id for place in places)]


def moodle_line(found: Record) -> list[str]:
    """A student's line of a table for Moodle: P, L, E or A, the acronyms its attendance activity begins with.

    What is not decided stays empty: Moodle then tells of it and changes nothing.
    """
    return [found.student.student_id, *map(_moodle_mark, found.marks)]


def _is_held(session: LoggedSession) -> bool:
    """Whether a register is there: it was counted, or there are rows that a person has changed or is to fill in."""
    return session.counts is not None or session.corrected > 0 or session.is_roll_call


def _moodle_mark(mark: Mark | None) -> str:
    if mark is None or mark.status is Status.REVIEW:
        return ""
    if mark.status is Status.PRESENT:
        return "L" if mark.late else "P"
    return "E" if mark.status is Status.EXCUSED else "A"


def _mark(student: Enrolment, place: Place, row: RegisterRow | None) -> Mark | None:
    is_early = student.enrolled_from is not None and place.date < student.enrolled_from
    is_past = student.enrolled_until is not None and place.date > student.enrolled_until
    if row is None or is_early or is_past:
        return None
    return Mark(row.status, row.late, row.left_early)
