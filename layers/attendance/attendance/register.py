"""The register as it is read: courses, sessions, rows and rosters for the web, the command line and exports."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, Protocol, TypeVar

from attendance.keys import day_and_slot, session_key
from attendance.model import Correction, Enrolment, Evidence, Place, Progress, Row, Standing, Status, Thresholds
from attendance.rollcall import counting

STATUS_ORDER = {Status.REVIEW: 0, Status.PRESENT: 1, Status.ABSENT: 2, Status.EXCUSED: 3}
"""What needs a person comes first."""

T = TypeVar("T")


@dataclass(frozen=True)
class CourseInfo:
    """A course.

    Attributes:
        time_zone: a name of the IANA database.
        planned_classes: how many are planned this term, 0-1000; None where nobody said.
        sections: a session whose slot has the name of one is for its students only.
    """

    course_id: str
    course_name: str
    time_zone: str
    planned_classes: int | None = None
    sections: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Failure:
    """Why a video has no register: the error's name and a sentence for a person."""

    name: str
    reason: str


@dataclass(frozen=True)
class SessionVideo:
    """One recording of a session.

    Attributes:
        uploaded_at: an ISO 8601 time.
        execution_arn: the run that last took it up, whether it goes on or not.
        job_id: the face search, once the face service has taken it.
        matches_key: where the work bucket keeps what was found in it, once that is known.
        is_left_out: a person said that it is not to count.
    """

    video_id: str
    bucket: str
    key: str
    version_id: str | None
    etag: str
    status: Progress
    uploaded_at: str | None
    duration_ms: int | None
    error: Failure | None
    execution_arn: str
    job_id: str | None
    matches_key: str | None = None
    is_left_out: bool = False

    def uploaded_before(self, other: "SessionVideo") -> bool:
        """Whether it came before another one, or with it."""
        return (self.uploaded_at or "") <= (other.uploaded_at or "")

    @property
    def is_queued(self) -> bool:
        """Whether it still waits for the face service, which searches 20 videos at once, to take it."""
        return self.status is Progress.PROCESSING and self.job_id is None


@dataclass(frozen=True)
class Session:
    """One class of a course on one date.

    Attributes:
        counts: rows by status, corrections included.
        thresholds: those its rows were decided with; None before there are any.
        is_roll_call: a person opened it to call the roll.
        is_outdated: its register is not, or not yet, decided from what is known now, and no run will do it.
    """

    course_id: str
    session_id: str
    date: str
    status: Progress
    videos: tuple[SessionVideo, ...]
    counts: Mapping[str, int]
    error: Failure | None
    updated_at: str | None
    thresholds: Thresholds | None = None
    is_roll_call: bool = False
    is_outdated: bool = False

    @property
    def in_use(self) -> tuple[SessionVideo, ...]:
        """The videos that nobody left out and no newer upload replaced, whether they count yet or not."""
        replaced = self.replaced
        return tuple(video for video in self.videos if not video.is_left_out and video.video_id not in replaced)

    @property
    def counting(self) -> tuple[SessionVideo, ...]:
        """The videos that the register is made from."""
        return tuple(counting(self.videos).values())

    @property
    def replaced(self) -> frozenset[str]:
        """The ids of videos in whose place a newer upload of the same object counts."""
        newest = {(video.bucket, video.key): video for video in self.counting}
        pairs = ((video, newest.get((video.bucket, video.key), video)) for video in self.videos)
        return frozenset(video.video_id for video, other in pairs if video != other and video.uploaded_before(other))

    @property
    def is_vacated(self) -> bool:
        """Whether nothing is left of it: its videos were moved away and no row stands. Lists leave it out."""
        return not (self.videos or self.is_roll_call or self.is_outdated or any(self.counts.values()))

    @property
    def slot(self) -> str:
        """Which class of its day it is; empty where the day has one."""
        return day_and_slot(self.session_id)[1]

    @property
    def session_key(self) -> str:
        """The partition of the session's rows."""
        return session_key(self.course_id, self.session_id)

    @property
    def place(self) -> Place:
        """Where it is kept."""
        return Place(self.course_id, self.session_id, self.session_key, self.date)


