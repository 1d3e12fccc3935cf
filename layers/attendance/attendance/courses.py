"""What people set of a course: its name, time zone and policy, and who is on its roster."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pytz

from attendance.csvfile import Line, read_table
from attendance.enrolment import InvalidTimeZoneError, check_id, check_name
from attendance.errors import RollcallError
from attendance.model import Enrolment, Evidence, Row, Sighting, Status, Thresholds
from attendance.rollcall import decide

ROSTER_COLUMNS = ("student_id", "student_name", "enrolled_from", "enrolled_until", "section")
MOST_MINUTES = 24 * 60
MOST_CLASSES = 1000


class InvalidPolicyError(RollcallError):
    """A threshold or a number of a course's policy is not what it can be."""


class InvalidDatesError(RollcallError):
    """The dates of an enrolment are none, or in the wrong order."""


class NotRegisteredError(RollcallError):
    """There is no student of this id."""


class NewToCourseError(RollcallError):
    """The student was never on the course's roster, and only an administrator can put somebody new on one."""


@dataclass(frozen=True)
class CourseSettings:
    """What is set of a course; None in its policy is the stack's default.

    Attributes:
        present_threshold: similarity (0-100) from which a student is present.
        review_threshold: similarity (0-100) from which a person should look.
        margin: least distance (0-100) to the runner-up for present.
        minimum_sightings: frames a student must be seen in for present, at least 1.
        late_after_minutes: who is first seen later is late; 0 never says so.
        left_early_minutes: who is last seen more than this before the end left early; 0 never says so.
        planned_classes: how many are planned this term, 0-1000; None where that is not known.
    """

    course_name: str
    time_zone: str
    present_threshold: float | None = None
    review_threshold: float | None = None
    margin: float | None = None
    minimum_sightings: int | None = None
    late_after_minutes: int | None = None
    left_early_minutes: int | None = None
    planned_classes: int | None = None

    def checked(self, defaults: Thresholds) -> "CourseSettings":
        """The same, its name in its one spelling.

        Raises:
            InvalidNameError: the name is none.
            InvalidTimeZoneError: the zone is none.
            InvalidPolicyError: a number is out of its range, or the thresholds are in the wrong order.
        """
        if self.time_zone not in pytz.all_timezones_set:
            raise InvalidTimeZoneError(f"{self.time_zone!r} is no time zone: write it like Europe/Berlin or UTC.")
        policy = self.thresholds(defaults)
        if not (0 <= policy.review <= policy.present <= 100):
            raise InvalidPolicyError(
                "Thresholds are between 0 and 100, and the one for review is not above the one for present; "
                f"they are {policy.review:g} and {policy.present:g}."
            )
        if not (0 <= policy.margin <= 100):
            raise InvalidPolicyError("The margin is between 0 and 100.")
        if not (1 <= policy.minimum_sightings <= 1000):
            raise InvalidPolicyError("The least number of sightings is between 1 and 1000.")
        if (
            not (min(policy.late_after_minutes, policy.left_early_minutes) >= 0)
            or max(policy.late_after_minutes, policy.left_early_minutes) > MOST_MINUTES
        ):
            raise InvalidPolicyError("Minutes are between 0, which is off, and a day.")
        if self.planned_classes is not None and not (0 <= self.planned_classes <= MOST_CLASSES):
            raise InvalidPolicyError(f"The number of planned classes is between 0 and {MOST_CLASSES}.")
        name = check_name(self.course_name, "course name")
        return CourseSettings(**{**self.__dict__, "course_name": name})

    def thresholds(self, defaults: Thresholds) -> Thresholds:
        """The policy that holds."""

        def or_default(value: float | None, default: float) -> float:
            return default if value is None else value

        return Thresholds(
            present=or_default(self.present_threshold, defaults.present),
            review=or_default(self.review_threshold, defaults.review),
            margin=or_default(self.margin, defaults.margin),
            minimum_sightings=int(or_default(self.minimum_sightings, defaults.minimum_sightings)),
            late_after_minutes=int(or_default(self.late_after_minutes, defaults.late_after_minutes)),
            left_early_minutes=int(or_default(self.left_early_minutes, defaults.left_early_minutes)),
        )


