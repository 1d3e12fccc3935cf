"""Write present."""

from typing import Any

import pytest

from attendance.errors import SessionChangedError
from attendance.model import Correction, Enrolment, Standing, Status, Thresholds
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


def test_what_a_person_corrected_is_not_touched_and_still_counts(world: World, step: Step) -> None:
    world.enrol("cs101", "ada", "eve")
    state = resolved(world, step, {"ada": 99.5, "eve": 99.5})
    step("write_present", state)
    said = Standing(1, Correction(Status.ABSENT, False, False, "It was her twin.", "ann@school.edu", "2026-11-20"))
    world.corrections.standings[SESSION, "ada"] = said
    assert step("write_present", state) == {"present": 2, "review": 0}
    assert world.corrections.standings == {(SESSION, "ada"): said}
    ada, eve = world.register(SESSION)
    assert (ada.status, ada.decided, eve.status) == ("absent", "present", "present")


def test_a_run_whose_decision_was_replaced_writes_nothing(world: World, step: Step) -> None:
    world.enrol("cs101", "ada", "eve")
    state = resolved(world, step, {"ada": 99.5})
    resolved(world, step, {"eve": 99.5})
    world.enrol("cs101", "joe")
    step("resolve_names", collected(world, step, {"ada": 99.5}, "back.mp4"))
    with pytest.raises(SessionChangedError):
        step("write_present", state)
    assert world.attendance.rows == {}


def test_a_row_tells_the_rules_and_the_model_it_was_decided_with(world: World, step: Step) -> None:
    world.courses.add("cs101", thresholds=Thresholds(99, 90, margin=2.5, minimum_sightings=2, late_after_minutes=10))
    world.rosters.rosters["cs101"] = [Enrolment("ada", "Ada")]
    step("write_present", resolved(world, step, {"ada": 99.5}))
    row = world.attendance.rows[SESSION, "ada"]
    assert (row["status"], row["model"]) == ("review", "7.0")
    assert row["thresholds"] == {
        "present": 99,
        "review": 90,
        "margin": 2.5,
        "minimum_sightings": 2,
        "late_after_minutes": 10,
        "left_early_minutes": 0,
    }


def test_nobody_recognised_writes_nothing(world: World, step: Step) -> None:
    world.enrol("cs101", "ada")
    assert step("write_present", resolved(world, step, {})) == {"present": 0, "review": 0}
    assert world.attendance.rows == {}
