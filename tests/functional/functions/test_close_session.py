"""Close session."""

from typing import Any

import pytest

from attendance.errors import SessionChangedError
from attendance.model import Progress
from tests.builders import EXECUTION, detection, event, page
from tests.fakes import World
from tests.functional.functions.conftest import Run, Step
from tests.functional.functions.test_resolve_names import collected

SESSION = "cs101#2026-11-20"


def written(step: Step, state: dict[str, Any]) -> dict[str, Any]:
    """What Close session takes, after the rows of a collected video were written."""
    resolved = {"video": state["video"], "resolved": step("resolve_names", state)}
    return {**state, "present": step("write_present", resolved), "absent": step("write_absent", resolved)}


def test_a_whole_run_completes_the_session_with_its_counts(world: World, run: Run) -> None:
    world.enrol("cs101", "ada", "eve", "joe")
    world.faces.results[event()["detail"]["object"]["key"]] = [page(detection(0, 0, {"ada": 99.5, "eve": 95.0}))]
    session = run(event())["session"]
    assert session == {
        "course_id": "cs101",
        "session_id": "2026-11-20",
        "status": "complete",
        "counts": {"present": 1, "review": 0, "absent": 2},
    }


def test_the_same_event_again_ends_in_the_same_register(world: World, run: Run) -> None:
    world.enrol("cs101", "ada", "eve")
    world.faces.results[event()["detail"]["object"]["key"]] = [page(detection(0, 0, {"ada": 99.5}))]
    first, rows = run(event()), dict(world.attendance.rows)
    assert run(event()) == first
    assert world.attendance.rows == rows
    assert len(world.faces.jobs) == 1


def test_a_session_is_not_complete_while_another_video_of_it_is_worked_on(world: World, step: Step) -> None:
    world.enrol("cs101", "ada")
    other = event("videos/cs101/2026-11-20/back.mp4")
    step("register_video", {"event": other, "execution_arn": EXECUTION})
    assert step("close_session", written(step, collected(world, step, {"ada": 99.5})))["status"] == "processing"


def test_a_video_collected_after_the_decision_makes_the_run_decide_again(world: World, step: Step) -> None:
    world.enrol("cs101", "ada", "eve")
    front = collected(world, step, {"ada": 99.5}, "front.mp4")
    stale = written(step, front)
    back = collected(world, step, {"eve": 99.5}, "back.mp4")
    step("close_session", written(step, back))
    with pytest.raises(SessionChangedError):
        step("close_session", stale)
    assert step("close_session", written(step, front))["status"] == "complete"
    assert world.attendance.statuses(SESSION) == {"ada": "present", "eve": "present"}


def test_two_runs_at_once_end_in_the_union_even_if_the_one_that_knows_less_writes_last(
    world: World, step: Step
) -> None:
    world.enrol("cs101", "ada", "eve")
    front = collected(world, step, {"ada": 99.5}, "front.mp4")
    stale = {"video": front["video"], "resolved": step("resolve_names", front)}
    step("close_session", written(step, collected(world, step, {"eve": 99.5}, "back.mp4")))
    late = {**front, "present": step("write_present", stale), "absent": step("write_absent", stale)}
    assert world.attendance.statuses(SESSION)["eve"] == "absent"
    with pytest.raises(SessionChangedError):
        step("close_session", late)
    step("close_session", written(step, front))
    assert world.attendance.statuses(SESSION) == {"ada": "present", "eve": "present"}
    assert world.sessions.items["cs101", "2026-11-20"]["status"] == Progress.COMPLETE
