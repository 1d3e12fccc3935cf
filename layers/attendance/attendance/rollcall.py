"""The rules of the register.

Who has a row in a session:

- every student whose enrolment holds on its date, and in its section: decided from the videos each time anew;
- every student who is not on the course's roster any more, but had a row: it stays as it is, whatever is decided anew,
  because the roster tells no more when they belonged to the course. So a student who was taken off keeps their history,
  and the row of one who was erased stays without a name and what was seen;
- nobody else. Of a student who is on the roster its dates and section are the truth: when they say that the student did
  not belong to the session, the row goes with the next run. It stays as long as a person's correction does.

A session of which no video counts, and in which nobody called the roll, has no rows but the corrected ones.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from attendance.matching import rank
from attendance.model import Enrolment, Progress, Row, Sighting, Status, Thresholds

GROWTH = 1.2
"""Each wait is a fifth longer than the last: a finished search is noticed within about a fifth of its own duration."""
LONGEST_WAIT = 300
"""Seconds. At 9 events a poll, a search of 6 hours takes about 110 polls: 1,000 of the 25,000 events of a run."""
_MINUTE = 60_000
"""Milliseconds."""
_ORDER = {Status.PRESENT: 0, Status.REVIEW: 1, Status.ABSENT: 2}
"""What says better of a student comes first."""


class Upload(Protocol):
    """One of a session's videos, as far as it says whether the video counts."""

    @property
    def bucket(self) -> str:
        """The object's bucket."""

    @property
    def key(self) -> str:
        """The object's key."""

    @property
    def uploaded_at(self) -> str | None:
        """An ISO 8601 time in UTC."""

    @property
    def matches_key(self) -> str | None:
        """Where is kept what was found in it, None as long as it was not searched."""

    @property
    def is_left_out(self) -> bool:
        """Whether a person said that it is not to count."""


U = TypeVar("U", bound=Upload)


def counting(videos: Iterable[U]) -> dict[str, U]:
    """The videos a session's register is made from, by the key of their matches.

    Those that were searched and that nobody left out; and of several uploads of one object only the newest, since it
    replaced the others. So as long as the newest was not searched the one before still counts.
    """
    searched = {video.matches_key: video for video in videos if video.matches_key and not video.is_left_out}
    in_order = sorted(searched.items(), key=lambda item: (item[1].uploaded_at or "", item[0]))
    newest = {(video.bucket, video.key): source for source, video in in_order}
    return {source: searched[source] for source in newest.values()}


def decide(
    roster: Iterable[Enrolment],
    videos: Iterable[Iterable[Sighting]],
    thresholds: Thresholds,
    date: str,
    section: str | None = None,
) -> tuple[Row, ...]:
    """Exactly one row for each student who belongs to the session, in the order of their ids.

    The videos unite: whatever says best of a student counts, so another video never takes a student away, and their
    order does not matter. People who were seen but do not belong to the session get no row.

    Args:
        roster: every enrolment of the course.
        videos: what was seen of each student in each video.
        thresholds: the course's.
        date: the session's local date.
        section: whose session it is; None is the whole course.
    """
    seen: dict[str, list[Sighting]] = {}
    for video in videos:
        for sighting in video:
            seen.setdefault(sighting.student_id, []).append(sighting)
    return tuple(_row(student, seen.get(student.student_id, []), thresholds) for student in _of(roster, date, section))


def unseen(roster: Iterable[Enrolment], date: str, section: str | None = None) -> tuple[Row, ...]:
    """A row to be filled in by a person for each student who belongs to a session that no video shows."""
    return tuple(Row(each.student_id, each.student_name, Status.REVIEW) for each in _of(roster, date, section))


def former(rows: Mapping[str, Status], roster: Iterable[Enrolment]) -> dict[str, Status]:
    """The rows that stay as they are, since their students are not on the roster any more.

    Args:
        rows: of the session as they stand, student_id ▶ the status that was decided.
        roster: every enrolment of the course, past and future ones too.
    """
    listed = {enrolment.student_id for enrolment in roster}
    return {student_id: status for student_id, status in sorted(rows.items()) if student_id not in listed}


