"""Decides a session's register and writes it, so that whatever runs overlap, the last decision's rows remain.

A run takes a numbered turn before it reads anything it decides from. What it decides is kept under a name made of its
content and stands as the session's decision unless one of a later turn does, which knows all this one knows; then that
one is written instead. Rows are written only while their decision stands. So rows of an outdated decision never come
after those of the one that replaced it, and runs that know the same agree on one decision.
"""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass

from attendance import documents, keys
from attendance.errors import SessionChangedError, UnknownCourseError
from attendance.model import MACHINE, ROLL_CALL, Course, Place, Progress, Register, Row, Status
from attendance.ports import Outcome, Services, Turn
from attendance.register import counts_of, in_effect
from attendance.rollcall import counting, decide, former, unseen

TRIES = 5
"""Decisions of other runs that may overtake a session's settling one after another."""


@dataclass(frozen=True)
class Decision:
    """A decided register and its key in the work bucket."""

    key: str
    register: Register


def decide_session(place: Place, services: Services, video_id: str | None) -> Decision:
    """Decide a session's register from what is known of it now.

    Args:
        place: the session.
        services: the world.
        video_id: the video of whose run this is a step, if it is one.

    Returns:
        The decision that stands: this one, or that of a later turn.
    """
    turn = services.sessions.take_turn(place)
    decided = _kept(place, turn, services)
    standing = services.sessions.decide(place, turn, decided.key, video_id)
    return decided if standing == decided.key else Decision(standing, _register(standing, services))


def write_seen(place: Place, decision: str, services: Services) -> dict[str, int]:
    """Write the rows of students who are present or need a review; how many there are of each.

    Raises:
        SessionChangedError: another decision stands.
    """
    rows = _write(place, decision, services, lambda row: row.status is not Status.ABSENT)
    return {status.value: sum(row.status is status for row in rows) for status in (Status.PRESENT, Status.REVIEW)}


def write_unseen(place: Place, decision: str, services: Services) -> dict[str, int]:
    """Write the rows of students who are absent, and delete those that the decision does not know.

    Raises:
        SessionChangedError: another decision stands.
    """
    rows = _write(place, decision, services, lambda row: row.status is Status.ABSENT)
    register = _register(decision, services)
    known = {row.student_id for row in register.rows} | register.former.keys()
    strays = [student for student in services.attendance.statuses(place.session_key) if student not in known]
    services.attendance.remove(place, decision, strays)
    return {Status.ABSENT.value: len(rows)}


def close(place: Place, decision: str, services: Services, video_id: str | None) -> tuple[Progress, Mapping[str, int]]:
    """Mark the video and all that counted complete, and the session as far as its videos are.

    Returns:
        The session's progress, and its rows by status with corrections.

    Raises:
        SessionChangedError: another decision stands.
    """
    register = _register(decision, services)
    # Counted corrections are read after their number: one made in between makes the counts' number look old, and
    # whoever reads the session then counts again.
    corrected = services.sessions.corrected(place)
    standings = services.corrections.of(place.session_key)
    staying = [Row(student_id, "", status) for student_id, status in register.former.items()]
    rows = in_effect([*register.rows, *staying], standings)
    belonging = {row.student_id for row in rows}
    others = [found.correction for student, found in standings.items() if found.correction and student not in belonging]
    outcome = Outcome(decision, counts_of([*rows, *others]), corrected, register.thresholds, register.sources)
    return services.sessions.written(place, outcome, video_id), outcome.counts


def settle(place: Place, services: Services, video_id: str | None = None) -> Mapping[str, int]:
    """Decide and write a session's register outside a run; its rows by status.

    Args:
        place: the session.
        services: the world.
        video_id: a video of it that is complete when its rows are written, as if by its own run.

    Raises:
        SessionChangedError: runs of the session overtook this every time; they write the register.
    """
    for _ in range(TRIES - 1):
        try:
            return _settle_once(place, services, video_id)
        except SessionChangedError:
            continue
    return _settle_once(place, services, video_id)


def course_of(course_id: str, services: Services) -> Course:
    """The course.

    Raises:
        UnknownCourseError: there is none.
    """
    course = services.courses.get(course_id)
    if course is None:
        raise UnknownCourseError(
            f"There is no course {course_id}. Create it, as `rollcall students import` with its roster does, "
            "or correct the course in the object's key; then upload the video again."
        )
    return course


def _settle_once(place: Place, services: Services, video_id: str | None) -> Mapping[str, int]:
    decision = decide_session(place, services, video_id)
    write_seen(place, decision.key, services)
    write_unseen(place, decision.key, services)
    _, counts = close(place, decision.key, services, video_id)
    return counts


def _kept(place: Place, turn: Turn, services: Services) -> Decision:
    """The register as it is decided now, and kept in the work bucket.

    Of a student whose erasing began meanwhile nothing may stay: then it is decided anew, and the first document is
    written over. An erasing that begins after the second look finds the document itself.
    """
    erasings = services.erasures.under_way()
    register = _decided(place, turn, erasings.student_ids, services)
    document = documents.from_register(register)
    key = keys.resolved_key(place, document)
    services.work.put(key, document)
    if services.erasures.under_way() == erasings:
        return Decision(key, register)
    again = _kept(place, turn, services)
    services.work.put(key, documents.from_register(again.register))
    return again


def _decided(place: Place, turn: Turn, erasing: Set[str], services: Services) -> Register:
    """The register as all that is collected says it is, but for students who are being erased."""
    course = course_of(place.course_id, services)
    slot = keys.slot_of(place)
    section = slot if slot in course.sections else None
    collected = sorted((source, video.model or "") for source, video in counting(turn.videos.values()).items())
    found = [documents.to_matches(services.work.get(source)) for source, _ in collected]
    is_held = bool(found) or turn.is_roll_call
    listed = [each for each in services.rosters.of(course.course_id) if each.student_id not in erasing]
    roster = listed if is_held else []
    if found:
        rows = decide(roster, [matches.students for matches in found], course.thresholds, place.date, section)
    else:
        rows = unseen(roster, place.date, section)
    return Register(
        course_id=place.course_id,
        session_id=place.session_id,
        session_key=place.session_key,
        date=place.date,
        source=MACHINE if found else ROLL_CALL,
        thresholds=course.thresholds,
        models=tuple(sorted({model for _, model in collected if model})),
        sources=tuple(source for source, _ in collected),
        unknown=sum(matches.unknown for matches in found),
        rows=rows,
        # Also of a session without a video that counts: nobody could make these rows again when one counts again.
        former=former(services.attendance.statuses(place.session_key), listed),
    )


def _write(place: Place, decision: str, services: Services, wanted: Callable[[Row], bool]) -> list[Row]:
    """Write some of the decided rows."""
    register = _register(decision, services)
    rows = [row for row in register.rows if wanted(row)]
    services.attendance.put(place, decision, (documents.attendance_item(register, row) for row in rows))
    return rows


def _register(decision: str, services: Services) -> Register:
    return documents.to_register(services.work.get(decision))
