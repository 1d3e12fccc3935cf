"""What people do with sessions and with their videos, on real tables."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from attendance import keys
from attendance.aws import clients, compose
from attendance.aws.rows_log import DynamoLogReader
from attendance.corrections import Said
from attendance.decisions import close, decide_session, settle
from attendance.errors import BadSessionError, SessionChangedError, UnknownCourseError, VideoErasedError
from attendance.model import Progress, Status
from attendance.ports import Services
from attendance.recovery import (
    NoSuchSessionError,
    Reconciled,
    StillRunningError,
    Tools,
    VideoGoneError,
    reconcile_recent,
)
from attendance.register import all_sessions
from attendance.rows_log import LogFilter, every, walk
from attendance.sessions import (
    NoRollError,
    RollCalledError,
    SameSessionError,
    close_session,
    count_again,
    decide_again,
    erase_recording,
    leave_out,
    move_video,
    open_session,
)
from tests.builders import EXECUTION, SETTINGS, detection, event, page
from tests.fakes import World
from tests.functional.functions.conftest import Run, Step, run_with, step_on
from tests.functional.functions.moto_tables import enrol, table
from tests.functional.functions.stopped import executions, make_tools, put_video

MONDAY, TUESDAY = (keys.place("cs101", day) for day in ("2026-11-20", "2026-11-21"))
WEDNESDAY = datetime(2026, 11, 22, 12, tzinfo=UTC)
CutOff = Callable[[Callable[[], object]], None]


def statuses(session_key: str) -> dict[str, str]:
    return {row.student_id: row.status.value for row in compose.reader(SETTINGS).rows(session_key)}


def session(course_id: str, session_id: str) -> Any:
    found = compose.reader(SETTINGS).session(course_id, session_id)
    assert found is not None
    return found


def listed(course_id: str) -> list[str]:
    return [found.session_id for found in all_sessions(compose.reader(SETTINGS), course_id, page=1)]


@pytest.fixture
def tools(aws_services: Services) -> Tools:
    enrol("cs101", "ada", "eve")
    return make_tools(aws_services)


@pytest.fixture
def step(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> Step:
    return step_on(tools.services, monkeypatch)


@pytest.fixture
def run(step: Step) -> Run:
    return run_with(step)


def stored(world: World, key: str, *students: str, body: bytes = b"a video", hour: int = 16) -> dict[str, Any]:
    """The event of a stored video that shows some students, from now on."""
    made = put_video(key, body)
    faces = (detection(0, person, {student: 99.5}) for person, student in enumerate(students))
    world.faces.results[key] = [page(*faces)]
    time = f"2026-11-20T{hour}:00:00Z"
    return event(key, version=made.version_id, etag=made.etag, size=made.size, time=time)


def video_id(upload: dict[str, Any]) -> str:
    return keys.video_id(keys.video_object(upload))


def erase_object(upload: dict[str, Any]) -> None:
    made = upload["detail"]["object"]
    clients.s3().delete_object(Bucket=SETTINGS.videos_bucket, Key=made["key"], VersionId=made["version-id"])


class TestRollCall:
    """A session without a video."""

    def test_everybody_enrolled_gets_a_row_that_a_person_fills_in(self, aws_services: Services) -> None:
        enrol("cs101", "ada", "eve")
        place, counts = open_session("cs101", "2026-11-20", "lab", aws_services)
        assert (place.session_id, counts) == ("2026-11-20_lab", {"review": 2, "present": 0, "absent": 0})
        assert {row["source"] for row in table("rollcall-attendance").scan()["Items"]} == {"roll call"}
        compose.corrector(SETTINGS).correct(place.session_key, "ada", Said(Status.PRESENT), "ann", None, 0)
        assert statuses(place.session_key) == {"ada": "present", "eve": "review"}
        shown = session("cs101", place.session_id)
        assert (shown.status, shown.counts) == ("complete", {"review": 1, "present": 1, "absent": 0})

    def test_opening_again_adds_who_was_enrolled_meanwhile_and_keeps_what_was_said(
        self, aws_services: Services
    ) -> None:
        enrol("cs101", "ada")
        place, _ = open_session("cs101", "2026-11-20", None, aws_services)
        compose.corrector(SETTINGS).correct(place.session_key, "ada", Said(Status.EXCUSED), "ann", "ill", 0)
        enrol("cs101", "eve")
        _, counts = open_session("cs101", "2026-11-20", None, aws_services)
        assert counts == {"review": 1, "present": 0, "absent": 0, "excused": 1}

    def test_a_video_that_comes_later_decides_and_what_was_said_stays(
        self, aws_services: Services, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        enrol("cs101", "ada", "eve", "joe")
        place, _ = open_session("cs101", "2026-11-20", None, aws_services)
        compose.corrector(SETTINGS).correct(place.session_key, "joe", Said(Status.PRESENT), "ann", None, 0)
        world.faces.results[event()["detail"]["object"]["key"]] = [page(detection(0, 0, {"ada": 99.5}))]
        run_with(step_on(aws_services, monkeypatch))(event())
        assert statuses(place.session_key) == {"ada": "present", "eve": "absent", "joe": "present"}
        assert {row["source"] for row in table("rollcall-attendance").scan()["Items"]} == {"machine"}
        assert open_session("cs101", "2026-11-20", None, aws_services)[1]["absent"] == 1
        assert statuses(place.session_key) == {"ada": "present", "eve": "absent", "joe": "present"}

    def test_a_roll_opened_by_mistake_goes_with_its_rows(self, tools: Tools) -> None:
        place, _ = open_session("cs101", "2026-11-20", None, tools.services)
        close_session("cs101", "2026-11-20", "ann", tools)
        assert statuses(place.session_key) == {}
        assert listed("cs101") == []
        with pytest.raises(NoRollError):
            close_session("cs101", "2026-11-20", "ann", tools)
        assert [entry["action"] for entry in table("rollcall-audit").scan()["Items"]] == ["close roll call"]

    def test_what_is_said_while_a_roll_is_taken_back_keeps_it(
        self, tools: Tools, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        place, _ = open_session("cs101", "2026-11-20", None, tools.services)
        looked = tools.services.corrections.of

        def look_then_say(session_key: str) -> Any:
            found = looked(session_key)
            compose.corrector(SETTINGS).correct(session_key, "ada", Said(Status.PRESENT), "bob", None, 0)
            return found

        with monkeypatch.context() as patch:
            patch.setattr(tools.services.corrections, "of", look_then_say)
            with pytest.raises(NoRollError):
                close_session("cs101", "2026-11-20", "ann", tools)
        with pytest.raises(RollCalledError):
            close_session("cs101", "2026-11-20", "ann", tools)
        assert statuses(place.session_key) == {"ada": "present", "eve": "review"}

    def test_what_cannot_be_a_session_is_refused(self, aws_services: Services) -> None:
        enrol("cs101")
        with pytest.raises(BadSessionError):
            open_session("cs101", "2026-02-30", None, aws_services)
        with pytest.raises(BadSessionError):
            open_session("cs101", "2026-11-20", "a/b", aws_services)
        with pytest.raises(UnknownCourseError):
            open_session("cs404", "2026-11-20", None, aws_services)
        assert table("rollcall-sessions").scan()["Items"] == []


class TestMove:
    """A video in the wrong session."""

    def test_both_registers_are_decided_again_and_the_search_is_paid_once(
        self, tools: Tools, run: Run, world: World
    ) -> None:
        wrong = stored(world, "videos/cs101/2026-11-20/wrong.mp4", "eve")
        run(stored(world, "videos/cs101/2026-11-20/right.mp4", "ada"))
        run(wrong)
        assert statuses(MONDAY.session_key) == {"ada": "present", "eve": "present"}
        move_video("cs101", "2026-11-20", video_id(wrong), TUESDAY, "ann", tools)
        assert statuses(MONDAY.session_key) == {"ada": "present", "eve": "absent"}
        assert statuses(TUESDAY.session_key) == {"ada": "absent", "eve": "present"}
        assert session("cs101", "2026-11-21").status is Progress.COMPLETE
        assert executions(tools) == {}
        assert [video.key for video in session("cs101", "2026-11-20").videos] == ["videos/cs101/2026-11-20/right.mp4"]
        assert len(world.faces.jobs) == 2
        (entry,) = table("rollcall-audit").scan()["Items"]
        assert (entry["actor"], entry["old"], entry["new"]) == ("ann", MONDAY.session_key, TUESDAY.session_key)

    def test_its_event_that_comes_again_does_not_bring_it_back(self, tools: Tools, run: Run, world: World) -> None:
        wrong = stored(world, "videos/cs101/2026-11-20/wrong.mp4", "eve")
        run(wrong)
        move_video("cs101", "2026-11-20", video_id(wrong), TUESDAY, "ann", tools)
        for _ in range(2):
            run(wrong)
        assert statuses(MONDAY.session_key) == {}
        assert statuses(TUESDAY.session_key) == {"ada": "absent", "eve": "present"}
        assert session("cs101", "2026-11-20").videos == ()
        assert listed("cs101") == ["2026-11-21"]
        assert [found.session_id for found in compose.reader(SETTINGS).sessions_on("2026-11-20")] == []

    def test_a_session_that_lost_its_videos_is_listed_as_long_as_something_stands_there(
        self, tools: Tools, run: Run, world: World
    ) -> None:
        wrong = stored(world, "videos/cs101/2026-11-20/wrong.mp4", "eve")
        run(wrong)
        compose.corrector(SETTINGS).correct(MONDAY.session_key, "ada", Said(Status.EXCUSED), "ann", "ill", 0)
        move_video("cs101", "2026-11-20", video_id(wrong), TUESDAY, "ann", tools)
        assert listed("cs101") == ["2026-11-21", "2026-11-20"]
        compose.corrector(SETTINGS).undo(MONDAY.session_key, "ada", "ann", None, 1)
        open_session("cs101", "2026-11-20", None, tools.services)
        assert listed("cs101") == ["2026-11-21", "2026-11-20"]

    def test_what_people_said_in_the_old_session_is_kept(self, tools: Tools, run: Run, world: World) -> None:
        wrong = stored(world, "videos/cs101/2026-11-20/wrong.mp4", "eve")
        run(wrong)
        compose.corrector(SETTINGS).correct(MONDAY.session_key, "ada", Said(Status.EXCUSED), "ann", "ill", 0)
        move_video("cs101", "2026-11-20", video_id(wrong), TUESDAY, "ann", tools)
        assert statuses(MONDAY.session_key) == {"ada": "excused"}

    def test_a_roll_call_without_students_is_listed(self, tools: Tools) -> None:
        enrol("empty")
        open_session("empty", "2026-11-20", None, tools.services)
        assert listed("empty") == ["2026-11-20"]

    def test_a_video_whose_course_came_later_is_told_of_in_its_session_only(
        self, tools: Tools, run: Run, step: Step, world: World
    ) -> None:
        early = stored(world, "videos/new/2026-11-20/lecture.mp4", "eve")
        failure = {"event": early, "execution_arn": EXECUTION, "error": {"Error": "UnknownCourseError"}}
        kept = step("record_failure", failure)
        assert listed("unfiled") == [kept["session_id"]]
        enrol("new", "eve")
        run(early)
        assert (listed("unfiled"), listed("new")) == ([], ["2026-11-20"])
        assert statuses("new#2026-11-20") == {"eve": "present"}

    def test_a_video_that_fails_where_it_is_filed_at_last_is_told_of_there_only(
        self, tools: Tools, step: Step, world: World
    ) -> None:
        early = stored(world, "videos/new/2026-11-20/lecture.mp4", "eve")
        failure = {"event": early, "execution_arn": EXECUTION, "error": {"Error": "UnknownCourseError"}}
        step("record_failure", failure)
        enrol("new", "eve")
        assert step("record_failure", failure)["course_id"] == "new"
        assert (listed("unfiled"), listed("new")) == ([], ["2026-11-20"])

    def test_a_video_that_could_not_be_filed_can_be_moved_where_it_belongs(
        self, tools: Tools, run: Run, step: Step, world: World
    ) -> None:
        lost = stored(world, "videos/whatever/lecture.mp4", "eve")
        failure = {"event": lost, "execution_arn": EXECUTION, "error": {"Error": "BadVideoKeyError"}}
        kept = step("record_failure", failure)
        move_video("unfiled", kept["session_id"], kept["video_id"], TUESDAY, "ann", tools)
        run(lost)
        assert statuses(TUESDAY.session_key) == {"ada": "absent", "eve": "present"}
        assert compose.reader(SETTINGS).session("unfiled", kept["session_id"]) is None

    def test_asking_again_after_it_broke_off_goes_on(
        self, tools: Tools, run: Run, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wrong = stored(world, "videos/cs101/2026-11-20/wrong.mp4", "eve")
        run(wrong)

        def break_off(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as broken:
            broken.setattr("attendance.sessions.settle", break_off)
            with pytest.raises(KeyboardInterrupt):
                move_video("cs101", "2026-11-20", video_id(wrong), TUESDAY, "ann", tools)
        assert session("cs101", "2026-11-21").status is Progress.PROCESSING
        for _ in range(2):
            assert not move_video("cs101", "2026-11-20", video_id(wrong), TUESDAY, "ann", tools)
        assert executions(tools) == {}
        assert statuses(MONDAY.session_key) == {}
        assert statuses(TUESDAY.session_key) == {"ada": "absent", "eve": "present"}
        assert session("cs101", "2026-11-21").status is Progress.COMPLETE

    def test_a_video_that_is_stored_no_more_moves_with_what_was_found_in_it(
        self, tools: Tools, run: Run, world: World
    ) -> None:
        wrong = stored(world, "videos/cs101/2026-11-20/wrong.mp4", "eve")
        run(wrong)
        erase_object(wrong)
        move_video("cs101", "2026-11-20", video_id(wrong), TUESDAY, "ann", tools)
        assert (statuses(MONDAY.session_key), session("cs101", "2026-11-20").videos) == ({}, ())
        assert statuses(TUESDAY.session_key) == {"ada": "absent", "eve": "present"}
        move_video("cs101", "2026-11-21", video_id(wrong), MONDAY, "ann", tools)
        assert statuses(MONDAY.session_key) == {"ada": "absent", "eve": "present"}
        assert executions(tools) == {}

    def test_a_video_that_was_never_searched_moves_only_while_it_is_stored(
        self, tools: Tools, run: Run, step: Step, world: World
    ) -> None:
        failed = stored(world, "videos/cs101/2026-11-20/failed.mp4", "eve")
        step("record_failure", {"event": failed, "execution_arn": EXECUTION, "error": {"Error": "X", "Cause": ""}})
        assert move_video("cs101", "2026-11-20", video_id(failed), TUESDAY, "ann", tools)
        assert list(executions(tools)) == ["videos/cs101/2026-11-20/failed.mp4"]
        gone = stored(world, "videos/cs101/2026-11-20/gone.mp4", "eve")
        step("record_failure", {"event": gone, "execution_arn": EXECUTION, "error": {"Error": "X", "Cause": ""}})
        erase_object(gone)
        before = table("rollcall-sessions").scan()["Items"]
        with pytest.raises(VideoGoneError):
            move_video("cs101", "2026-11-20", video_id(gone), TUESDAY, "ann", tools)
        assert table("rollcall-sessions").scan()["Items"] == before

    def test_what_cannot_be_moved_is_refused_and_nothing_changes(
        self, tools: Tools, run: Run, step: Step, world: World
    ) -> None:
        upload = stored(world, "videos/cs101/2026-11-20/a.mp4", "eve")
        run(upload)
        busy = stored(world, "videos/cs101/2026-11-20/b.mp4", "eve")
        step("register_video", {"event": busy, "execution_arn": EXECUTION})
        before = table("rollcall-sessions").scan()["Items"]
        refused: list[tuple[str, str, dict[str, Any], Any, type[Exception]]] = [
            ("cs101", "2026-11-20", upload, MONDAY, SameSessionError),
            ("cs101", "2026-11-20", busy, TUESDAY, StillRunningError),
            ("cs101", "2026-11-19", upload, TUESDAY, NoSuchSessionError),
            ("cs101", "2026-11-20", event("videos/other.mp4"), TUESDAY, NoSuchSessionError),
            ("cs101", "2026-11-20", upload, keys.place("cs404", "2026-11-20"), UnknownCourseError),
        ]
        for course_id, session_id, of, to, error in refused:
            with pytest.raises(error):
                move_video(course_id, session_id, video_id(of), to, "ann", tools)
        assert table("rollcall-sessions").scan()["Items"] == before
        assert table("rollcall-audit").scan()["Items"] == []


LECTURE = "videos/cs101/2026-11-20/lecture.mp4"


class TestReplaced:
    """Several uploads of one object."""

    def test_the_right_recording_under_the_same_key_takes_the_place_of_the_wrong_one(
        self, tools: Tools, run: Run, world: World
    ) -> None:
        run(stored(world, LECTURE, "ada"))
        wrong = session("cs101", "2026-11-20").videos[0]
        run(stored(world, LECTURE, "eve", body=b"the right one", hour=17))
        assert statuses(MONDAY.session_key) == {"ada": "absent", "eve": "present"}
        shown = session("cs101", "2026-11-20")
        assert (len(shown.videos), shown.replaced, shown.status) == (2, {wrong.video_id}, Progress.COMPLETE)

    def test_whichever_run_ends_last(self, tools: Tools, run: Run, world: World) -> None:
        early = stored(world, LECTURE, "ada")
        late = stored(world, LECTURE, "eve", body=b"the right one", hour=17)
        run(late)
        world.faces.results[LECTURE] = [page(detection(0, 0, {"ada": 99.5}))]
        run(early)
        assert statuses(MONDAY.session_key) == {"ada": "absent", "eve": "present"}
        assert session("cs101", "2026-11-20").replaced == {video_id(early)}

    def test_a_file_that_is_sent_twice_shows_nobody_twice_as_often(self, tools: Tools, run: Run, world: World) -> None:
        for hour in (16, 17):
            run(stored(world, LECTURE, "ada", hour=hour))
        (row,) = (row for row in compose.reader(SETTINGS).rows(MONDAY.session_key) if row.student_id == "ada")
        assert (len(session("cs101", "2026-11-20").videos), row.sightings) == (2, 1)

    def test_the_one_before_counts_until_the_new_one_was_searched(
        self, tools: Tools, run: Run, step: Step, world: World
    ) -> None:
        run(stored(world, LECTURE, "ada"))
        broken = stored(world, LECTURE, "eve", body=b"not a video", hour=17)
        step("record_failure", {"event": broken, "execution_arn": EXECUTION, "error": {"Error": "X", "Cause": ""}})
        decide_again("cs101", "2026-11-20", tools)
        assert statuses(MONDAY.session_key) == {"ada": "present", "eve": "absent"}
        assert session("cs101", "2026-11-20").replaced == frozenset()

    def test_the_one_before_counts_again_when_the_new_one_is_left_out(
        self, tools: Tools, run: Run, world: World
    ) -> None:
        run(stored(world, LECTURE, "ada"))
        new = stored(world, LECTURE, "eve", body=b"the wrong one", hour=17)
        run(new)
        leave_out("cs101", "2026-11-20", video_id(new), "ann", tools)
        assert statuses(MONDAY.session_key) == {"ada": "present", "eve": "absent"}


class TestLeftOut:
    """A video that is not to count."""

    def test_the_register_is_decided_without_it_and_with_it_again(self, tools: Tools, run: Run, world: World) -> None:
        run(stored(world, LECTURE, "ada"))
        other = stored(world, "videos/cs101/2026-11-20/party.mp4", "eve")
        run(other)
        for _ in range(2):
            leave_out("cs101", "2026-11-20", video_id(other), "ann", tools)
            assert statuses(MONDAY.session_key) == {"ada": "present", "eve": "absent"}
        run(other)
        assert statuses(MONDAY.session_key) == {"ada": "present", "eve": "absent"}
        for _ in range(2):
            count_again("cs101", "2026-11-20", video_id(other), "bob", tools)
            assert statuses(MONDAY.session_key) == {"ada": "present", "eve": "present"}
        entries = sorted(table("rollcall-audit").scan()["Items"], key=lambda entry: str(entry["time"]))
        assert [(entry["actor"], entry["action"]) for entry in entries] == [
            ("ann", "leave out"),
            ("bob", "count again"),
        ]

    def test_without_any_video_only_what_people_said_is_left(self, tools: Tools, run: Run, world: World) -> None:
        only = stored(world, LECTURE, "ada")
        run(only)
        compose.corrector(SETTINGS).correct(MONDAY.session_key, "eve", Said(Status.EXCUSED), "ann", "ill", 0)
        leave_out("cs101", "2026-11-20", video_id(only), "ann", tools)
        assert statuses(MONDAY.session_key) == {"eve": "excused"}
        open_session("cs101", "2026-11-20", None, tools.services)
        assert statuses(MONDAY.session_key) == {"ada": "review", "eve": "excused"}

    def test_it_stays_left_out_where_it_is_moved(self, tools: Tools, run: Run, world: World) -> None:
        party = stored(world, LECTURE, "ada")
        run(party)
        leave_out("cs101", "2026-11-20", video_id(party), "ann", tools)
        move_video("cs101", "2026-11-20", video_id(party), TUESDAY, "ann", tools)
        assert statuses(TUESDAY.session_key) == {}
        shown = session("cs101", "2026-11-21")
        assert ([video.is_left_out for video in shown.videos], shown.status) == ([True], Progress.COMPLETE)

    @pytest.mark.parametrize("way", ["left out", "moved"])
    def test_who_is_on_the_roster_no_more_keeps_the_row_when_it_is_undone(
        self, tools: Tools, run: Run, world: World, way: str
    ) -> None:
        only = stored(world, LECTURE, "ada", "eve")
        run(only)
        table("rollcall-rosters").delete_item(Key={"course_id": "cs101", "student_id": "eve"})
        before = compose.reader(SETTINGS).rows(MONDAY.session_key)
        if way == "left out":
            leave_out("cs101", "2026-11-20", video_id(only), "ann", tools)
            assert statuses(MONDAY.session_key) == {"eve": "present"}
            count_again("cs101", "2026-11-20", video_id(only), "ann", tools)
        else:
            move_video("cs101", "2026-11-20", video_id(only), TUESDAY, "ann", tools)
            assert statuses(MONDAY.session_key) == {"eve": "present"}
            move_video("cs101", "2026-11-21", video_id(only), MONDAY, "ann", tools)
            assert statuses(TUESDAY.session_key) == {}
        assert compose.reader(SETTINGS).rows(MONDAY.session_key) == before

    def test_what_is_not_there_cannot_be_left_out(self, tools: Tools, run: Run, world: World) -> None:
        run(stored(world, LECTURE, "ada"))
        for change in (leave_out, count_again, erase_recording):
            for session_id, asked in (("2026-11-20", "0" * 16), ("2026-11-19", "0" * 16)):
                with pytest.raises(NoSuchSessionError):
                    change("cs101", session_id, asked, "ann", tools)
        assert table("rollcall-audit").scan()["Items"] == []


class TestErased:
    """A recording that may not be kept."""

    def test_the_recording_and_what_was_found_in_it_go_and_other_uploads_of_the_key_stay(
        self, tools: Tools, run: Run, world: World
    ) -> None:
        kept = stored(world, LECTURE, "ada")
        run(kept)
        bad = stored(world, LECTURE, "eve", body=b"objectionable", hour=17)
        found = run(bad)["matches"]["key"]
        erase_recording("cs101", "2026-11-20", video_id(bad), "ann", tools)
        assert statuses(MONDAY.session_key) == {"ada": "present", "eve": "absent"}
        assert [video.video_id for video in session("cs101", "2026-11-20").videos] == [video_id(kept)]
        versions = clients.s3().list_object_versions(Bucket=SETTINGS.videos_bucket)["Versions"]
        assert [version["VersionId"] for version in versions] == [kept["detail"]["object"]["version-id"]]
        listed_keys = clients.s3().list_objects_v2(Bucket=SETTINGS.work_bucket)["Contents"]
        assert found not in [made["Key"] for made in listed_keys]
        actions = {entry["action"] for entry in table("rollcall-audit").scan()["Items"]}
        assert actions == {"leave out", "erase"}
        assert not session("cs101", "2026-11-20").is_outdated

    def test_of_a_video_that_failed_nothing_is_told_once_it_is_erased(
        self, tools: Tools, step: Step, world: World
    ) -> None:
        open_session("cs101", "2026-11-20", None, tools.services)
        bad = stored(world, LECTURE, "eve")
        step("record_failure", {"event": bad, "execution_arn": EXECUTION, "error": {"Error": "EmptyVideoError"}})
        assert session("cs101", "2026-11-20").error
        erase_recording("cs101", "2026-11-20", video_id(bad), "ann", tools)
        shown = session("cs101", "2026-11-20")
        assert (shown.status, shown.error, shown.is_outdated) == (Progress.COMPLETE, None, False)
        assert statuses(MONDAY.session_key) == {"ada": "review", "eve": "review"}

    def test_its_event_that_comes_late_is_refused_with_the_reason(
        self, tools: Tools, run: Run, step: Step, world: World
    ) -> None:
        bad = stored(world, LECTURE, "eve")
        run(bad)
        erase_recording("cs101", "2026-11-20", video_id(bad), "ann", tools)
        with pytest.raises(VideoErasedError):
            step("register_video", {"event": bad, "execution_arn": EXECUTION})
        cause = json.dumps({"errorMessage": "An administrator erased this recording."})
        failure = {"event": bad, "execution_arn": EXECUTION, "error": {"Error": "VideoErasedError", "Cause": cause}}
        told = step("record_failure", failure)
        assert (told["course_id"], told["reason"]) == ("unfiled", "An administrator erased this recording.")
        assert listed("cs101") == []
        erase_recording("unfiled", told["session_id"], told["video_id"], "ann", tools)
        assert listed("unfiled") == []

    @pytest.mark.parametrize("broken", ["attendance.sessions.settle", "attendance.aws.objects.S3Objects.delete"])
    def test_asking_again_after_it_broke_off_goes_on(
        self, tools: Tools, run: Run, world: World, monkeypatch: pytest.MonkeyPatch, broken: str
    ) -> None:
        bad = stored(world, LECTURE, "eve")
        run(bad)

        def break_off(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(broken, break_off)
            with pytest.raises(KeyboardInterrupt):
                erase_recording("cs101", "2026-11-20", video_id(bad), "ann", tools)
        erase_recording("cs101", "2026-11-20", video_id(bad), "ann", tools)
        assert (session("cs101", "2026-11-20").videos, statuses(MONDAY.session_key)) == ((), {})

    def test_what_was_found_in_it_cannot_count_again_once_that_is_erased(
        self, tools: Tools, run: Run, world: World
    ) -> None:
        bad = stored(world, LECTURE, "eve")
        tools.services.work.delete(run(bad)["matches"]["key"])
        leave_out("cs101", "2026-11-20", video_id(bad), "ann", tools)
        with pytest.raises(VideoGoneError):
            count_again("cs101", "2026-11-20", video_id(bad), "ann", tools)
        decide_again("cs101", "2026-11-20", tools)
        assert statuses(MONDAY.session_key) == {}

    def test_a_video_that_is_being_worked_on_is_not_erased(self, tools: Tools, step: Step, world: World) -> None:
        busy = stored(world, LECTURE, "eve")
        step("register_video", {"event": busy, "execution_arn": EXECUTION})
        with pytest.raises(StillRunningError):
            erase_recording("cs101", "2026-11-20", video_id(busy), "ann", tools)
        assert clients.s3().list_object_versions(Bucket=SETTINGS.videos_bucket)["Versions"]


class TestDecidedAgain:
    """A register by the roster and the policy of today."""

    def test_a_late_roster_and_another_policy_hold_without_another_search(
        self, tools: Tools, run: Run, world: World
    ) -> None:
        run(stored(world, LECTURE, "ada", "joe"))
        compose.corrector(SETTINGS).correct(MONDAY.session_key, "eve", Said(Status.EXCUSED), "ann", "ill", 0)
        enrol("cs101", "joe")
        course = {"course_id": "cs101", "time_zone": "UTC", "minimum_sightings": 2}
        table("rollcall-courses").put_item(Item=course)
        assert decide_again("cs101", "2026-11-20", tools) == {"review": 2, "present": 0, "absent": 0, "excused": 1}
        assert statuses(MONDAY.session_key) == {"ada": "review", "eve": "excused", "joe": "review"}
        assert len(world.faces.jobs) == 1

    def test_a_video_that_failed_after_its_search_is_complete_then_even_if_it_is_stored_no_more(
        self, tools: Tools, run: Run, step: Step, world: World
    ) -> None:
        upload = stored(world, LECTURE, "ada")
        video = step("register_video", {"event": upload, "execution_arn": EXECUTION})
        job = step("start_face_search", {"video": video})
        step("collect_matches", {"video": video, "job": job})
        step("record_failure", {"event": upload, "execution_arn": EXECUTION, "error": {"Error": "X", "Cause": ""}})
        erase_object(upload)
        decide_again("cs101", "2026-11-20", tools)
        assert statuses(MONDAY.session_key) == {"ada": "present", "eve": "absent"}
        shown = session("cs101", "2026-11-20")
        assert (shown.status, shown.error, [video.error for video in shown.videos]) == ("complete", None, [None])

    def test_what_is_no_session_is_refused(self, tools: Tools) -> None:
        for course_id, session_id in (("cs101", "2026-11-19"), ("unfiled", "2026-11-20#0")):
            with pytest.raises(NoSuchSessionError):
                decide_again(course_id, session_id, tools)
        assert table("rollcall-sessions").scan()["Items"] == []


MOMENTS = ("sessions.settle", "decisions.write_seen", "decisions.write_unseen", "decisions.close")
"""Where a request may be cut off: before it decides anything, and between its steps."""


@pytest.fixture(params=MOMENTS)
def cut_off(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> CutOff:
    """Does something and kills it at the moment that the test is for."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    def do(something: Callable[[], object]) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(f"attendance.{request.param}", end)
            with pytest.raises(KeyboardInterrupt):
                something()

    return do


