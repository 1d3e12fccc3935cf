"""Write absent."""

from attendance.model import Correction, Enrolment, Standing, Status
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


def test_who_was_not_enrolled_on_the_date_after_all_loses_the_row(world: World, step: Step) -> None:
    world.enrol("cs101", "ada", "eve")
    step("write_absent", resolved(world, step, {}))
    world.rosters.rosters["cs101"] = [Enrolment("ada", "Ada"), Enrolment("eve", "Eve", "2026-11-21")]
    step("write_absent", resolved(world, step, {}))
    assert world.attendance.statuses(SESSION) == {"ada": "absent"}


def test_who_left_the_course_later_keeps_the_row(world: World, step: Step) -> None:
    world.enrol("cs101", "ada")
    step("write_absent", resolved(world, step, {}))
    world.rosters.rosters["cs101"] = [Enrolment("ada", "Ada", None, "2026-11-20")]
    step("write_absent", resolved(world, step, {}))
    assert world.attendance.statuses(SESSION) == {"ada": "absent"}


def test_who_was_taken_off_the_roster_keeps_the_row_as_it_was(world: World, step: Step) -> None:
    world.enrol("cs101", "ada", "eve")
    state = resolved(world, step, {"eve": 99.5})
    for name in ("write_present", "write_absent"):
        step(name, state)
    before = world.attendance.rows[SESSION, "eve"]
    world.rosters.rosters["cs101"] = [Enrolment("ada", "Ada")]
    state = resolved(world, step, {"ada": 99.5})
    for name in ("write_present", "write_absent"):
        step(name, state)
    assert world.attendance.statuses(SESSION) == {"ada": "present", "eve": "present"}
    assert world.attendance.rows[SESSION, "eve"] == before
    assert step("close_session", state)["counts"] == {"present": 2, "review": 0, "absent": 0}


def test_who_never_had_a_row_gets_none_without_being_on_the_roster(world: World, step: Step) -> None:
    world.enrol("cs101", "ada")
    state = resolved(world, step, {"eve": 99.5})
    for name in ("write_present", "write_absent"):
        step(name, state)
    assert world.attendance.statuses(SESSION) == {"ada": "absent"}


def test_a_corrected_row_is_kept_even_of_who_was_not_enrolled_on_the_date(world: World, step: Step) -> None:
    world.enrol("cs101", "ada", "eve")
    step("write_absent", resolved(world, step, {}))
    excused = Correction(Status.EXCUSED, False, False, "ill", "ann@school.edu", "2026-11-20")
    world.corrections.standings[SESSION, "eve"] = Standing(1, excused)
    world.rosters.rosters["cs101"] = [Enrolment("ada", "Ada"), Enrolment("eve", "Eve", "2026-11-21")]
    step("write_absent", resolved(world, step, {}))
    assert [(row.student_id, row.status) for row in world.register(SESSION)] == [("ada", "absent"), ("eve", "excused")]


def test_an_absent_row_claims_no_similarity(world: World, step: Step) -> None:
    world.enrol("cs101", "ada")
    step("write_absent", resolved(world, step, {}))
    row = world.attendance.rows[SESSION, "ada"]
    assert row["sightings"] == 0
    assert "similarity" not in row
    assert "evidence" not in row
