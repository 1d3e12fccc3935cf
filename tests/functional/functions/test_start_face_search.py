"""Start face search."""

import pytest

from attendance.errors import UnknownCourseError
from attendance.model import Thresholds
from tests.builders import EXECUTION, event
from tests.fakes import World
from tests.functional.functions.conftest import Step
from tests.functional.functions.test_record_failure import failure


def registered(step: Step) -> dict[str, object]:
    return {"video": step("register_video", {"event": event(), "execution_arn": EXECUTION})}


def test_the_search_starts_in_progress_with_the_first_wait(world: World, step: Step) -> None:
    world.enrol("cs101")
    job = step("start_face_search", registered(step))
    untold = {"percent": None, "people": None, "searching_seconds": 0}
    assert job == {"job_id": job["job_id"], "status": "IN_PROGRESS", "polls": 0, "wait_seconds": 5, **untold}


def test_a_second_run_gets_the_same_job_and_is_not_paid_again(world: World, step: Step) -> None:
    world.enrol("cs101")
    state = registered(step)
    assert step("start_face_search", state) == step("start_face_search", state)
    assert len(world.faces.jobs) == 1


def test_the_search_keeps_matches_from_the_courses_review_threshold_on(world: World, step: Step) -> None:
    world.courses.add("cs101", thresholds=Thresholds(present=92.0, review=80.0))
    step("start_face_search", registered(step))
    assert world.faces.thresholds == [80.0]


def test_the_session_knows_the_job_and_the_model(world: World, step: Step) -> None:
    world.enrol("cs101")
    job = step("start_face_search", registered(step))
    session = world.sessions.items["cs101", "2026-11-20"]
    assert [(video["job_id"], video["model"]) for video in session["videos"].values()] == [(job["job_id"], "7.0")]


def test_a_course_removed_meanwhile_is_named(world: World, step: Step) -> None:
    world.enrol("cs101")
    state = registered(step)
    world.courses.courses.clear()
    with pytest.raises(UnknownCourseError, match="cs101"):
        step("start_face_search", state)
    assert world.faces.jobs == {}


def test_a_search_that_failed_is_begun_anew_by_the_next_run_and_by_no_other(world: World, step: Step) -> None:
    world.enrol("cs101")
    state = registered(step)
    first = step("start_face_search", state)["job_id"]
    step("record_failure", failure(event(), "States.Timeout"))
    assert step("start_face_search", registered(step))["job_id"] == first
    step("record_failure", failure(event(), "FaceSearchFailedError"))
    second = step("start_face_search", registered(step))["job_id"]
    assert second != first
    assert step("start_face_search", state)["job_id"] == second
    step("record_failure", failure(event(), "FaceSearchFailedError"))
    assert step("start_face_search", state)["job_id"] not in (first, second)
