"""What the steps need of the world, so that they run on AWS's services and on a test's dictionaries alike."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from attendance.matching import Page
from attendance.model import Course, Enrolment, Progress, Thresholds, Video
from attendance.settings import Settings

Document = Mapping[str, Any]
"""What JSON can carry."""


@dataclass(frozen=True)
class SearchState:
    """How a face search stands: IN_PROGRESS, SUCCEEDED or FAILED; `percent` where the service tells it."""

    status: str
    message: str
    percent: float | None


@dataclass(frozen=True)
class VideoRecord:
    """What a session keeps of one of its videos."""

    status: Progress
    matches_key: str | None


class Courses(Protocol):
    """The table of courses."""

    def get(self, course_id: str) -> Course | None:
        """The course with what it leaves open filled in, or None when there is none; the default course always is."""


class Rosters(Protocol):
    """The table of rosters."""

    def of(self, course_id: str) -> Iterator[Enrolment]:
        """Every enrolment of a course, past and future ones too."""


class Sessions(Protocol):
    """The table of sessions. Each call is one atomic change, safe to repeat and to run beside others."""

    def add_video(self, video: Video, uploaded_at: datetime, execution_arn: str) -> None:
        """Note that the video is being worked on. A video that is complete stays so: its register stands."""

    def search_started(self, video: Video, job_id: str, model: str) -> None:
        """Keep the job that searches the video and the model it searches with."""

    def collected(self, video: Video, matches_key: str, duration_ms: int | None) -> None:
        """Keep where the video's matches are; from now on they count for the session's register."""

    def videos(self, video: Video) -> Mapping[str, VideoRecord]:
        """The videos of the given video's session as they are now, by video_id."""

    def video_complete(self, video: Video, counts: Mapping[str, int], thresholds: Thresholds) -> Progress:
        """Mark the video complete and keep the register's counts; the session's progress."""

    def video_failed(self, video: Video, error: str, reason: str) -> Progress:
        """Mark the video failed unless it is complete; the session's progress."""


class Attendance(Protocol):
    """The table of attendance."""

    def corrected(self, session_key: str) -> frozenset[str]:
        """The student_ids of the session's rows that belong to a person, not to the machine."""

    def put(self, rows: Iterable[Document]) -> None:
        """Write rows in batches; a row of the same student and session is replaced."""


class Objects(Protocol):
    """JSON in the work bucket."""

    def put(self, key: str, document: Document) -> None:
        """Keep a document."""

    def get(self, key: str) -> Document:
        """A kept document; raises ObjectNotFoundError."""


class Faces(Protocol):
    """The face service."""

    def model(self) -> str:
        """The version of the model that the collection's faces were made with."""

    def start(self, video: Video, threshold: float, token: str) -> str:
        """Start to search the video for faces from `threshold` on; the job's id, the same for the same token."""

    def state(self, job_id: str) -> SearchState:
        """How a search stands."""

    def pages(self, job_id: str) -> Iterator[Page]:
        """The result of a search that succeeded, page by page, sorted by time."""


@dataclass(frozen=True)
class Services:
    """All a step may use."""

    settings: Settings
    courses: Courses
    rosters: Rosters
    sessions: Sessions
    attendance: Attendance
    work: Objects
    faces: Faces
