"""The words of the register, as values.

Similarities and thresholds are 0-100, times are whole milliseconds from a video's start, dates are local ones of the
course in the form YYYY-MM-DD.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

MACHINE = "machine"
"""The `source` of rows that were decided from videos."""
ROLL_CALL = "roll call"
"""The `source` of rows of a session without a video: nothing is decided, a person calls the roll."""

Box = Mapping[str, float]
"""Left, Top, Width, Height as shares (0-1) of the frame's width and height."""


class Status(StrEnum):
    """What a row of the register says of a student; only a person can excuse."""

    PRESENT = "present"
    REVIEW = "review"
    ABSENT = "absent"
    EXCUSED = "excused"


class Progress(StrEnum):
    """How far a video, or a session of several, has come."""

    PROCESSING = "processing"
    COMPLETE = "complete"
    FAILED = "failed"


@dataclass(frozen=True)
class VideoObject:
    """One version of an object, as the event of its creation tells; `size` in bytes, `uploaded_at` with a zone."""

    bucket: str
    key: str
    version_id: str | None
    etag: str
    size: int
    uploaded_at: datetime


@dataclass(frozen=True)
class VideoKey:
    """What an object's key names.

    None for course and date means the default course on the day of the upload; `slot` tells several sessions of one
    day apart.
    """

    course_id: str | None
    date: str | None
    slot: str | None = None


@dataclass(frozen=True)
class Place:
    """A session: one class of a course on one date."""

    course_id: str
    session_id: str
    session_key: str
    date: str


@dataclass(frozen=True)
class Video:
    """One upload and the session it belongs to: `$.video` of the state machine."""

    bucket: str
    key: str
    version_id: str | None
    etag: str
    video_id: str
    course_id: str
    session_id: str
    session_key: str
    date: str

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Read it from the machine's state."""
        return cls(**state)

    def to_state(self) -> dict[str, Any]:
        """The form the machine's state carries."""
        return asdict(self)

    @property
    def place(self) -> Place:
        """The session it belongs to."""
        return Place(self.course_id, self.session_id, self.session_key, self.date)


@dataclass(frozen=True)
class Job:
    """A face search and the patience with it: `$.job` of the state machine.

    Attributes:
        percent: 0-100 of the video that is searched, where the service tells.
        people: seen so far, where the service tells.
        searching_seconds: waited since the service began to tell; 0 where it does not. Time in its queue is not in it.
    """

    job_id: str
    status: str
    polls: int
    wait_seconds: int
    percent: float | None
    people: int | None = None
    searching_seconds: int = 0


@dataclass(frozen=True)
class Thresholds:
    """What a course asks of a recording before it says something of a student.

    Attributes:
        present: similarity from which a student is present.
        review: similarity from which a person should look; at most `present`.
        margin: least distance (0-100) to the best other student for present, else review. With 0 the student must
            at least be the one whom the face looks like most.
        minimum_sightings: frames a student must be seen in for present, else review; at least 1.
        late_after_minutes: who is first seen later than this is late; 0 never says so.
        left_early_minutes: who is last seen more than this before a video's end left early; 0 never says so.
    """

    present: float
    review: float
    margin: float = 0.0
    minimum_sightings: int = 1
    late_after_minutes: int = 0
    left_early_minutes: int = 0


@dataclass(frozen=True)
class Course:
    """A course's rules; `time_zone` is an IANA name, a slot of the name of a section is for its students only."""

    course_id: str
    time_zone: str
    thresholds: Thresholds
    sections: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Enrolment:
    """A student on a course's roster, from and until the given dates, both inclusive; None is open.

    Who is in no section belongs to every session of the course.
    """

    student_id: str
    student_name: str
    enrolled_from: str | None = None
    enrolled_until: str | None = None
    section: str | None = None


@dataclass(frozen=True)
class Evidence:
    """The moment of a video that shows a student best; `box` is None where the service told none."""

    bucket: str
    key: str
    version_id: str | None
    timestamp_ms: int
    box: Box | None


