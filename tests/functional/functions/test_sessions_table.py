"""The table of sessions under runs that overlap, as moto plays it."""

import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from attendance.aws import clients
from attendance.aws.sessions import DynamoSessions
from attendance.errors import (
    SessionChangedError,
)
from attendance.model import Place, Progress, Video
from attendance.ports import Outcome
from tests.builders import EXECUTION, SETTINGS, THRESHOLDS, video
from tests.functional.functions.moto_tables import session_item

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BACK = video(name="back.mp4")
DECISION = "cs101/2026-11-20/resolved-1.json"
COUNTS = {"present": 1, "review": 0, "absent": 2}


class OneCallAtATime:
    """A table whose calls are atomic, as DynamoDB's are and moto's are not; between calls threads may change."""

    def __init__(self, table: Any) -> None:
        self._table = table
        self._lock = threading.Lock()

    def get_item(self, **request: Any) -> Any:
        with self._lock:
            return self._table.get_item(**request)

    def update_item(self, **request: Any) -> Any:
        with self._lock:
            return self._table.update_item(**request)


def complete(sessions: DynamoSessions, of: Video) -> Progress:
    """Decide and write a register for a video, as its run does in the end."""
    decision = sessions.decide(of.place, sessions.take_turn(of.place), DECISION, of.video_id)
    return sessions.written(of.place, Outcome(decision, COUNTS, 0, THRESHOLDS), of.video_id)