def is_enrolled(enrolment: Enrolment, date: str) -> bool:
    """Whether the student belongs to the course on the date; the first and the last day count."""
    begins, ends = enrolment.enrolled_from, enrolment.enrolled_until
    return (not begins or begins <= date) and (not ends or date <= ends)


def session_progress(videos: Iterable[Progress]) -> Progress:
    """A session's progress from its videos': processing while any is, else complete if any is, else failed.

    A session without a video, which a person called the roll of or whose videos were moved away, is complete.
    """
    found = set(videos)
    if Progress.PROCESSING in found:
        return Progress.PROCESSING
    return Progress.COMPLETE if Progress.COMPLETE in found or not found else Progress.FAILED


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


def seconds_left(percent: float | None, searching_seconds: float) -> int | None:
    """How long a search still takes if it goes on as it went.

    Args:
        percent: 0-100 of the video that is searched; None where that is not told.
        searching_seconds: how long that took.

    Returns:
        Whole seconds; None where nothing can be said yet.
    """
    if percent is None or percent <= 0 or searching_seconds <= 0:
        return None
    return round(searching_seconds * max(0.0, 100 - percent) / percent)


def _of(roster: Iterable[Enrolment], date: str, section: str | None) -> list[Enrolment]:
    """Who belongs to a session, by student_id, each once."""
    belonging = {
        each.student_id: each
        for each in roster
        if is_enrolled(each, date) and (section is None or each.section in (None, section))
    }
    return [belonging[student_id] for student_id in sorted(belonging)]


def _row(student: Enrolment, seen: Sequence[Sighting], thresholds: Thresholds) -> Row:
    """A student's row from what each video that saw the student says."""
    frames = sum(sighting.sightings for sighting in seen)
    best = min(seen, key=lambda one: (_ORDER[_status(one, frames, thresholds)], rank(one)), default=None)
    if best is None or _status(best, frames, thresholds) is Status.ABSENT:
        return Row(student.student_id, student.student_name, Status.ABSENT)
    return Row(
        student_id=student.student_id,
        student_name=student.student_name,
        status=_status(best, frames, thresholds),
        similarity=round(best.similarity, 2),
        margin=_shown_margin(best),
        sightings=frames,
        first_seen_ms=min(sighting.first_seen_ms for sighting in seen),
        last_seen_ms=max(sighting.last_seen_ms for sighting in seen),
        evidence=best.evidence,
        late=_is_late(seen, thresholds),
        left_early=_left_early(seen, thresholds),
    )


def _status(sighting: Sighting, frames: int, thresholds: Thresholds) -> Status:
    """What one video's best moment says, of a student who was seen in so many frames of all videos.

    The decision rests on the two decimals that the register shows, so that what is shown explains it.
    """
    similarity, margin = round(sighting.similarity, 2), _shown_margin(sighting)
    if similarity < thresholds.review:
        return Status.ABSENT
    is_clear = margin is None or margin >= thresholds.margin
    is_sure = similarity >= thresholds.present and is_clear and frames >= thresholds.minimum_sightings
    return Status.PRESENT if is_sure else Status.REVIEW


def _shown_margin(sighting: Sighting) -> float | None:
    return None if sighting.margin is None else round(sighting.margin, 2)


def _is_late(seen: Iterable[Sighting], thresholds: Thresholds) -> bool:
    """Only if every video that saw the student says so: a second camera may have begun late, or point elsewhere."""
    limit = thresholds.late_after_minutes * _MINUTE
    return limit > 0 and all(sighting.first_seen_ms > limit for sighting in seen)


def _left_early(seen: Iterable[Sighting], thresholds: Thresholds) -> bool:
    """Only if every video that saw the student says so; one of unknown length says nothing."""
    limit = thresholds.left_early_minutes * _MINUTE
    return limit > 0 and all((sighting.unseen_after_ms or 0) > limit for sighting in seen)
