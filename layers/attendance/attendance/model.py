"""The words of the register, as values.

Similarities and thresholds are 0-100, times are whole milliseconds from a video's start, dates are local ones of the
course in the form YYYY-MM-DD.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

MACHINE = "machine"
"""The `source` of rows that a run may write again; rows of any other source belong to a person."""

Box = Mapping[str, float]
"""Left, Top, Width, Height as shares (0-1) of the frame's width and height."""


class Status(StrEnum):
    """What a row of the register says of a student."""

    PRESENT = "present"
    REVIEW = "review"
    ABSENT = "absent"


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
    """What an object's key names; None for both means the default course on the day of the upload."""

    course_id: str | None
    date: str | None


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


@dataclass(frozen=True)
class Job:
    """A face search and the patience with it: `$.job` of the state machine; `percent` is 0-100 where it is told."""

    job_id: str
    status: str
    polls: int
    wait_seconds: int
    percent: float | None


@dataclass(frozen=True)
class Thresholds:
    """Similarity from which a student is present, and from which a person should look."""

    present: float
    review: float


@dataclass(frozen=True)
class Course:
    """A course's rules; `time_zone` is an IANA name."""

    course_id: str
    time_zone: str
    thresholds: Thresholds


@dataclass(frozen=True)
class Enrolment:
    """A student on a course's roster, from and until the given dates, both inclusive; None is open."""

    student_id: str
    student_name: str
    enrolled_from: str | None = None
    enrolled_until: str | None = None


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
    """All that was seen of one student: in a frame, a video or a session.

    Attributes:
        similarity: of the best moment.
        margin: distance to the best other student for the face of that moment; negative where that face looked more
            like someone whom another face of the frame fitted better; None where no other student came near.
        sightings: in how many frames.
    """

    student_id: str
    similarity: float
    margin: float | None
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
    """

    duration_ms: int | None
    detections: int
    people: int
    unknown: int
    students: tuple[Sighting, ...]


@dataclass(frozen=True)
class Row:
    """One student's line of the register; an absent one has neither similarity nor times."""

    student_id: str
    student_name: str
    status: Status
    similarity: float | None = None
    margin: float | None = None
    sightings: int = 0
    first_seen_ms: int | None = None
    last_seen_ms: int | None = None
    evidence: Evidence | None = None


@dataclass(frozen=True)
class Register:
    """Every enrolled student's row for one session, and what it was decided from.

    Attributes:
        sources: keys of the matches that were united, sorted: the same sources make the same register.
        unknown: people of these videos to whom no name was given.
    """

    course_id: str
    session_id: str
    session_key: str
    date: str
    thresholds: Thresholds
    sources: tuple[str, ...]
    unknown: int
    rows: tuple[Row, ...]

    @property
    def seen(self) -> int:
        """Students who are present or need a review."""
        return sum(row.status is not Status.ABSENT for row in self.rows)
