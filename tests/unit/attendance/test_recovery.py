"""Which videos are run again, which stops are recorded, and what is told to whom asks in vain."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance import keys
from attendance.model import Progress, VideoObject
from attendance.pipeline import place_of
from attendance.recovery import (
    GRACE,
    MOST,
    RECENT,
    NoSuchSessionError,
    NothingFailedError,
    Reconciled,
    StillRunningError,
    Tools,
    VideoGoneError,
    reconcile_recent,
    record_stopped_run,
    retry,
)
from attendance.register import Session, session_from
from tests.fakes import World

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
COURSE, DATE = "cs101", "2026-11-20"


@dataclass
class FakeRuns:
    """Executions by ARN; what was started, and after which execution."""

    statuses: dict[str, str] = field(default_factory=dict)
    started: list[tuple[VideoObject, str]] = field(default_factory=list)

    def start(self, video: VideoObject, after: str) -> str:
        arn = f"run:{keys.video_id(video)}:{after}"
        if arn not in self.statuses:
            self.started.append((video, after))
        self.statuses[arn] = "RUNNING"
        return arn

    def status(self, execution_arn: str) -> str | None:
        return self.statuses.get(execution_arn)


@dataclass
class FakeUploads:
    stored: list[VideoObject] = field(default_factory=list)

    def since(self, moment: datetime) -> Iterator[VideoObject]:
        yield from (upload for upload in self.stored if upload.uploaded_at >= moment)

    def size_of(self, bucket: str, key: str, version_id: str | None, etag: str) -> int | None:
        for upload in self.stored:
            if (upload.key, upload.etag) == (key, etag) and version_id in (None, upload.version_id):
                return upload.size
        return None

    def erase(self, bucket: str, key: str, version_id: str | None, etag: str) -> None:
        raise AssertionError("nothing here erases a recording")


@dataclass
class Place:
    """A world in which videos are uploaded and recorded."""

    world: World = field(default_factory=World)
    runs: FakeRuns = field(default_factory=FakeRuns)
    uploads: FakeUploads = field(default_factory=FakeUploads)
    items: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    @property
    def tools(self) -> Tools:
        return Tools(self.world.services, self, self.runs, self.uploads)

    def session(self, course_id: str, session_id: str) -> Session | None:
        item = self.items.get((course_id, session_id))
        return session_from(item) if item else None

    def sessions_on(self, date: str) -> list[Session]:
        return [session_from(item) for item in self.items.values() if item["date"] == date]

    def upload(self, name: str = "a.mp4", *, ago: timedelta = timedelta(hours=1), date: str = DATE) -> VideoObject:
        made = VideoObject("b", f"videos/{COURSE}/{date}/{name}", "v1", f"etag of {name}", 7, NOW - ago)
        self.uploads.stored.append(made)
        return made

    def record(
        self, upload: VideoObject, status: str, execution: str = "", ended: str = "", date: str = DATE, **more: Any
    ) -> str:
        """Note a video in its session, whose run `execution` has the status `ended`."""
        key = (COURSE, date)
        item = self.items.setdefault(key, {"course_id": COURSE, "session_id": date, "date": date, "videos": {}})
        record = {"bucket": upload.bucket, "key": upload.key, "etag": upload.etag, "version_id": upload.version_id}
        record |= {"uploaded_at": upload.uploaded_at.isoformat(), "status": status, "execution_arn": execution}
        video_id = keys.video_id(upload)
        item["videos"][video_id] = record | more
        item["status"] = status
        if ended:
            self.runs.statuses[execution] = ended
        return video_id


@pytest.fixture
def place() -> Place:
    made = Place()
    made.world.enrol(COURSE)
    return made


def started(place: Place) -> list[tuple[str, str]]:
    return [(upload.key.rsplit("/", 1)[1], after) for upload, after in place.runs.started]


def status_event(
    upload: VideoObject, status: str, execution: str = "run:1", error: str | None = None
) -> dict[str, Any]:
    given = json.dumps(keys.upload_event(upload))
    return {"detail": {"executionArn": execution, "status": status, "input": given, "error": error, "cause": None}}


def recorded_error(place: Place, upload: VideoObject) -> Any:
    """What the fakes' sessions hold of the upload."""
    return place.world.sessions.items[COURSE, DATE]["videos"][keys.video_id(upload)].get("error")