@dataclass(frozen=True)
class RegisterRow(Row):
    """One student's line of the register as it counts: what a person said, else what was decided.

    `status`, `late` and `left_early` are what counts, `evidence` is the moment a person pointed to if they did; the
    rest is what was decided.

    Attributes:
        decided: the status without the correction.
        correction: what a person said, if it stands.
        version: of the correction; whoever changes it names the version they saw. 0 where there never was one.
    """

    decided: Status = Status.REVIEW
    correction: Correction | None = None
    version: int = 0


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some of a list; `cursor` asks for what follows, None at the end."""

    items: tuple[T, ...]
    cursor: str | None


class RegisterReader(Protocol):
    """Reads the tables by key only; no call reads a whole table."""

    def course(self, course_id: str) -> CourseInfo | None:
        """The course, or None."""

    def courses(self, course_ids: Sequence[str]) -> Sequence[CourseInfo]:
        """Those of the courses that are there, in the order of the ids."""

    def course_ids(self) -> Sequence[str]:
        """The ids of every created course, in order."""

    def sessions(self, course_id: str, limit: int, before: str | None = None) -> Page[Session]:
        """Sessions of a course, the newest first, but no vacated ones; `before` is the cursor of the page before.

        A page may hold fewer than `limit`, even none, and yet not be the last.
        """

    def sessions_on(self, date: str) -> Sequence[Session]:
        """Sessions of every course on one local date, by course, but no vacated ones."""

    def session(self, course_id: str, session_id: str) -> Session | None:
        """The session, or None."""

    def rows(self, session_key: str) -> Sequence[RegisterRow]:
        """Every row of a session's register with its correction, by student_id."""

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
        thresholds=_thresholds_from(item.get("thresholds")),
        is_roll_call=bool(item.get("is_roll_call")),
        is_outdated="outdated_turn" in item,
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
        late=bool(item.get("late")),
        left_early=bool(item.get("left_early")),
    )


def enrolment_from(item: Mapping[str, Any]) -> Enrolment:
    """An enrolment from its item in the rosters table."""
    return Enrolment(
        student_id=item["student_id"],
        student_name=item.get("student_name") or item["student_id"],
        enrolled_from=item.get("enrolled_from") or None,
        enrolled_until=item.get("enrolled_until") or None,
        section=item.get("section") or None,
    )


def standing_from(item: Mapping[str, Any]) -> Standing:
    """A correction from its item in the corrections table."""
    return Standing(
        version=int(item["version"]),
        correction=_correction_from(item.get("correction")),
        before=tuple(_correction_from(before) for before in item.get("before", ())),
        changed_by=str(item.get("changed_by", "")),
    )


def in_effect(rows: Iterable[Row], standings: Mapping[str, Standing]) -> list[RegisterRow]:
    """Decided rows with what a person said of them, by student_id."""
    return [_in_effect(row, standings.get(row.student_id, Standing())) for row in rows]


def by_need_of_review(rows: Iterable[RegisterRow]) -> list[RegisterRow]:
    """Rows in the order a person works through them: review, present, absent; by name within."""
    return sorted(rows, key=lambda row: (STATUS_ORDER[row.status], row.student_name.casefold(), row.student_id))


def in_review_order(rows: Iterable[RegisterRow]) -> list[RegisterRow]:
    """As `by_need_of_review`, but by what was decided: a row stays in its place while a person corrects it."""
    return sorted(rows, key=lambda row: (STATUS_ORDER[row.decided], row.student_name.casefold(), row.student_id))


def counts_of(rows: Iterable[Row | Correction]) -> dict[str, int]:
    """How many rows each status has; every status that is decided is named, excused only where somebody is."""
    found = Counter(row.status for row in rows)
    named = [status for status in STATUS_ORDER if status is not Status.EXCUSED or found[status]]
    return {status.value: found[status] for status in named}


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
        execution_arn=item.get("execution_arn", ""),
        job_id=item.get("job_id"),
        matches_key=item.get("matches_key"),
        is_left_out=bool(item.get("left_out")),
    )


def _in_effect(row: Row, standing: Standing) -> RegisterRow:
    given = {field.name: getattr(row, field.name) for field in fields(Row)}
    correction = standing.correction
    said: dict[str, Any] = {}
    if correction:
        said = {"status": correction.status, "late": correction.late, "left_early": correction.left_early}
    if correction and correction.evidence:
        said["evidence"] = correction.evidence
    return RegisterRow(**given | said, decided=row.status, correction=correction, version=standing.version)


def _correction_from(item: Mapping[str, Any] | None) -> Correction | None:
    if not item:
        return None
    evidence = item.get("evidence")
    seen = {"status": Status(item["status"]), "evidence": _evidence_from(evidence) if evidence else None}
    return Correction(**{**item, **seen})


def _failure_from(error: Mapping[str, Any] | None) -> Failure | None:
    return Failure(str(error.get("name", "")), str(error.get("reason", ""))) if error else None


def _thresholds_from(item: Mapping[str, Any] | None) -> Thresholds | None:
    if not item:
        return None
    whole = {"minimum_sightings", "late_after_minutes", "left_early_minutes"}
    given: dict[str, Any] = {name: int(value) if name in whole else float(value) for name, value in item.items()}
    return Thresholds(**given)


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