class TestCutOff:
    """Requests of people that were killed: the reconciliation ends what they began."""

    def test_both_sessions_of_a_moved_video_are_decided(
        self, tools: Tools, run: Run, world: World, cut_off: CutOff
    ) -> None:
        wrong = stored(world, "videos/cs101/2026-11-20/wrong.mp4", "eve")
        run(wrong)
        erase_object(wrong)
        cut_off(lambda: move_video("cs101", "2026-11-20", video_id(wrong), TUESDAY, "ann", tools))
        assert session("cs101", "2026-11-20").is_outdated
        assert reconcile_recent(WEDNESDAY, tools) == Reconciled(started=0, recorded=0, settled=2, left=0)
        assert statuses(MONDAY.session_key) == {}
        assert statuses(TUESDAY.session_key) == {"ada": "absent", "eve": "present"}
        assert session("cs101", "2026-11-21").status is Progress.COMPLETE
        assert reconcile_recent(WEDNESDAY, tools) == Reconciled(0, 0, 0, 0)

    def test_a_video_that_was_left_out_counts_no_more(
        self, tools: Tools, run: Run, world: World, cut_off: CutOff
    ) -> None:
        run(stored(world, "videos/cs101/2026-11-20/first.mp4", "ada"))
        second = stored(world, "videos/cs101/2026-11-20/second.mp4", "eve")
        run(second)
        cut_off(lambda: leave_out("cs101", "2026-11-20", video_id(second), "ann", tools))
        assert session("cs101", "2026-11-20").is_outdated
        assert reconcile_recent(WEDNESDAY, tools).settled == 1
        assert statuses(MONDAY.session_key) == {"ada": "present", "eve": "absent"}
        assert session("cs101", "2026-11-20").counts == {"present": 1, "review": 0, "absent": 1}
        assert not session("cs101", "2026-11-20").is_outdated

    def test_a_class_whose_rows_are_half_written_is_not_left_out_of_reports_by_old_counts(
        self, tools: Tools, run: Run, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        only = stored(world, "videos/cs101/2026-11-20/first.mp4", "ada")
        run(only)
        leave_out("cs101", "2026-11-20", video_id(only), "ann", tools)

        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr("attendance.decisions.close", killed)
            with pytest.raises(KeyboardInterrupt):
                count_again("cs101", "2026-11-20", video_id(only), "ann", tools)
        log = DynamoLogReader(SETTINGS)
        (found,) = (one for page in log.sessions_of("cs101", "2026-01-01", "2026-12-31") for one in page)
        assert (found.counts, found.is_vacated) == (None, False)
        wanted = LogFilter(course_ids=frozenset({"cs101"}), status=Status.PRESENT)
        assert [row.row.student_id for row in every(walk(log, wanted), wanted.passes)] == ["ada"]

    def test_a_decision_of_a_turn_from_before_it_does_not_hide_it_either(
        self, tools: Tools, run: Run, world: World
    ) -> None:
        run(stored(world, "videos/cs101/2026-11-20/first.mp4", "ada"))
        second = stored(world, "videos/cs101/2026-11-20/second.mp4", "eve")
        run(second)
        sessions = tools.services.sessions

        class LeftOutMeanwhile:
            """The table; right before a decision stands somebody leaves the video out, and is killed."""

            def __getattr__(self, name: str) -> Any:
                return getattr(sessions, name)

            def decide(self, *given: Any) -> str:
                sessions.leave_out(video_id(second), MONDAY, "ann", is_left_out=True)
                return sessions.decide(*given)

        settle(MONDAY, replace(tools.services, sessions=cast(Any, LeftOutMeanwhile())))
        assert statuses(MONDAY.session_key) == {"ada": "present", "eve": "present"}
        assert session("cs101", "2026-11-20").is_outdated
        assert reconcile_recent(WEDNESDAY, tools).settled == 1
        assert statuses(MONDAY.session_key) == {"ada": "present", "eve": "absent"}

    def test_a_roll_call_that_was_opened_gets_its_rows(self, tools: Tools, cut_off: CutOff) -> None:
        cut_off(lambda: open_session("cs101", "2026-11-20", None, tools.services))
        assert session("cs101", "2026-11-20").is_outdated
        assert reconcile_recent(WEDNESDAY, tools).settled == 1
        assert statuses(MONDAY.session_key) == {"ada": "review", "eve": "review"}
        shown = session("cs101", "2026-11-20")
        assert (shown.status, shown.is_outdated) == (Progress.COMPLETE, False)

    def test_a_decision_from_before_does_not_hide_what_is_to_be_done(
        self, tools: Tools, run: Run, world: World, cut_off: CutOff
    ) -> None:
        first = stored(world, "videos/cs101/2026-11-20/first.mp4", "ada")
        run(first)
        earlier = decide_session(MONDAY, tools.services, None)
        cut_off(lambda: leave_out("cs101", "2026-11-20", video_id(first), "ann", tools))
        with suppress(SessionChangedError):
            close(MONDAY, earlier.key, tools.services, None)
        assert session("cs101", "2026-11-20").is_outdated
        assert reconcile_recent(WEDNESDAY, tools).settled == 1
        assert statuses(MONDAY.session_key) == {}


def test_what_could_not_be_filed_is_left_out_without_a_register(tools: Tools, step: Step, world: World) -> None:
    lost = stored(world, "videos/whatever/lecture.mp4", "eve")
    failure = {"event": lost, "execution_arn": EXECUTION, "error": {"Error": "BadVideoKeyError"}}
    kept = step("record_failure", failure)
    leave_out("unfiled", kept["session_id"], kept["video_id"], "ann", tools)
    assert reconcile_recent(WEDNESDAY, tools) == Reconciled(0, 0, 0, 0)