def test_an_event_made_again_tells_of_the_same_upload(place: Place) -> None:
    for upload in (place.upload(), replace(place.upload("b.mp4"), version_id=None)):
        assert keys.video_object(keys.upload_event(upload)) == upload


# ---- reconcile


def test_an_upload_that_no_session_tells_of_is_run(place: Place) -> None:
    place.upload("lost.mp4")
    assert reconcile_recent(NOW, place.tools) == Reconciled(started=1, recorded=0, settled=0, left=0)
    assert started(place) == [("lost.mp4", "")]


def test_a_second_reconciliation_starts_nothing_more(place: Place) -> None:
    place.upload("lost.mp4")
    place.record(place.upload(), "processing", "run:1", "FAILED")
    reconcile_recent(NOW, place.tools)
    reconcile_recent(NOW, place.tools)
    assert len(started(place)) == 2


def test_an_upload_whose_event_may_still_come_is_left_alone(place: Place) -> None:
    place.upload(ago=GRACE - timedelta(seconds=1))
    assert reconcile_recent(NOW, place.tools) == Reconciled(0, 0, 0, 0)


def test_an_upload_from_before_the_last_days_is_left_alone(place: Place) -> None:
    place.upload(ago=RECENT + timedelta(seconds=1))
    assert reconcile_recent(NOW, place.tools) == Reconciled(0, 0, 0, 0)


@pytest.mark.parametrize("status", ["complete", "failed"])
def test_a_video_with_a_register_or_a_failure_is_left_alone(place: Place, status: str) -> None:
    place.record(place.upload(), status, "run:1")
    assert reconcile_recent(NOW, place.tools) == Reconciled(0, 0, 0, 0)


def test_an_upload_whose_event_named_no_version_is_known_by_its_bytes(place: Place) -> None:
    place.record(replace(place.upload(), version_id=None), "complete")
    assert reconcile_recent(NOW, place.tools) == Reconciled(0, 0, 0, 0)


@pytest.mark.parametrize("key", [f"videos/{COURSE}/2025-01-10/a.mp4", "videos/no place.txt"])
def test_an_upload_whose_event_named_no_version_is_known_in_a_session_long_ago_and_among_the_unfiled(
    place: Place, key: str
) -> None:
    upload = replace(place.upload(), key=key)
    place.uploads.stored = [upload]
    told = place_of(replace(upload, version_id=None), place.world.services)
    item = {"course_id": told.course_id, "session_id": told.session_id, "date": "2025-01-10"}
    place.items[told.course_id, told.session_id] = item | {"videos": {told.video_id: {"status": "failed"}}}
    assert reconcile_recent(NOW, place.tools) == Reconciled(0, 0, 0, 0)


def test_a_video_of_a_class_long_ago_is_found_by_its_upload(place: Place) -> None:
    done, broken = place.upload("a.mp4", date="2025-01-10"), place.upload("b.mp4", date="2025-01-10")
    place.record(done, "complete", date="2025-01-10")
    place.record(broken, "processing", "run:2", "FAILED", date="2025-01-10")
    place.upload("c.mp4", date="2025-01-10")
    assert reconcile_recent(NOW, place.tools).started == 2
    assert sorted(started(place)) == [("b.mp4", "run:2"), ("c.mp4", "")]


def test_a_video_that_a_run_is_at_work_on_is_left_alone(place: Place) -> None:
    place.record(place.upload(), "processing", "run:1", "RUNNING")
    assert reconcile_recent(NOW, place.tools) == Reconciled(0, 0, 0, 0)


@pytest.mark.parametrize("ended", ["FAILED", "SUCCEEDED", ""])
def test_a_video_whose_run_broke_off_or_is_forgotten_is_run_after_it(place: Place, ended: str) -> None:
    upload = place.upload()
    place.record(upload, "processing", "run:1", ended)
    assert reconcile_recent(NOW, place.tools) == Reconciled(1, 0, 0, 0)
    assert place.runs.started == [(upload, "run:1")]


