"""In-memory stand-ins for the services a step uses; they keep the same promises as the real ones (see ports)."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from attendance.errors import ObjectNotFoundError
from attendance.matching import Page
from attendance.model import MACHINE, Course, Enrolment, Progress, Thresholds, Video
from attendance.ports import Document, SearchState, Services, VideoRecord
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
    """`items` maps (course_id, session_id) to the session with its videos."""

    items: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def add_video(self, video: Video, uploaded_at: datetime, execution_arn: str) -> None:
        item = self.items.setdefault((video.course_id, video.session_id), {"date": video.date, "videos": {}})
        record = item["videos"].setdefault(video.video_id, {"key": video.key, "status": Progress.PROCESSING})
        if record["status"] is not Progress.COMPLETE:
            record |= {"status": Progress.PROCESSING, "execution_arn": execution_arn, "uploaded_at": uploaded_at}
            record.pop("error", None)
        self._settle(video)

    def search_started(self, video: Video, job_id: str, model: str) -> None:
        self._record(video)["job_id"] = job_id
        self._item(video)["model"] = model

    def collected(self, video: Video, matches_key: str, duration_ms: int | None) -> None:
        self._record(video).update(matches_key=matches_key, duration_ms=duration_ms)

    def videos(self, video: Video) -> Mapping[str, VideoRecord]:
        videos = self._item(video)["videos"]
        return {name: VideoRecord(record["status"], record.get("matches_key")) for name, record in videos.items()}

    def video_complete(self, video: Video, counts: Mapping[str, int], thresholds: Thresholds) -> Progress:
        self._record(video)["status"] = Progress.COMPLETE
        self._record(video).pop("error", None)
        self._item(video).update(counts=dict(counts), thresholds=thresholds)
        return self._settle(video)

    def video_failed(self, video: Video, error: str, reason: str) -> Progress:
        if self._record(video)["status"] is not Progress.COMPLETE:
            self._record(video).update(status=Progress.FAILED, error={"name": error, "reason": reason})
        return self._settle(video)

    def _item(self, video: Video) -> dict[str, Any]:
        return self.items[video.course_id, video.session_id]

    def _record(self, video: Video) -> dict[str, Any]:
        record: dict[str, Any] = self._item(video)["videos"][video.video_id]
        return record

    def _settle(self, video: Video) -> Progress:
        item = self._item(video)
        item["status"] = session_progress(record["status"] for record in item["videos"].values())
        return item["status"]  # type: ignore[no-any-return]


@dataclass
class FakeAttendance:
    """`rows` maps (session_key, student_id) to the item; `puts` counts the rows written."""

    rows: dict[tuple[str, str], Document] = field(default_factory=dict)
    puts: int = 0

    def corrected(self, session_key: str) -> frozenset[str]:
        return frozenset(
            student_id
            for (key, student_id), row in self.rows.items()
            if key == session_key and row["source"] != MACHINE
        )

    def put(self, rows: Iterable[Document]) -> None:
        for row in rows:
            self.rows[row["session_key"], row["student_id"]] = row
            self.puts += 1

    def statuses(self, session_key: str) -> dict[str, str]:
        return {student_id: row["status"] for (key, student_id), row in self.rows.items() if key == session_key}


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


@dataclass
class FakeFaces:
    """Searches whose results tests lay down by object key; the same token gives the same job and is paid once."""

    results: dict[str, list[Page]] = field(default_factory=dict)
    states: list[SearchState] = field(default_factory=list)
    jobs: dict[str, str] = field(default_factory=dict)
    thresholds: list[float] = field(default_factory=list)

    def model(self) -> str:
        return "7.0"

    def start(self, video: Video, threshold: float, token: str) -> str:
        self.thresholds.append(threshold)
        self.jobs[f"job-{token[:12]}"] = video.key
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
    attendance: FakeAttendance = field(default_factory=FakeAttendance)
    work: FakeObjects = field(default_factory=FakeObjects)
    faces: FakeFaces = field(default_factory=FakeFaces)

    @property
    def services(self) -> Services:
        return Services(SETTINGS, self.courses, self.rosters, self.sessions, self.attendance, self.work, self.faces)

    def enrol(self, course_id: str, *student_ids: str) -> None:
        self.courses.add(course_id)
        roster = self.rosters.rosters.setdefault(course_id, [])
        roster += [Enrolment(student_id, f"Name of {student_id}") for student_id in student_ids]
