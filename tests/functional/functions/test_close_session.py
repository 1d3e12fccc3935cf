"""Close session."""

from collections.abc import Iterator
from typing import Any

import pytest

from attendance.errors import SessionChangedError
from attendance.model import Correction, Enrolment, Progress, Standing, Status
from tests.builders import EXECUTION, detection, event, page
from tests.fakes import World
from tests.functional.functions.conftest import Run, Step
from tests.functional.functions.test_resolve_names import collected

SESSION = "cs101#2026-11-20"


def written(step: Step, state: dict[str, Any]) -> dict[str, Any]:
    """What Close session takes, after the rows of a collected video were written."""
    return write(step, {"video": state["video"], "resolved": step("resolve_names", state)})


def write(step: Step, resolved: dict[str, Any]) -> dict[str, Any]:
    for name in ("write_present", "write_absent"):
        step(name, resolved)
    return resolved


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


def test_a_register_that_was_decided_anew_is_not_closed_by_the_run_that_decided_before(
    world: World, step: Step
) -> None:
    world.enrol("cs101", "ada", "eve")
    front = collected(world, step, {"ada": 99.5}, "front.mp4")
    stale = written(step, front)
    step("close_session", written(step, collected(world, step, {"eve": 99.5}, "back.mp4")))
    with pytest.raises(SessionChangedError):
        step("close_session", stale)
    assert step("close_session", written(step, front))["status"] == "complete"
    assert world.attendance.statuses(SESSION) == {"ada": "present", "eve": "present"}


def test_two_runs_at_once_end_in_the_union_and_the_one_that_knows_less_cannot_write_last(
    world: World, step: Step
) -> None:
    world.enrol("cs101", "ada", "eve")
    front = collected(world, step, {"ada": 99.5}, "front.mp4")
    stale = {"video": front["video"], "resolved": step("resolve_names", front)}
    step("close_session", written(step, collected(world, step, {"eve": 99.5}, "back.mp4")))
    for name in ("write_present", "write_absent", "close_session"):
        with pytest.raises(SessionChangedError):
            step(name, stale)
    assert world.attendance.statuses(SESSION) == {"ada": "present", "eve": "present"}
    step("close_session", written(step, front))
    assert world.attendance.statuses(SESSION) == {"ada": "present", "eve": "present"}
    assert world.sessions.items["cs101", "2026-11-20"]["status"] == Progress.COMPLETE


def test_a_run_that_read_before_another_but_decides_after_it_takes_the_others_decision(
    world: World, step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.enrol("cs101", "ada", "eve")
    front = collected(world, step, {"ada": 99.5}, "front.mp4")
    overtaken = world.rosters.of
    ended: list[dict[str, Any]] = []

    def read_slowly(course_id: str) -> Iterator[Enrolment]:
        roster = list(overtaken(course_id))
        if not ended:
            ended.append({})
            ended.append(step("close_session", written(step, collected(world, step, {"eve": 99.5}, "back.mp4"))))
        return iter(roster)

    monkeypatch.setattr(world.rosters, "of", read_slowly)
    slow = written(step, front)
    assert slow["resolved"]["seen"] == 2
    assert step("close_session", slow)["status"] == "complete"
    assert world.attendance.statuses(SESSION) == {"ada": "present", "eve": "present"}


def test_two_runs_of_one_video_agree_on_one_decision_in_any_order(world: World, step: Step) -> None:
    world.enrol("cs101", "ada", "eve")
    one, other = (collected(world, step, {"ada": 99.5}) for _ in range(2))
    first, second = ({"video": each["video"], "resolved": step("resolve_names", each)} for each in (one, other))
    assert first == second
    for state in (second, first):
        assert step("close_session", write(step, state))["status"] == "complete"


def test_corrections_are_counted(world: World, step: Step) -> None:
    world.enrol("cs101", "ada", "eve", "joe")
    state = written(step, collected(world, step, {"ada": 99.5}))
    excused = Correction(Status.EXCUSED, False, False, "ill", "ann@school.edu", "2026-11-20")
    world.corrections.standings[SESSION, "eve"] = Standing(1, excused)
    assert step("close_session", state)["counts"] == {"present": 1, "review": 0, "absent": 1, "excused": 1}


def test_a_rerun_that_dies_while_it_writes_leaves_the_session_processing_and_not_complete(
    world: World, step: Step, run: Run
) -> None:
    world.enrol("cs101", "ada")
    state = run(event())
    world.enrol("cs101", "eve")
    step(
        "write_present",
        {
            "video": state["video"],
            "resolved": step("resolve_names", {"video": state["video"], "matches": state["matches"]}),
        },
    )
    assert world.sessions.items["cs101", "2026-11-20"]["status"] == Progress.PROCESSING
    run(event())
    assert world.sessions.items["cs101", "2026-11-20"]["status"] == Progress.COMPLETE
    assert world.attendance.statuses(SESSION) == {"ada": "absent", "eve": "absent"}
