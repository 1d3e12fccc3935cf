"""Get face search."""

from typing import Any

import pytest

from attendance.errors import FaceSearchFailedError
from attendance.model import Job
from attendance.pipeline import get_face_search
from attendance.ports import SearchState
from tests.fakes import World
from tests.functional.functions.conftest import Step

OLD: dict[str, Any] = {"job_id": "job-1", "status": "IN_PROGRESS", "polls": 3, "wait_seconds": 5, "percent": None}
"""As a run that began before an update holds it."""
JOB: dict[str, Any] = OLD | {"people": None, "searching_seconds": 0}


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


def test_how_far_the_search_is_is_passed_on_where_it_is_told(world: World, step: Step) -> None:
    world.faces.states = [SearchState("IN_PROGRESS", "40%", 40.0, 7), SearchState("IN_PROGRESS", "", None)]
    job = step("get_face_search", {"job": JOB})
    assert (job["percent"], job["people"]) == (40.0, 7)
    job = step("get_face_search", {"job": job})
    assert (job["percent"], job["people"], job["searching_seconds"]) == (None, None, 0)


def test_the_time_that_a_search_takes_is_counted_from_when_the_service_tells_of_it(world: World, step: Step) -> None:
    told = [SearchState("IN_PROGRESS", "", percent) for percent in (None, 3.0, 8.0)]
    world.faces.states = told
    queued = step("get_face_search", {"job": JOB})
    assert (queued["wait_seconds"], queued["searching_seconds"]) == (10, 0)
    begun = step("get_face_search", {"job": queued})
    assert begun["searching_seconds"] == queued["wait_seconds"]
    on = step("get_face_search", {"job": begun})
    assert on["searching_seconds"] == queued["wait_seconds"] + begun["wait_seconds"]


def test_a_run_that_began_before_an_update_goes_on(world: World) -> None:
    assert get_face_search(Job(**OLD), world.services).polls == 4


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
