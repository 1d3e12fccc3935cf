"""Write present."""

from typing import Any

from tests.fakes import World
from tests.functional.functions.conftest import Step
from tests.functional.functions.test_resolve_names import collected

SESSION = "cs101#2026-11-20"


def resolved(world: World, step: Step, found: dict[str, float]) -> dict[str, Any]:
    state = collected(world, step, found)
    return {"video": state["video"], "resolved": step("resolve_names", state)}


def test_present_and_review_rows_are_written_and_no_others(world: World, step: Step) -> None:
    world.enrol("cs101", "ada", "eve", "joe")
    assert step("write_present", resolved(world, step, {"ada": 99.5, "eve": 95.0})) == {"present": 1, "review": 1}
    assert world.attendance.statuses(SESSION) == {"ada": "present", "eve": "review"}


def test_a_row_keeps_the_similarity_and_the_moment(world: World, step: Step) -> None:
    world.enrol("cs101", "ada")
    step("write_present", resolved(world, step, {"ada": 99.5}))
    row = world.attendance.rows[SESSION, "ada"]
    assert (row["similarity"], row["evidence"]["timestamp_ms"], row["source"]) == (99.5, 0, "machine")


def test_a_second_run_writes_the_same_rows(world: World, step: Step) -> None:
    world.enrol("cs101", "ada", "eve")
    state = resolved(world, step, {"ada": 99.5})
    step("write_present", state)
    before = dict(world.attendance.rows)
    step("write_present", state)
    assert world.attendance.rows == before


def test_a_row_that_a_person_corrected_is_left_alone(world: World, step: Step) -> None:
    world.enrol("cs101", "ada", "eve")
    corrected = {"session_key": SESSION, "student_id": "ada", "status": "absent", "source": "person"}
    world.attendance.rows[SESSION, "ada"] = corrected
    assert step("write_present", resolved(world, step, {"ada": 99.5, "eve": 99.5})) == {"present": 2, "review": 0}
    assert world.attendance.rows[SESSION, "ada"] == corrected
    assert world.attendance.puts == 1


def test_nobody_recognised_writes_nothing(world: World, step: Step) -> None:
    world.enrol("cs101", "ada")
    assert step("write_present", resolved(world, step, {})) == {"present": 0, "review": 0}
    assert world.attendance.rows == {}
