"""The rules of the register."""

from collections.abc import Iterable, Mapping

from attendance.matching import merged
from attendance.model import Enrolment, Progress, Row, Sighting, Status, Thresholds

GROWTH = 1.2
"""Each wait is a fifth longer than the last: a finished search is noticed within about a fifth of its own duration."""
LONGEST_WAIT = 300
"""Seconds. At 9 events a poll, a search of 6 hours takes about 110 polls: 1,000 of the 25,000 events of a run."""


def unite(videos: Iterable[Iterable[Sighting]]) -> dict[str, Sighting]:
    """All that was seen of each student in several videos of one session, by student_id; the order does not matter.

    First and last seen are the smallest and largest of the videos' own times.
    """
    united: dict[str, Sighting] = {}
    for video in videos:
        for sighting in video:
            before = united.get(sighting.student_id)
            united[sighting.student_id] = merged(before, sighting) if before else sighting
    return united


def decide(
    roster: Iterable[Enrolment], seen: Mapping[str, Sighting], thresholds: Thresholds, date: str
) -> tuple[Row, ...]:
    """Exactly one row for each student who is enrolled on the date, in the order of their ids.

    People who were seen but are not enrolled get none.
    """
    enrolled = {enrolment.student_id: enrolment for enrolment in roster if is_enrolled(enrolment, date)}
    return tuple(_row(enrolled[student_id], seen.get(student_id), thresholds) for student_id in sorted(enrolled))


def is_enrolled(enrolment: Enrolment, date: str) -> bool:
    """Whether the student belongs to the course on the date; the first and the last day count."""
    begins, ends = enrolment.enrolled_from, enrolment.enrolled_until
    return (not begins or begins <= date) and (not ends or date <= ends)


def session_progress(videos: Iterable[Progress]) -> Progress:
    """A session's progress from its videos': processing while any is, else complete if any is, else failed."""
    found = set(videos)
    if not found or Progress.PROCESSING in found:
        return Progress.PROCESSING
    return Progress.COMPLETE if Progress.COMPLETE in found else Progress.FAILED


def wait_seconds(polls: int, first: int) -> int:
    """How long to wait before the next look at a face search.

    Args:
        polls: looks taken so far, from 0.
        first: the first wait in seconds, at least 1.

    Returns:
        Whole seconds from `first`, growing by a fifth with each look, to at most 5 minutes.
    """
    longest = max(LONGEST_WAIT, first)
    enough = 64  # 1.2 to this power is beyond any longest wait; a float must not overflow after thousands of polls
    return min(longest, int(first * GROWTH ** min(polls, enough)))


def _row(enrolment: Enrolment, sighting: Sighting | None, thresholds: Thresholds) -> Row:
    """The decision rests on the two decimals that the register shows, so that what is shown explains it."""
    similarity = round(sighting.similarity, 2) if sighting else 0.0
    if sighting is None or similarity < thresholds.review:
        return Row(enrolment.student_id, enrolment.student_name, Status.ABSENT)
    return Row(
        student_id=enrolment.student_id,
        student_name=enrolment.student_name,
        status=Status.PRESENT if similarity >= thresholds.present else Status.REVIEW,
        similarity=similarity,
        margin=None if sighting.margin is None else round(sighting.margin, 2),
        sightings=sighting.sightings,
        first_seen_ms=sighting.first_seen_ms,
        last_seen_ms=sighting.last_seen_ms,
        evidence=sighting.evidence,
    )