@dataclass(frozen=True)
class Sighting:
    """All that was seen of one student in a frame or a video.

    Attributes:
        similarity: of the best moment.
        margin: distance to the best other student for the face of that moment; negative where that face looked more
            like someone whom another face of the frame fitted better; None where no other student came near.
        sightings: in how many frames.
        unseen_after_ms: from the last frame to the video's end; None where its length is not known.
    """

    student_id: str
    similarity: float
    margin: float | None
    sightings: int
    first_seen_ms: int
    last_seen_ms: int
    evidence: Evidence
    unseen_after_ms: int | None = None


@dataclass(frozen=True)
class Stranger:
    """Somebody of a video to whom no name was ever given; nothing of the face is kept but where to look.

    Attributes:
        person: the number the service tracked them under, of this one search.
        sightings: in how many frames.
        evidence: the moment with the largest face, the earliest of equals.
    """

    person: int
    sightings: int
    first_seen_ms: int
    last_seen_ms: int
    evidence: Evidence


@dataclass(frozen=True)
class Matches:
    """What the face search of one video found.

    Attributes:
        detections: faces times frames.
        people: distinct people as the service tracked them.
        unknown: those of them to whom no name was ever given.
        strangers: of the unknown those who were seen most often, at most `matching.MOST_STRANGERS`; none in documents
            of before they were kept.
    """

    duration_ms: int | None
    detections: int
    people: int
    unknown: int
    students: tuple[Sighting, ...]
    strangers: tuple[Stranger, ...] = ()


@dataclass(frozen=True)
class Row:
    """One student's line of the register as it was decided; an absent one has neither similarity nor times.

    Attributes:
        late: present or for review, and first seen later than the course allows.
        left_early: likewise, and last seen earlier than the course allows.
    """

    student_id: str
    student_name: str
    status: Status
    similarity: float | None = None
    margin: float | None = None
    sightings: int = 0
    first_seen_ms: int | None = None
    last_seen_ms: int | None = None
    evidence: Evidence | None = None
    late: bool = False
    left_early: bool = False


@dataclass(frozen=True)
class Correction:
    """What a person says of a student, which counts in place of what was decided.

    Attributes:
        status: present, absent or excused.
        late: came late; only of one who is present.
        left_early: likewise.
        reason: why, in the person's words.
        actor: who.
        at: when, an ISO 8601 time.
        evidence: the moment of a video in which the person recognised the student; only of one who is present.
    """

    status: Status
    late: bool
    left_early: bool
    reason: str | None
    actor: str
    at: str
    evidence: Evidence | None = None


@dataclass(frozen=True)
class Standing:
    """The correction of one student of one session, and what it replaced.

    Attributes:
        version: grows with each change; 0 where there never was a correction.
        correction: None where there never was one or it was undone.
        before: what stood before, the latest last, each of which an undo brings back; None is no correction.
        changed_by: who changed it last, also by undoing.
    """

    version: int = 0
    correction: Correction | None = None
    before: tuple[Correction | None, ...] = ()
    changed_by: str = ""


@dataclass(frozen=True)
class Register:
    """Every enrolled student's row for one session, and what it was decided from.

    Attributes:
        source: MACHINE or ROLL_CALL.
        models: versions of the face models that searched the videos, sorted.
        sources: keys of the matches that were united, sorted: the same sources make the same register.
        unknown: people of these videos to whom no name was given.
        former: rows that stay as they are, of students who are not on the roster any more: student_id ▶ status.
    """

    course_id: str
    session_id: str
    session_key: str
    date: str
    source: str
    thresholds: Thresholds
    models: tuple[str, ...]
    sources: tuple[str, ...]
    unknown: int
    rows: tuple[Row, ...]
    former: Mapping[str, Status] = field(default_factory=dict)

    @property
    def seen(self) -> int:
        """Students who are present or need a review."""
        return sum(row.status is not Status.ABSENT for row in self.rows)
