"""Sessions opened by hand, and videos moved from one session to another, on real tables."""

from typing import Any

import pytest

from attendance import keys
from attendance.aws import compose
from attendance.corrections import Said
from attendance.errors import BadSessionError, UnknownCourseError
from attendance.model import Progress, Status
from attendance.ports import Services
from attendance.recovery import NoSuchSessionError, StillRunningError, Tools
from attendance.register import all_sessions
from attendance.sessions import SameSessionError, move_video, open_session
from tests.builders import EXECUTION, SETTINGS, detection, event, page
from tests.fakes import World
from tests.functional.functions.conftest import Run, Step, run_with, step_on
from tests.functional.functions.moto_tables import enrol, table
from tests.functional.functions.stopped import executions, make_tools, put_video

MONDAY, TUESDAY = (keys.place("cs101", day) for day in ("2026-11-20", "2026-11-21"))


def statuses(session_key: str) -> dict[str, str]:
    return {row.student_id: row.status.value for row in compose.reader(SETTINGS).rows(session_key)}


def session(course_id: str, session_id: str) -> Any:
    found = compose.reader(SETTINGS).session(course_id, session_id)
    assert found is not None
    return found


def listed(course_id: str) -> list[str]:
    return [found.session_id for found in all_sessions(compose.reader(SETTINGS), course_id, page=1)]


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

    @pytest.fixture
    def tools(self, aws_services: Services) -> Tools:
        enrol("cs101", "ada", "eve")
        return make_tools(aws_services)

    @pytest.fixture
    def step(self, tools: Tools, monkeypatch: pytest.MonkeyPatch) -> Step:
        return step_on(tools.services, monkeypatch)

    @pytest.fixture
    def run(self, step: Step) -> Run:
        return run_with(step)

    def stored(self, world: World, key: str, student: str) -> dict[str, Any]:
        """The event of a stored video that shows a student."""
        made = put_video(key)
        world.faces.results[key] = [page(detection(0, 0, {student: 99.5}))]
        return event(key, version=made.version_id, etag=made.etag, size=made.size)

    def video_id(self, upload: dict[str, Any]) -> str:
        return keys.video_id(keys.video_object(upload))

    def test_both_registers_are_decided_again_and_the_search_is_paid_once(
        self, tools: Tools, run: Run, world: World
    ) -> None:
        wrong = self.stored(world, "videos/cs101/2026-11-20/wrong.mp4", "eve")
        run(self.stored(world, "videos/cs101/2026-11-20/right.mp4", "ada"))
        run(wrong)
        assert statuses(MONDAY.session_key) == {"ada": "present", "eve": "present"}
        move_video("cs101", "2026-11-20", self.video_id(wrong), TUESDAY, "ann", tools)
        assert statuses(MONDAY.session_key) == {"ada": "present", "eve": "absent"}
        assert session("cs101", "2026-11-21").status is Progress.PROCESSING
        assert list(executions(tools)) == ["videos/cs101/2026-11-20/wrong.mp4"]
        run(wrong)
        assert statuses(TUESDAY.session_key) == {"ada": "absent", "eve": "present"}
        assert session("cs101", "2026-11-21").status is Progress.COMPLETE
        assert [video.key for video in session("cs101", "2026-11-20").videos] == ["videos/cs101/2026-11-20/right.mp4"]
        assert len(world.faces.jobs) == 2
        (entry,) = table("rollcall-audit").scan()["Items"]
        assert (entry["actor"], entry["old"], entry["new"]) == ("ann", MONDAY.session_key, TUESDAY.session_key)

    def test_its_event_that_comes_again_does_not_bring_it_back(self, tools: Tools, run: Run, world: World) -> None:
        wrong = self.stored(world, "videos/cs101/2026-11-20/wrong.mp4", "eve")
        run(wrong)
        move_video("cs101", "2026-11-20", self.video_id(wrong), TUESDAY, "ann", tools)
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
        wrong = self.stored(world, "videos/cs101/2026-11-20/wrong.mp4", "eve")
        run(wrong)
        compose.corrector(SETTINGS).correct(MONDAY.session_key, "ada", Said(Status.EXCUSED), "ann", "ill", 0)
        move_video("cs101", "2026-11-20", self.video_id(wrong), TUESDAY, "ann", tools)
        assert listed("cs101") == ["2026-11-21", "2026-11-20"]
        compose.corrector(SETTINGS).undo(MONDAY.session_key, "ada", "ann", None, 1)
        open_session("cs101", "2026-11-20", None, tools.services)
        assert listed("cs101") == ["2026-11-21", "2026-11-20"]

    def test_what_people_said_in_the_old_session_is_kept(self, tools: Tools, run: Run, world: World) -> None:
        wrong = self.stored(world, "videos/cs101/2026-11-20/wrong.mp4", "eve")
        run(wrong)
        compose.corrector(SETTINGS).correct(MONDAY.session_key, "ada", Said(Status.EXCUSED), "ann", "ill", 0)
        move_video("cs101", "2026-11-20", self.video_id(wrong), TUESDAY, "ann", tools)
        assert statuses(MONDAY.session_key) == {"ada": "excused"}

    def test_a_roll_call_without_students_is_listed(self, tools: Tools) -> None:
        enrol("empty")
        open_session("empty", "2026-11-20", None, tools.services)
        assert listed("empty") == ["2026-11-20"]

    def test_a_video_whose_course_came_later_is_told_of_in_its_session_only(
        self, tools: Tools, run: Run, step: Step, world: World
    ) -> None:
        early = self.stored(world, "videos/new/2026-11-20/lecture.mp4", "eve")
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
        early = self.stored(world, "videos/new/2026-11-20/lecture.mp4", "eve")
        failure = {"event": early, "execution_arn": EXECUTION, "error": {"Error": "UnknownCourseError"}}
        step("record_failure", failure)
        enrol("new", "eve")
        assert step("record_failure", failure)["course_id"] == "new"
        assert (listed("unfiled"), listed("new")) == ([], ["2026-11-20"])

    def test_a_video_that_could_not_be_filed_can_be_moved_where_it_belongs(
        self, tools: Tools, run: Run, step: Step, world: World
    ) -> None:
        lost = self.stored(world, "videos/whatever/lecture.mp4", "eve")
        failure = {"event": lost, "execution_arn": EXECUTION, "error": {"Error": "BadVideoKeyError"}}
        kept = step("record_failure", failure)
        move_video("unfiled", kept["session_id"], kept["video_id"], TUESDAY, "ann", tools)
        run(lost)
        assert statuses(TUESDAY.session_key) == {"ada": "absent", "eve": "present"}
        assert compose.reader(SETTINGS).session("unfiled", kept["session_id"]) is None

    def test_asking_again_after_it_broke_off_goes_on(
        self, tools: Tools, run: Run, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wrong = self.stored(world, "videos/cs101/2026-11-20/wrong.mp4", "eve")
        run(wrong)

        def break_off(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as broken:
            broken.setattr("attendance.sessions.settle", break_off)
            with pytest.raises(KeyboardInterrupt):
                move_video("cs101", "2026-11-20", self.video_id(wrong), TUESDAY, "ann", tools)
        assert executions(tools) == {}
        for _ in range(2):
            move_video("cs101", "2026-11-20", self.video_id(wrong), TUESDAY, "ann", tools)
        assert len(executions(tools)) == 1
        assert statuses(MONDAY.session_key) == {}

    def test_what_cannot_be_moved_is_refused_and_nothing_changes(
        self, tools: Tools, run: Run, step: Step, world: World
    ) -> None:
        upload = self.stored(world, "videos/cs101/2026-11-20/a.mp4", "eve")
        run(upload)
        busy = self.stored(world, "videos/cs101/2026-11-20/b.mp4", "eve")
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
                move_video(course_id, session_id, self.video_id(of), to, "ann", tools)
        assert table("rollcall-sessions").scan()["Items"] == before
        assert table("rollcall-audit").scan()["Items"] == []