class TestSessions:
    """The sessions table."""

    @pytest.fixture
    def sessions(self, aws: None) -> DynamoSessions:
        return DynamoSessions(clients.dynamodb(), SETTINGS, now=lambda: NOON)

    def test_a_new_video_is_processing_with_all_that_names_it(self, sessions: DynamoSessions) -> None:
        sessions.add_video(video(), NOON, EXECUTION)
        session = session_item(video())
        assert (session["status"], session["date"], session["updated_at"]) == (
            "processing",
            "2026-11-20",
            "2026-11-20T12:00:00.000+00:00",
        )
        assert session["videos"][video().video_id] == {
            "bucket": video().bucket,
            "key": video().key,
            "etag": "e1",
            "version_id": "v1",
            "status": "processing",
            "execution_arn": EXECUTION,
            "uploaded_at": "2026-11-20T12:00:00+00:00",
        }

    def test_videos_of_one_session_do_not_disturb_each_other(self, sessions: DynamoSessions) -> None:
        for each in (video(), BACK):
            sessions.add_video(each, NOON, EXECUTION)
            sessions.search_started(each, f"job-{each.video_id}", "7.0")
            sessions.collected(each, f"a/{each.video_id}", None)
        assert {name: record.matches_key for name, record in sessions.take_turn(video().place).videos.items()} == {
            each.video_id: f"a/{each.video_id}" for each in (video(), BACK)
        }
        assert complete(sessions, video()) is Progress.PROCESSING
        assert complete(sessions, BACK) is Progress.COMPLETE
        assert session_item(video())["counts"] == COUNTS

    def test_a_complete_video_stays_complete_when_its_event_comes_again_and_fails(
        self, sessions: DynamoSessions
    ) -> None:
        sessions.add_video(video(), NOON, EXECUTION)
        complete(sessions, video())
        sessions.add_video(video(), NOON, "arn:aws:states:again")
        assert sessions.video_failed(video(), "X", "why") is Progress.COMPLETE
        record = session_item(video())["videos"][video().video_id]
        assert (record["status"], record["execution_arn"]) == ("complete", "arn:aws:states:again")
        assert "error" not in record

    def test_a_failed_session_tells_why_until_it_runs_again(self, sessions: DynamoSessions) -> None:
        sessions.add_video(video(), NOON, EXECUTION)
        assert sessions.video_failed(video(), "X", "why") is Progress.FAILED
        assert session_item(video())["error"] == {"name": "X", "reason": "why"}
        sessions.add_video(video(), NOON, "arn:aws:states:again")
        session = session_item(video())
        assert (session["status"], session["videos"][video().video_id]["status"]) == ("processing", "processing")
        assert "error" not in session
        assert "error" not in session["videos"][video().video_id]

    def test_a_failed_video_beside_a_complete_one_leaves_the_session_complete(self, sessions: DynamoSessions) -> None:
        for each in (video(), BACK):
            sessions.add_video(each, NOON, EXECUTION)
        complete(sessions, video())
        assert sessions.video_failed(BACK, "X", "why") is Progress.COMPLETE

    def test_many_runs_at_once_leave_one_session_with_all_videos(self, sessions: DynamoSessions) -> None:
        table_of_sessions: Any = OneCallAtATime(sessions._table)
        sessions._table = table_of_sessions
        videos = [video(name=f"part {number}.mp4") for number in range(6)]
        failures: list[BaseException] = []

        def work(each: Video) -> None:
            try:
                sessions.add_video(each, NOON, EXECUTION)
                complete(sessions, each)
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(each,)) for each in videos]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        session = session_item(video())
        assert {record["status"] for record in session["videos"].values()} == {"complete"}
        assert (len(session["videos"]), session["status"]) == (6, "complete")

    def test_turns_are_numbered_and_see_what_was_collected(self, sessions: DynamoSessions) -> None:
        sessions.add_video(video(), NOON, EXECUTION)
        first = sessions.take_turn(video().place)
        sessions.search_started(video(), "job-1", "7.0")
        sessions.collected(video(), "a/1", 1000)
        second = sessions.take_turn(video().place)
        assert second.number > first.number
        assert [(record.matches_key, record.model) for record in second.videos.values()] == [("a/1", "7.0")]
        assert [record.matches_key for record in first.videos.values()] == [None]

    def test_a_decision_stands_unless_one_of_a_later_turn_does(self, sessions: DynamoSessions) -> None:
        for each in (video(), BACK):
            sessions.add_video(each, NOON, EXECUTION)
        first, second = (sessions.take_turn(video().place) for _ in range(2))
        assert sessions.decide(video().place, second, "new", BACK.video_id) == "new"
        assert sessions.decide(video().place, first, "old", video().video_id) == "new"
        with pytest.raises(SessionChangedError):
            sessions.written(video().place, Outcome("old", COUNTS, 0, THRESHOLDS), video().video_id)
        third = sessions.take_turn(video().place)
        assert sessions.decide(video().place, third, "newest", None) == "newest"

    def test_a_complete_video_is_processing_again_from_its_decision_to_its_rows(self, sessions: DynamoSessions) -> None:
        sessions.add_video(video(), NOON, EXECUTION)
        complete(sessions, video())
        sessions.decide(video().place, sessions.take_turn(video().place), "other", video().video_id)
        session = session_item(video())
        assert (session["status"], session["videos"][video().video_id]["status"]) == ("processing", "processing")
        assert sessions.video_failed(video(), "X", "why") is Progress.FAILED

    def test_a_video_that_was_moved_away_while_it_ran_leaves_no_trace_in_its_old_session(
        self, sessions: DynamoSessions
    ) -> None:
        place = video().place
        sessions.add_video(BACK, NOON, EXECUTION)
        sessions.search_started(video(), "job-1", "7.0")
        sessions.collected(video(), "a/1", 1000)
        assert list(sessions.take_turn(place).videos) == [BACK.video_id]
        with pytest.raises(SessionChangedError):
            sessions.decide(place, sessions.take_turn(place), "x", video().video_id)
        complete(sessions, BACK)
        assert sessions.decide(place, sessions.take_turn(place), "x", video().video_id) == DECISION
        assert sessions.written(place, Outcome(DECISION, COUNTS, 0, THRESHOLDS), video().video_id) is Progress.COMPLETE
        assert list(session_item(video())["videos"]) == [BACK.video_id]

    def test_a_search_that_failed_is_remembered_wherever_the_video_is_moved(self, sessions: DynamoSessions) -> None:
        sessions.search_failed(video())
        sessions.add_video(video(), NOON, EXECUTION)
        sessions.search_failed(video())
        assert sessions.failed_job_id(video()) is None
        sessions.search_started(video(), "job-1", "7.0")
        sessions.search_failed(video())
        sessions.video_failed(video(), "FaceSearchFailedError", "why")
        sessions.add_video(video(), NOON, EXECUTION)
        sessions.search_started(video(), "job-2", "7.0")
        assert sessions.failed_job_id(video()) == "job-1"
        sessions.video_failed(video(), "X", "why")
        there = video(day="2026-11-21").place
        assert sessions.move(video().video_id, video().place, there, "ann")
        moved = replace(video(), course_id=there.course_id, session_id=there.session_id, session_key=there.session_key)
        assert sessions.failed_job_id(moved) == "job-1"
        assert sessions.failed_job_id(video()) is None

    def test_whoever_writes_a_decision_completes_every_video_that_counted_in_it(self, sessions: DynamoSessions) -> None:
        for each in (video(), BACK):
            sessions.add_video(each, NOON, EXECUTION)
            sessions.collected(each, f"a/{each.video_id}", None)
        sessions.video_failed(BACK, "X", "why")
        place = video().place
        decision = sessions.decide(place, sessions.take_turn(place), DECISION, None)
        outcome = Outcome(decision, COUNTS, 0, THRESHOLDS, (f"a/{BACK.video_id}",))
        assert sessions.written(place, outcome, None) is Progress.PROCESSING
        videos = session_item(video())["videos"]
        assert {name: record["status"] for name, record in videos.items()} == {
            video().video_id: "processing",
            BACK.video_id: "complete",
        }
        assert "error" not in videos[BACK.video_id]

    def test_the_place_that_is_remembered_first_stays_until_a_person_moves_the_video(
        self, sessions: DynamoSessions
    ) -> None:
        first, other = video().place, video(day="2026-11-21").place
        video_id = video().video_id
        assert sessions.filed_in(video_id) is None
        assert sessions.file(video_id, first) == sessions.file(video_id, other) == sessions.filed_in(video_id) == first
        sessions.add_video(video(), NOON, EXECUTION)
        complete(sessions, video())
        assert sessions.move(video_id, first, other, "ann")
        assert sessions.file(video_id, first) == sessions.filed_in(video_id) == other

    def test_a_video_is_left_out_and_counts_again_once_each(self, sessions: DynamoSessions) -> None:
        place, video_id = video().place, video().video_id
        assert not sessions.leave_out(video_id, place, "ann", is_left_out=True)
        sessions.add_video(video(), NOON, EXECUTION)
        for is_left_out in (True, False):
            assert sessions.leave_out(video_id, place, "ann", is_left_out=is_left_out)
            assert not sessions.leave_out(video_id, place, "ann", is_left_out=is_left_out)
            assert sessions.take_turn(place).videos[video_id].is_left_out is is_left_out
        assert not sessions.erase(video_id, place, "ann")

    def test_a_session_without_a_video_is_complete_when_its_rows_are_written(self, sessions: DynamoSessions) -> None:
        place = video().place
        sessions.open_roll_call(place)
        turn = sessions.take_turn(place)
        assert turn.is_roll_call
        decision = sessions.decide(place, turn, DECISION, None)
        assert sessions.written(place, Outcome(decision, COUNTS, 0, THRESHOLDS), None) is Progress.COMPLETE
        assert session_item(video())["status"] == "complete"

    def test_a_session_settled_by_another_run_in_between_is_settled_again(
        self, sessions: DynamoSessions, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for each in (video(), BACK):
            sessions.add_video(each, NOON, EXECUTION)
        read = sessions._item
        interrupted: list[bool] = []

        def read_then_lose_the_race(of: Place) -> Any:
            item = read(of)
            if not interrupted:
                interrupted.append(True)
                complete(sessions, BACK)
            return item

        monkeypatch.setattr(sessions, "_item", read_then_lose_the_race)
        assert complete(sessions, video()) is Progress.COMPLETE
        assert session_item(video())["status"] == "complete"