def test_a_run_that_ended_well_between_the_two_looks_is_left_alone(place: Place) -> None:
    video_id = place.record(place.upload(), "processing", "run:1", "SUCCEEDED")
    stale = place.sessions_on(DATE)
    place.items[COURSE, DATE]["videos"][video_id]["status"] = "complete"
    place.sessions_on = lambda date: stale if date == DATE else []  # type: ignore[method-assign]
    assert reconcile_recent(NOW, place.tools) == Reconciled(0, 0, 0, 0)


def test_a_video_that_another_run_has_just_taken_up_is_left_alone(place: Place) -> None:
    video_id = place.record(place.upload(), "processing", "run:1", "FAILED")
    stale = place.sessions_on(DATE)
    place.items[COURSE, DATE]["videos"][video_id]["execution_arn"] = "run:2"
    place.sessions_on = lambda date: stale if date == DATE else []  # type: ignore[method-assign]
    assert reconcile_recent(NOW, place.tools) == Reconciled(0, 0, 0, 0)


def test_a_video_deleted_while_it_ran_is_run_with_what_is_recorded_and_so_fails_with_a_reason(place: Place) -> None:
    upload = place.upload()
    place.record(upload, "processing", "run:1", "FAILED")
    place.uploads.stored.clear()
    assert reconcile_recent(NOW, place.tools).started == 1
    ((again, _),) = place.runs.started
    assert (keys.video_id(again), again.size > 0) == (keys.video_id(upload), True)


@pytest.mark.parametrize(("status", "name"), [("TIMED_OUT", "Execution.TimedOut"), ("ABORTED", "Execution.Aborted")])
def test_a_stopped_run_whose_event_was_lost_is_recorded_and_not_run_again(place: Place, status: str, name: str) -> None:
    upload = place.upload()
    place.record(upload, "processing", "run:1", status)
    assert reconcile_recent(NOW, place.tools) == Reconciled(started=0, recorded=1, settled=0, left=0)
    assert recorded_error(place, upload)["name"] == name


def test_only_so_many_are_started_at_once_the_earliest_first(place: Place) -> None:
    for number in range(MOST + 7):
        place.upload(f"{number:03}.mp4", ago=timedelta(minutes=20 + number))
    assert reconcile_recent(NOW, place.tools) == Reconciled(started=MOST, recorded=0, settled=0, left=7)
    assert started(place)[0] == (f"{MOST + 6:03}.mp4", "")
    assert ("000.mp4", "") not in started(place)


@given(st.text(max_size=200))
def test_no_name_of_an_upload_keeps_the_others_from_being_found(name: str) -> None:
    place = Place()
    place.world.enrol(COURSE)
    place.upload("good.mp4")
    place.uploads.stored.append(replace(place.uploads.stored[0], key=f"videos/{name}", etag="another"))
    assert reconcile_recent(NOW, place.tools).started == 2


# ---- a run that was stopped


@pytest.mark.parametrize(
    ("status", "error", "name"),
    [
        ("TIMED_OUT", None, "Execution.TimedOut"),
        ("ABORTED", None, "Execution.Aborted"),
        ("FAILED", "States.DataLimitExceeded", "States.DataLimitExceeded"),
        ("FAILED", None, "FAILED"),
    ],
)
def test_a_stopped_run_is_a_failed_video_with_a_sentence(
    place: Place, status: str, error: str | None, name: str
) -> None:
    upload = place.upload()
    place.record(upload, "processing", "run:1")
    assert record_stopped_run(status_event(upload, status, error=error), place.tools)
    failure = recorded_error(place, upload)
    assert failure["name"] == name
    assert failure["reason"].endswith(".")


def test_a_run_stopped_before_it_registered_its_video_is_recorded_too(place: Place) -> None:
    upload = place.upload()
    assert record_stopped_run(status_event(upload, "ABORTED"), place.tools)
    assert recorded_error(place, upload)["name"] == "Execution.Aborted"


@pytest.mark.parametrize("status", ["complete", "failed"])
def test_what_is_recorded_already_stays(place: Place, status: str) -> None:
    upload = place.upload()
    place.record(upload, status, "run:1")
    assert not record_stopped_run(status_event(upload, "FAILED", error="FaceSearchFailedError"), place.tools)
    assert place.world.sessions.items == {}


