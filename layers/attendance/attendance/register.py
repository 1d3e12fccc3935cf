"""The register as it is read: courses, sessions, rows and rosters for the web, the command line and exports."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from attendance.keys import session_key
from attendance.model import Enrolment, Evidence, Progress, Row, Status

STATUS_ORDER = {Status.REVIEW: 0, Status.PRESENT: 1, Status.ABSENT: 2}
"""What needs a person comes first."""

T = TypeVar("T")


@dataclass(frozen=True)
class CourseInfo:
    """A course; `time_zone` is a name of the IANA database."""

    course_id: str
    course_name: str
    time_zone: str


@dataclass(frozen=True)
class Failure:
    """Why a video has no register: the error's name and a sentence for a person."""

    name: str
    reason: str


@dataclass(frozen=True)
class SessionVideo:
    """One recording of a session; `uploaded_at` is an ISO 8601 time."""

    video_id: str
    bucket: str
    key: str
    version_id: str | None
    etag: str
    status: Progress
    uploaded_at: str | None
    duration_ms: int | None
    error: Failure | None


@dataclass(frozen=True)
class Session:
    """One class of a course on one date; `counts` are rows by status."""

    course_id: str
    session_id: str
    date: str
    status: Progress
    videos: tuple[SessionVideo, ...]
    counts: Mapping[str, int]
    error: Failure | None
    updated_at: str | None

    @property
    def session_key(self) -> str:
        """The partition of the session's rows."""
        return session_key(self.course_id, self.session_id)


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some of a list; `cursor` asks for what follows, None at the end."""

    items: tuple[T, ...]
    cursor: str | None


class RegisterReader(Protocol):
    """Reads the tables by key only; no call reads a whole table."""

    def course(self, course_id: str) -> CourseInfo | None:
        """The course, or None."""

    def course_ids(self) -> Sequence[str]:
        """The ids of every created course, in order."""

    def sessions(self, course_id: str, limit: int, before: str | None = None) -> Page[Session]:
        """Sessions of a course, the newest first; `before` is the cursor of the page before."""

    def sessions_on(self, date: str) -> Sequence[Session]:
        """Sessions of every course on one local date, by course."""

    def session(self, course_id: str, session_id: str) -> Session | None:
        """The session, or None."""

    def rows(self, session_key: str) -> Sequence[Row]:
        """Every row of a session's register, by student_id."""

    def roster(self, course_id: str, limit: int, after: str | None = None) -> Page[Enrolment]:
        """The roster by student_id; `after` is the cursor of the page before."""


def session_from(item: Mapping[str, Any]) -> Session:
    """A session from its item in the sessions table."""
    videos = item.get("videos") or {}
    counts = item.get("counts") or {}
    return Session(
        course_id=item["course_id"],
        session_id=item["session_id"],
        date=item.get("date") or item["session_id"][:10],
        status=Progress(item.get("status", Progress.PROCESSING)),
        videos=tuple(_video_from(video_id, videos[video_id]) for video_id in sorted(videos)),
        counts={name: int(number) for name, number in counts.items()},
        error=_failure_from(item.get("error")),
        updated_at=item.get("updated_at"),
    )


def row_from(item: Mapping[str, Any]) -> Row:
    """A row from its item in the attendance table."""
    evidence = item.get("evidence")
    return Row(
        student_id=item["student_id"],
        student_name=item.get("student_name", ""),
        status=Status(item["status"]),
        similarity=_number(item.get("similarity")),
        margin=_number(item.get("margin")),
        sightings=int(item.get("sightings") or 0),
        first_seen_ms=_whole(item.get("first_seen_ms")),
        last_seen_ms=_whole(item.get("last_seen_ms")),
        evidence=_evidence_from(evidence) if evidence else None,
    )


def by_need_of_review(rows: Iterable[Row]) -> list[Row]:
    """Rows in the order a person works through them: review, present, absent; by name within."""
    return sorted(rows, key=lambda row: (STATUS_ORDER[row.status], row.student_name.casefold(), row.student_id))


def counts_of(rows: Iterable[Row]) -> dict[str, int]:
    """How many rows each status has; every status is named."""
    found = Counter(row.status for row in rows)
    return {status.value: found[status] for status in STATUS_ORDER}


def all_sessions(reader: RegisterReader, course_id: str, page: int = 100) -> Iterator[Session]:
    """Every session of a course, the newest first, read page by page."""
    cursor: str | None = None
    while True:
        found = reader.sessions(course_id, page, cursor)
        yield from found.items
        cursor = found.cursor
        if cursor is None:
            return


def _video_from(video_id: str, item: Mapping[str, Any]) -> SessionVideo:
    return SessionVideo(
        video_id=video_id,
        bucket=item.get("bucket", ""),
        key=item.get("key", ""),
        version_id=item.get("version_id"),
        etag=item.get("etag", ""),
        status=Progress(item.get("status", Progress.PROCESSING)),
        uploaded_at=item.get("uploaded_at"),
        duration_ms=_whole(item.get("duration_ms")),
        error=_failure_from(item.get("error")),
    )


def _failure_from(error: Mapping[str, Any] | None) -> Failure | None:
    return Failure(str(error.get("name", "")), str(error.get("reason", ""))) if error else None


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _evidence_from(item: Mapping[str, Any]) -> Evidence:
    box = item.get("box")
    return Evidence(
        bucket=item["bucket"],
        key=item["key"],
        version_id=item.get("version_id"),
        timestamp_ms=int(item["timestamp_ms"]),
        box={side: float(share) for side, share in box.items()} if box else None,
    )
