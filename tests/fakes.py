"""In-memory stand-ins for the services a step uses; they keep the same promises as the real ones (see ports)."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from attendance.corrections import Change
from attendance.errors import ObjectNotFoundError, SessionChangedError, VideoErasedError
from attendance.matching import Page
from attendance.model import Course, Enrolment, Place, Progress, Row, Standing, Status, Thresholds, Video
from attendance.ports import Document, Erasings, Outcome, SearchState, Services, Turn, VideoRecord
from attendance.register import RegisterRow, counts_of, in_effect, row_from
from attendance.rollcall import session_progress
from tests.builders import SETTINGS, THRESHOLDS


@dataclass
class FakeCourses:
    courses: dict[str, Course] = field(default_factory=dict)

    def add(self, course_id: str, time_zone: str = "UTC", thresholds: Thresholds = THRESHOLDS) -> None:
        self.courses[course_id] = Course(course_id, time_zone, thresholds)

    def get(self, course_id: str) -> Course | None:
        default = Course(course_id, "UTC", THRESHOLDS) if course_id == SETTINGS.default_course_id else None
        return self.courses.get(course_id, default)


@dataclass
class FakeRosters:
    rosters: dict[str, list[Enrolment]] = field(default_factory=dict)

    def of(self, course_id: str) -> Iterator[Enrolment]:
        yield from self.rosters.get(course_id, [])


@dataclass
class FakeSessions:
    """`items` maps (course_id, session_id) to the session with its videos, `filed` a video_id to where it belongs."""

    items: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    filed: dict[str, Place | None] = field(default_factory=dict)
    """None for a video that was erased."""

    def add_video(self, video: Video, uploaded_at: datetime, execution_arn: str) -> None:
        record = {"bucket": video.bucket, "key": video.key, "status": Progress.PROCESSING}
        record["uploaded_at"] = uploaded_at.isoformat(timespec="seconds")
        self._open(video.place)["videos"].setdefault(video.video_id, record)
        self._progress(video.place, video.video_id, {"status": Progress.PROCESSING, "execution_arn": execution_arn})

    def forget(self, video: Video) -> None:
        session = self.items.get((video.course_id, video.session_id), {"videos": {}})
        session["videos"].pop(video.video_id, None)

    def search_started(self, video: Video, job_id: str, model: str) -> None:
        self._record(video).update(job_id=job_id, model=model)

    def search_failed(self, video: Video) -> None:
        record = self._record(video)
        if "job_id" in record:
            record["failed_job_id"] = record["job_id"]

    def failed_job_id(self, video: Video) -> str | None:
        job_id: str | None = self._record(video).get("failed_job_id")
        return job_id

    def collected(self, video: Video, matches_key: str, duration_ms: int | None) -> None:
        self._record(video).update(matches_key=matches_key, duration_ms=duration_ms)

    def take_turn(self, place: Place) -> Turn:
        item = self._item(place)
        item["turns"] = item.get("turns", 0) + 1
        videos = {
            name: VideoRecord(
                status=record["status"],
                bucket=record["bucket"],
                key=record["key"],
                uploaded_at=record["uploaded_at"],
                matches_key=record.get("matches_key"),
                model=record.get("model"),
                is_left_out=record.get("left_out", False),
            )
            for name, record in item["videos"].items()
        }
        return Turn(item["turns"], videos, item.get("is_roll_call", False))

    def decide(self, place: Place, turn: Turn, decision: str, video_id: str | None) -> str:
        item = self._item(place)
        standing, number = item.get("decision", ("", 0))
        if number > turn.number or (video_id and video_id not in item["videos"]):
            if not standing:
                raise SessionChangedError
            return str(standing)
        item["decision"] = (decision, turn.number)
        if video_id:
            item["videos"][video_id]["status"] = item["status"] = Progress.PROCESSING
        else:
            item.setdefault("outdated_turn", turn.number - 1)
        return decision

    def written(self, place: Place, outcome: Outcome, video_id: str | None) -> Progress:
        if not self.stands(place, outcome.decision):
            raise SessionChangedError
        counts = {"counts": dict(outcome.counts), "counted": outcome.corrected, "thresholds": outcome.thresholds}
        item = self._item(place)
        item.update(counts)
        if item.get("outdated_turn", 0) < item["decision"][1]:
            item.pop("outdated_turn", None)
        return self._progress(place, video_id, {"status": Progress.COMPLETE}, outcome.sources)

    def corrected(self, place: Place) -> int:
        return int(self._item(place).get("corrected", 0))

    def video_failed(self, video: Video, error: str, reason: str) -> Progress:
        failure = {"status": Progress.FAILED, "error": {"name": error, "reason": reason}}
        return self._progress(video.place, video.video_id, failure)

    def open_roll_call(self, place: Place) -> None:
        self._open(place)["is_roll_call"] = True
        self._outdate(place)

    def close_roll_call(self, place: Place, corrected: int, actor: str) -> bool:
        item = self._open(place)
        if not item.get("is_roll_call") or item.get("corrected", 0) != corrected:
            return False
        del item["is_roll_call"]
        self._outdate(place)
        return True

    def file(self, video_id: str, place: Place) -> Place:
        return self.filed.setdefault(video_id, place) or place

    def filed_in(self, video_id: str) -> Place | None:
        place = self.filed.get(video_id)
        if place is None and video_id in self.filed:
            raise VideoErasedError
        return place

    def move(self, video_id: str, place: Place, to: Place, actor: str) -> bool:
        record = self.items.get((place.course_id, place.session_id), {"videos": {}})["videos"].get(video_id)
        if record is None or record["status"] is Progress.PROCESSING:
            return False
        kept = {name: value for name, value in record.items() if name != "error"}
        self._open(to)["videos"][video_id] = kept | {"status": Progress.PROCESSING}
        self._item(to)["status"] = Progress.PROCESSING
        if record.get("matches_key"):
            self._outdate(to)
        del self._item(place)["videos"][video_id]
        self._outdate(place)
        self.filed[video_id] = to
        return True

    def leave_out(self, video_id: str, place: Place, actor: str, *, is_left_out: bool) -> bool:
        session = self.items.get((place.course_id, place.session_id), {"videos": {}})
        record = session["videos"].get(video_id)
        if record is None or record.get("left_out", False) == is_left_out:
            return False
        record["left_out"] = is_left_out
        self._outdate(place)
        return True

    def erase(self, video_id: str, place: Place, actor: str) -> bool:
        if not self._item(place)["videos"].get(video_id, {}).get("left_out"):
            return False
        del self._item(place)["videos"][video_id]
        self.filed[video_id] = None
        return True

    def stands(self, place: Place, decision: str) -> bool:
        return bool(self._item(place).get("decision", ("",))[0] == decision)

    def _outdate(self, place: Place) -> None:
        item = self._item(place)
        item["outdated_turn"] = item.get("turns", 0)

    def _open(self, place: Place) -> dict[str, Any]:
        return self.items.setdefault((place.course_id, place.session_id), {"date": place.date, "videos": {}})

    def _item(self, place: Place) -> dict[str, Any]:
        return self.items[place.course_id, place.session_id]

    def _record(self, video: Video) -> dict[str, Any]:
        record: dict[str, Any] = self._item(video.place)["videos"].get(video.video_id, {})
        return record

    def _progress(
        self, place: Place, video_id: str | None, change: dict[str, Any], sources: Sequence[str] = ()
    ) -> Progress:
        item = self._item(place)
        for each, record in item["videos"].items():
            if each != video_id and record.get("matches_key") not in sources:
                continue
            if record["status"] is Progress.COMPLETE:
                record.update({name: value for name, value in change.items() if name == "execution_arn"})
            else:
                record.pop("error", None)
                record.update(change)
        item["status"] = session_progress(each["status"] for each in item["videos"].values())
        return item["status"]  # type: ignore[no-any-return]


@dataclass
class FakeCorrections:
    """`standings` maps (session_key, student_id) to what a person said; `audit` holds every change."""

    standings: dict[tuple[str, str], Standing] = field(default_factory=dict)

    def of(self, session_key: str) -> dict[str, Standing]:
        return {student: standing for (key, student), standing in self.standings.items() if key == session_key}


@dataclass
class FakeAttendance:
    """`rows` maps (session_key, student_id) to the item; `puts` counts the rows written."""

    sessions: FakeSessions
    corrections: FakeCorrections
    rows: dict[tuple[str, str], Document] = field(default_factory=dict)
    puts: int = 0

    def put(self, place: Place, decision: str, rows: Iterable[Document]) -> None:
        for row in rows:
            self._refuse_outdated(place, decision)
            self.rows[row["session_key"], row["student_id"]] = row
            self.puts += 1

    def remove(self, place: Place, decision: str, student_ids: Iterable[str]) -> None:
        for student_id in student_ids:
            self._refuse_outdated(place, decision)
            if self.corrections.standings.get((place.session_key, student_id), Standing()).correction is None:
                self.rows.pop((place.session_key, student_id), None)

    def statuses(self, session_key: str) -> dict[str, Status]:
        return {student_id: Status(row["status"]) for (key, student_id), row in self.rows.items() if key == session_key}

    def _refuse_outdated(self, place: Place, decision: str) -> None:
        if not self.sessions.stands(place, decision):
            raise SessionChangedError


@dataclass
class FakeCorrectionStore:
    """What `attendance.corrections` changes; `audit` holds every change."""

    world: "World"
    audit: list[Change] = field(default_factory=list)

    def decided(self, session_key: str, student_id: str) -> Row | None:
        row = self.world.attendance.rows.get((session_key, student_id))
        return row_from(row) if row else None

    def standing(self, session_key: str, student_id: str) -> Standing:
        return self.world.corrections.standings.get((session_key, student_id), Standing())

    def apply(self, change: Change) -> bool:
        key = (change.session_key, change.student_id)
        row = self.decided(*key)
        if row is None or (row.status, self.standing(*key)) != (change.decided, change.old):
            return False
        self.world.corrections.standings[key] = change.new
        self.audit.append(change)
        item = self.world.sessions.items[self._session(change.session_key)]
        item["corrected"] = item.get("corrected", 0) + 1
        return True

    def recount(self, session_key: str) -> None:
        rows = self.world.register(session_key)
        item = self.world.sessions.items[self._session(session_key)]
        if item["status"] == Progress.COMPLETE:
            item.update(counts=counts_of(rows), counted=item["corrected"])

    @staticmethod
    def _session(session_key: str) -> tuple[str, str]:
        course_id, _, session_id = session_key.partition("#")
        return course_id, session_id


@dataclass
class FakeErasures:
    """`begun` counts the erasings, `at_work` holds whom they are of that are not done, `done` of those that are."""

    begun: int = 0
    at_work: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)

    def under_way(self) -> Erasings:
        return Erasings(self.begun, frozenset(self.at_work))

    def erased(self, student_ids: Iterable[str]) -> set[str]:
        return (self.at_work | self.done) & set(student_ids)


@dataclass
class FakeObjects:
    """Keeps what JSON keeps, so that a document that cannot be written fails here too."""

    objects: dict[str, str] = field(default_factory=dict)

    def put(self, key: str, document: Document) -> None:
        self.objects[key] = json.dumps(document)

    def get(self, key: str) -> Document:
        if key not in self.objects:
            raise ObjectNotFoundError(key)
        document: Document = json.loads(self.objects[key])
        return document

    def delete(self, key: str) -> None:
        self.objects.pop(key, None)


@dataclass
class FakeFaces:
    """Searches whose results tests lay down by object key, or by `key?version` where it has several.

    The same token gives the same job and is paid once.
    """

    results: dict[str, list[Page]] = field(default_factory=dict)
    states: list[SearchState] = field(default_factory=list)
    jobs: dict[str, str] = field(default_factory=dict)
    thresholds: list[float] = field(default_factory=list)

    def model(self) -> str:
        return "7.0"

    def start(self, video: Video, threshold: float, token: str) -> str:
        self.thresholds.append(threshold)
        of_version = f"{video.key}?{video.version_id}"
        self.jobs[f"job-{token[:12]}"] = of_version if of_version in self.results else video.key
        return f"job-{token[:12]}"

    def state(self, job_id: str) -> SearchState:
        return self.states.pop(0) if self.states else SearchState("SUCCEEDED", "", None)

    def pages(self, job_id: str) -> Iterator[Page]:
        yield from self.results.get(self.jobs[job_id], [])


@dataclass
class World:
    """Every fake, and the services that steps see of them."""

    courses: FakeCourses = field(default_factory=FakeCourses)
    rosters: FakeRosters = field(default_factory=FakeRosters)
    sessions: FakeSessions = field(default_factory=FakeSessions)
    corrections: FakeCorrections = field(default_factory=FakeCorrections)
    erasures: FakeErasures = field(default_factory=FakeErasures)
    work: FakeObjects = field(default_factory=FakeObjects)
    faces: FakeFaces = field(default_factory=FakeFaces)

    def __post_init__(self) -> None:
        self.attendance = FakeAttendance(self.sessions, self.corrections)
        self.store = FakeCorrectionStore(self)

    @property
    def services(self) -> Services:
        return Services(
            settings=SETTINGS,
            courses=self.courses,
            rosters=self.rosters,
            sessions=self.sessions,
            attendance=self.attendance,
            corrections=self.corrections,
            erasures=self.erasures,
            work=self.work,
            faces=self.faces,
        )

    def register(self, session_key: str) -> list[RegisterRow]:
        """The session's rows as they count, by student_id."""
        rows = [row_from(row) for (key, _), row in sorted(self.attendance.rows.items()) if key == session_key]
        return in_effect(rows, self.corrections.of(session_key))

    def enrol(self, course_id: str, *student_ids: str) -> None:
        self.courses.add(course_id)
        roster = self.rosters.rosters.setdefault(course_id, [])
        roster += [Enrolment(student_id, f"Name of {student_id}") for student_id in student_ids]