@dataclass(frozen=True)
class Move:
    """Students whom another policy would say something else of, in one session; both in words as `present, late`."""

    before: str
    after: str
    students: int


def moves(rows: Iterable[Row], policy: Thresholds, duration_ms: int | None) -> list[Move]:
    """What another policy would change in a session's rows as they were decided from its videos.

    Rows of absent students do not say how near they came, so none of them moves; a new run may still find more.

    Args:
        rows: as they were decided.
        policy: the other one.
        duration_ms: of the session's video; None where it has several or the length is not known: then nothing is said
            of who left early.
    """
    pairs = ((_words(row, row.left_early), _after(row, policy, duration_ms)) for row in rows)
    counted = Counter((before, after) for before, after in pairs if before != after)
    return [Move(before, after, number) for (before, after), number in sorted(counted.items())]


def _after(row: Row, policy: Thresholds, duration_ms: int | None) -> str:
    """What the register's own rule says of what the row says was seen."""
    if row.similarity is None:
        return _words(row, row.left_early)
    last = row.last_seen_ms or 0
    seen = Sighting(
        student_id=row.student_id,
        similarity=row.similarity,
        margin=row.margin,
        sightings=row.sightings,
        first_seen_ms=row.first_seen_ms or 0,
        last_seen_ms=last,
        evidence=row.evidence or Evidence("", "", None, 0, None),
        unseen_after_ms=None if duration_ms is None else duration_ms - last,
    )
    (decided,) = decide([Enrolment(row.student_id, row.student_name)], [[seen]], policy, "2000-01-01")
    is_absent = decided.status is Status.ABSENT
    return _words(decided, decided.left_early if is_absent or duration_ms is not None else row.left_early)


def _words(row: Row, left_early: bool) -> str:
    flags = [word for word, is_so in (("late", row.late), ("left early", left_early)) if is_so]
    return ", ".join([row.status.value, *flags])


def enrolment(cells: Mapping[str, str], names: Mapping[str, str], kept: Enrolment | None = None) -> Enrolment:
    """A student's place on a roster, from a form or a line of a table.

    Args:
        cells: student_id, and where they are given enrolled_from, enrolled_until and section.
        names: student_id ▶ name of the students who are registered.
        kept: the place as it is. What `cells` does not name stays so; what it names as empty is emptied.

    Raises:
        InvalidIdError: the id or the section is none.
        NotRegisteredError: there is no such student.
        InvalidDatesError: a date is none, or the last is before the first.
    """
    student_id = check_id(cells.get("student_id", ""), "student id")
    if student_id not in names:
        raise NotRegisteredError(f"There is no student {student_id}: register the student first.")
    if kept:
        cells = dict(zip(ROSTER_COLUMNS, *roster_cells([kept]), strict=True)) | dict(cells)
    first, last = (_day(cells.get(column, "")) for column in ("enrolled_from", "enrolled_until"))
    if first and last and last < first:
        raise InvalidDatesError(f"The enrolment would end on {last}, before it begins on {first}.")
    section = cells.get("section") or None
    return Enrolment(student_id, names[student_id], first, last, check_id(section, "section") if section else None)


def roster_lines(text: str) -> list[Line]:
    """The lines of a roster's table: student_id, and where they are given dates and section.

    Raises:
        TableFileError: not a table, without the column student_id, or without a line.
    """
    return read_table(text, ROSTER_COLUMNS[:1], ROSTER_COLUMNS[2:])


def roster_cells(roster: Iterable[Enrolment]) -> Iterable[Sequence[str]]:
    """A roster's rows as a table has them."""
    for entry in roster:
        optional = (entry.enrolled_from, entry.enrolled_until, entry.section)
        yield (entry.student_id, entry.student_name, *(value or "" for value in optional))


def _day(text: str) -> str | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise InvalidDatesError(f"{text[:40]!r} is no day of the calendar: write it like 2026-11-20.") from error