def test_a_video_that_another_run_took_up_since_has_not_failed(place: Place) -> None:
    upload = place.upload()
    place.record(upload, "processing", "run:2")
    assert not record_stopped_run(status_event(upload, "ABORTED", "run:1"), place.tools)


@pytest.mark.parametrize("given", [None, "", "{}", "[]", "no JSON", '{"detail": {"object": 1}}', "\x00"])
def test_an_execution_that_was_started_with_something_else_is_nobodys_video(place: Place, given: str | None) -> None:
    detail = {"executionArn": "run:1", "status": "ABORTED", "input": given}
    assert not record_stopped_run({"detail": detail}, place.tools)


# ---- retry


def test_a_retry_runs_every_failed_video_of_the_session_and_no_other(place: Place) -> None:
    failed, done, stuck = (place.upload(f"{name}.mp4") for name in ("failed", "done", "stuck"))
    place.record(failed, "failed", "run:1", "FAILED")
    place.record(done, "complete", "run:2", "SUCCEEDED")
    place.record(stuck, "processing", "run:3", "ABORTED")
    again = retry(COURSE, DATE, None, place.tools)
    assert set(again) == {keys.video_id(failed), keys.video_id(stuck)}
    assert sorted(started(place)) == [("failed.mp4", "run:1"), ("stuck.mp4", "run:3")]


def test_a_retry_keeps_the_videos_id_whatever_the_event_named(place: Place) -> None:
    upload = place.upload()
    unversioned = replace(upload, version_id=None, uploaded_at=upload.uploaded_at - timedelta(seconds=1))
    video_id = place.record(unversioned, "failed", "run:1")
    retry(COURSE, DATE, video_id, place.tools)
    assert place.runs.started == [(unversioned, "run:1")]


def test_a_retry_asked_for_twice_is_one_run(place: Place) -> None:
    place.record(place.upload(), "failed", "run:1")
    retry(COURSE, DATE, None, place.tools)
    retry(COURSE, DATE, None, place.tools)
    assert len(started(place)) == 1


def test_a_retry_leaves_alone_what_runs(place: Place) -> None:
    place.record(place.upload("a.mp4"), "processing", "run:1", "RUNNING")
    place.record(place.upload("b.mp4"), "failed", "run:2", "FAILED")
    retry(COURSE, DATE, None, place.tools)
    assert started(place) == [("b.mp4", "run:2")]


def test_a_session_or_video_that_is_not_there_is_told(place: Place) -> None:
    place.record(place.upload(), "failed", "run:1")
    for course_id, session_id, video_id in (("x", DATE, None), (COURSE, "1999-01-01", None), (COURSE, DATE, "0" * 16)):
        with pytest.raises(NoSuchSessionError, match="rollcall session list"):
            retry(course_id, session_id, video_id, place.tools)


def test_a_session_where_nothing_failed_is_told(place: Place) -> None:
    place.record(place.upload(), "complete", "run:1")
    with pytest.raises(NothingFailedError):
        retry(COURSE, DATE, None, place.tools)


def test_a_run_that_goes_on_is_told(place: Place) -> None:
    place.record(place.upload(), "processing", "run:1", "RUNNING")
    with pytest.raises(StillRunningError):
        retry(COURSE, DATE, None, place.tools)


def test_a_video_that_is_gone_is_told_and_nothing_is_started(place: Place) -> None:
    place.record(place.upload("a.mp4"), "failed", "run:1")
    gone = place.upload("gone.mp4")
    place.record(gone, "failed", "run:2")
    place.uploads.stored.remove(gone)
    with pytest.raises(VideoGoneError, match=r"gone\.mp4 .* Upload it again"):
        retry(COURSE, DATE, None, place.tools)
    assert started(place) == []


# ---- the queue


@pytest.mark.parametrize(
    ("status", "job", "queued"),
    [("processing", None, True), ("processing", "job", False), ("failed", None, False), ("complete", "job", False)],
)
def test_a_video_is_queued_until_the_face_service_takes_it(
    place: Place, status: str, job: str | None, queued: bool
) -> None:
    place.record(place.upload(), status, "run:1", job_id=job)
    session = place.session(COURSE, DATE)
    assert session
    assert session.videos[0].is_queued is queued
    assert session.status is Progress(status)
