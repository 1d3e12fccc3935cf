"""What the steps need of the world, so that they run on AWS's services and on a test's dictionaries alike."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from attendance.matching import Page
from attendance.model import Course, Enrolment, Place, Progress, Standing, Status, Thresholds, Video, VideoObject
from attendance.settings import Settings

Document = Mapping[str, Any]
"""What JSON can carry."""


@dataclass(frozen=True)
class SearchState:
    """How a face search stands: IN_PROGRESS, SUCCEEDED or FAILED; `percent` and `people` where the service tells."""

    status: str
    message: str
    percent: float | None
    people: int | None = None


@dataclass(frozen=True)
class VideoRecord:
    """What a session keeps of one of its videos.

    Attributes:
        uploaded_at: an ISO 8601 time in UTC.
        is_left_out: a person said that it is not to count.
    """

    status: Progress
    bucket: str
    key: str
    uploaded_at: str
    matches_key: str | None
    model: str | None
    is_left_out: bool = False


@dataclass(frozen=True)
class Turn:
    """A session as it stands at the moment a run takes its turn to decide.

    Attributes:
        number: grows with each turn of the session.
        videos: by video_id.
        is_roll_call: a person opened the session to call the roll.
    """

    number: int
    videos: Mapping[str, VideoRecord]
    is_roll_call: bool


@dataclass(frozen=True)
class Outcome:
    """What a written register means for its session.

    Attributes:
        decision: key of the register.
        counts: rows by status, corrections included.
        corrected: how many corrections the session had seen when its rows were counted.
        thresholds: the register's.
        sources: keys of the matches it was made from; their videos are complete with it.
    """

    decision: str
    counts: Mapping[str, int]
    corrected: int
    thresholds: Thresholds
    sources: Sequence[str] = ()


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

    def forget(self, video: Video) -> None:
        """Take a video that could not be filed, and now is elsewhere, out of this session, if it is in it."""

    def search_started(self, video: Video, job_id: str, model: str) -> None:
        """Keep the job that searches the video and the model it searches with."""

    def search_failed(self, video: Video) -> None:
        """Note that the service gave up the video's job: the next run's search is another one."""

    def failed_job_id(self, video: Video) -> str | None:
        """The last job that the service gave up."""

    def collected(self, video: Video, matches_key: str, duration_ms: int | None) -> None:
        """Keep where the video's matches are; from now on they count for the session's register."""

    def take_turn(self, place: Place) -> Turn:
        """The session as it is now, with a number higher than that of any turn before."""

    def decide(self, place: Place, turn: Turn, decision: str, video_id: str | None) -> str:
        """Let a decided register stand, unless one of a later turn does; the key of the one that stands.

        The video that it was decided for is being worked on from here on, until its rows are written.
        """

    def written(self, place: Place, outcome: Outcome, video_id: str | None) -> Progress:
        """Mark the video and those of the outcome's sources complete, and keep the outcome; the session's progress.

        Raises:
            SessionChangedError: another decision stands.
        """

    def corrected(self, place: Place) -> int:
        """How many corrections the session has seen."""

    def video_failed(self, video: Video, error: str, reason: str) -> Progress:
        """Mark the video failed unless it is complete; the session's progress."""

    def open_roll_call(self, place: Place) -> None:
        """Note that a person calls the roll of this session."""

    def close_roll_call(self, place: Place, corrected: int, actor: str) -> bool:
        """Note, in the audit as well, that nobody calls the roll there after all.

        Args:
            place: the session.
            corrected: how many corrections it had seen when there was none.
            actor: who does this.

        Returns:
            False where nobody calls it, or something was said meanwhile.
        """

    def file(self, video_id: str, place: Place) -> Place:
        """Remember the session the video is in, unless one is remembered; the one that is."""

    def filed_in(self, video_id: str) -> Place | None:
        """The session that is remembered for the video, None if its key alone says where it belongs.

        Raises:
            VideoErasedError: a person erased the recording.
        """

    def move(self, video_id: str, place: Place, to: Place, actor: str) -> bool:
        """Take a video to another session for good, and note it in the audit; there it is as one whose run broke off.

        What was found in it goes along. False, and nothing done, if a run is at work on it or it is not in the session.
        """

    def leave_out(self, video_id: str, place: Place, actor: str, *, is_left_out: bool) -> bool:
        """Let a video not count, or count again, and note it in the audit; False if there was nothing to change."""

    def erase(self, video_id: str, place: Place, actor: str) -> bool:
        """Take a video that is left out out of its session for good, note it in the audit, and remember that.

        False, and nothing done, if the video is not in the session or it changed meanwhile.
        """


class Attendance(Protocol):
    """The table of attendance. Nothing is written for a decision that does not stand any more."""

    def put(self, place: Place, decision: str, rows: Iterable[Document]) -> None:
        """Write rows; a row of the same student and session is replaced.

        Raises:
            SessionChangedError: another decision stands; no row was written since it does.
        """

    def statuses(self, session_key: str) -> Mapping[str, Status]:
        """The session's rows as they were decided, student_id ▶ status."""

    def remove(self, place: Place, decision: str, student_ids: Iterable[str]) -> None:
        """Delete rows, but for those that a person corrected.

        Raises:
            SessionChangedError: another decision stands; no row was deleted since it does.
        """


class Corrections(Protocol):
    """The table of corrections, which the machine only reads."""

    def of(self, session_key: str) -> Mapping[str, Standing]:
        """What a person said of a session's students, by student_id."""


@dataclass(frozen=True)
class Erasings:
    """The erasings of students; two that are equal say that none began or ended in between.

    Attributes:
        begun: how many began so far.
        student_ids: whom those are of that are not done.
    """

    begun: int = 0
    student_ids: frozenset[str] = frozenset()


class Erasures(Protocol):
    """Who is being, or was, erased."""

    def under_way(self) -> Erasings:
        """The erasings as of now."""

    def erased(self, student_ids: Iterable[str]) -> set[str]:
        """Those of the students who were erased, and of whom that has begun."""


class Objects(Protocol):
    """JSON in the work bucket."""

    def put(self, key: str, document: Document) -> None:
        """Keep a document."""

    def get(self, key: str) -> Document:
        """A kept document; raises ObjectNotFoundError."""

    def delete(self, key: str) -> None:
        """Delete a document; one that is not there is no error."""


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


class Runs(Protocol):
    """The executions of the state machine."""

    def start(self, video: VideoObject, after: str) -> str:
        """Start a run of the video, as the event of its upload would; the execution's ARN.

        Args:
            video: the upload.
            after: the ARN of the execution that ended before, empty for none. Two calls that follow the same execution
                start one run between them.
        """

    def status(self, execution_arn: str) -> str | None:
        """Step Functions' name of it, such as RUNNING; None when the service knows of no such execution."""


class Uploads(Protocol):
    """The videos bucket."""

    def since(self, moment: datetime) -> Iterator[VideoObject]:
        """Every stored version of every object that came at that moment or later."""

    def size_of(self, bucket: str, key: str, version_id: str | None, etag: str) -> int | None:
        """Bytes of one upload; None when it is not stored any more."""

    def erase(self, bucket: str, key: str, version_id: str | None, etag: str) -> None:
        """Delete every stored version that is this upload, for ever; other uploads of the key stay."""


@dataclass(frozen=True)
class Services:
    """All a step may use."""

    settings: Settings
    courses: Courses
    rosters: Rosters
    sessions: Sessions
    attendance: Attendance
    corrections: Corrections
    erasures: Erasures
    work: Objects
    faces: Faces
