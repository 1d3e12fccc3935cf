"""Write absent."""

from tests.fakes import World
from tests.functional.functions.conftest import Step
from tests.functional.functions.test_write_present import SESSION, resolved


def test_everybody_else_is_absent_when_nobody_is_recognised(world: World, step: Step) -> None:
    world.enrol("cs101", "ada", "eve")
    assert step("write_absent", resolved(world, step, {})) == {"absent": 2}
    assert world.attendance.statuses(SESSION) == {"ada": "absent", "eve": "absent"}


def test_absent_never_overwrites_present_in_whatever_order_the_two_are_written(world: World, step: Step) -> None:
    world.enrol("cs101", "ada", "eve")
    state = resolved(world, step, {"ada": 99.5})
    for name in ("write_absent", "write_present", "write_absent"):
        step(name, state)
    assert world.attendance.statuses(SESSION) == {"ada": "present", "eve": "absent"}


def test_each_absent_student_is_written_once_however_many_were_matched(world: World, step: Step) -> None:
    students = [f"s{number}" for number in range(70)]
    world.enrol("cs101", *students)
    state = resolved(world, step, dict.fromkeys(students[:35], 99.5))
    assert step("write_present", state) == {"present": 35, "review": 0}
    assert step("write_absent", state) == {"absent": 35}
    assert world.attendance.puts == 70


def test_a_row_that_a_person_corrected_is_left_alone(world: World, step: Step) -> None:
    world.enrol("cs101", "ada")
    corrected = {"session_key": SESSION, "student_id": "ada", "status": "present", "source": "person"}
    world.attendance.rows[SESSION, "ada"] = corrected
    step("write_absent", resolved(world, step, {}))
    assert world.attendance.rows == {(SESSION, "ada"): corrected}


def test_an_absent_row_claims_no_similarity(world: World, step: Step) -> None:
    world.enrol("cs101", "ada")
    step("write_absent", resolved(world, step, {}))
    row = world.attendance.rows[SESSION, "ada"]
    assert row["sightings"] == 0
    assert "similarity" not in row
    assert "evidence" not in row
