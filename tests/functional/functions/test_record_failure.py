"""Record failure."""

import json
from typing import Any

import pytest

from attendance.model import Progress
from tests.builders import EXECUTION, detection, event, page
from tests.fakes import World
from tests.functional.functions.conftest import Run, Step


def failure(upload: dict[str, Any], name: str = "FaceSearchFailedError", message: str = "Do this.") -> dict[str, Any]:
    cause = json.dumps({"errorMessage": message, "errorType": name, "stackTrace": ["secret"]})
    return {"event": upload, "execution_arn": EXECUTION, "error": {"Error": name, "Cause": cause}}


def test_the_failed_video_is_in_its_session_with_name_and_reason(world: World, step: Step) -> None:
    world.enrol("cs101", "ada")
    answer = step("record_failure", failure(event()))
    assert (answer["course_id"], answer["session_id"], answer["reason"]) == ("cs101", "2026-11-20", "Do this.")
    session = world.sessions.items["cs101", "2026-11-20"]
    assert session["status"] == Progress.FAILED
    assert session["videos"][answer["video_id"]]["error"] == {"name": "FaceSearchFailedError", "reason": "Do this."}


@pytest.mark.parametrize(
    "key", ["videos/a/b/c/x.mp4", "videos/x.txt", "videos/", "videos/../x.mp4", "videos/cs404/2026-11-20/x.mp4"]
)
def test_a_video_that_cannot_be_filed_is_kept_among_the_unfiled(key: str, world: World, step: Step) -> None:
    answer = step("record_failure", failure(event(key), "BadVideoKeyError"))
    assert answer["course_id"] == "unfiled"
    assert answer["session_id"] == f"2026-11-20#{answer['video_id']}"
    assert world.sessions.items["unfiled", answer["session_id"]]["status"] == Progress.FAILED


def test_a_course_with_a_broken_time_zone_does_not_lose_the_failure(world: World, step: Step) -> None:
    world.courses.add("default", time_zone="Mars/Olympus")
    assert step("record_failure", failure(event("videos/x.mp4"), "UnknownTimeZoneError"))["course_id"] == "unfiled"


def test_a_failure_never_undoes_a_register(world: World, step: Step, run: Run) -> None:
    world.enrol("cs101", "ada")
    world.faces.results[event()["detail"]["object"]["key"]] = [page(detection(0, 0, {"ada": 99.5}))]
    run(event())
    rows = dict(world.attendance.rows)
    step("record_failure", failure(event()))
    step("record_failure", failure(event("videos/cs101/2026-11-20/broken.mp4")))
    assert world.attendance.rows == rows
    assert world.sessions.items["cs101", "2026-11-20"]["status"] == Progress.COMPLETE


def test_a_failed_video_that_runs_again_loses_its_error(world: World, step: Step, run: Run) -> None:
    world.enrol("cs101", "ada")
    step("record_failure", failure(event()))
    run(event())
    (video,) = world.sessions.items["cs101", "2026-11-20"]["videos"].values()
    assert video["status"] == Progress.COMPLETE
    assert "error" not in video


def test_an_error_without_a_cause_is_recorded_too(world: World, step: Step) -> None:
    world.enrol("cs101")
    given = {"event": event(), "execution_arn": EXECUTION, "error": {"Error": "States.Timeout"}}
    assert step("record_failure", given)["reason"].startswith("A step took too long.")


def test_recording_twice_is_recording_once(world: World, step: Step) -> None:
    world.enrol("cs101")
    assert step("record_failure", failure(event())) == step("record_failure", failure(event()))
    assert len(world.sessions.items["cs101", "2026-11-20"]["videos"]) == 1
