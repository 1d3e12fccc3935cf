"""Get face search."""

from typing import Any

import pytest

from attendance.errors import FaceSearchFailedError
from attendance.ports import SearchState
from tests.fakes import World
from tests.functional.functions.conftest import Step

JOB: dict[str, Any] = {"job_id": "job-1", "status": "IN_PROGRESS", "polls": 3, "wait_seconds": 5, "percent": None}


def test_a_running_search_is_asked_again_later_and_later(world: World, step: Step) -> None:
    world.faces.states = [SearchState("IN_PROGRESS", "", None) for _ in range(40)]
    job, waits = JOB, []
    for _ in range(40):
        job = step("get_face_search", {"job": job})
        waits.append(job["wait_seconds"])
    assert job["polls"] == 43
    assert waits == sorted(waits)
    assert waits[-1] == 300


def test_a_finished_search_is_told(step: Step) -> None:
    job = step("get_face_search", {"job": JOB})
    assert (job["status"], job["polls"], job["job_id"]) == ("SUCCEEDED", 4, "job-1")


def test_a_percentage_is_passed_on_where_there_is_one(world: World, step: Step) -> None:
    world.faces.states = [SearchState("IN_PROGRESS", "40%", 40.0)]
    assert step("get_face_search", {"job": JOB})["percent"] == 40.0


@pytest.mark.parametrize("status", ["FAILED", "SOMETHING_NEW"])
def test_a_search_that_failed_raises_with_the_services_words_and_what_to_do(
    status: str, world: World, step: Step
) -> None:
    world.faces.states = [SearchState(status, "Unsupported codec.", None)]
    with pytest.raises(FaceSearchFailedError, match=r"Unsupported codec\. If the file .* export it again, as H\.264"):
        step("get_face_search", {"job": JOB})


def test_a_search_that_failed_without_a_word_still_raises(world: World, step: Step) -> None:
    world.faces.states = [SearchState("FAILED", "", None)]
    with pytest.raises(FaceSearchFailedError, match="FAILED"):
        step("get_face_search", {"job": JOB})
