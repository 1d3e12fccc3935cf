"""Resolve names."""

import json
from typing import Any

import pytest

from attendance.errors import ObjectNotFoundError
from attendance.model import Enrolment, Thresholds
from tests.builders import EXECUTION, detection, event, page
from tests.fakes import World
from tests.functional.functions.conftest import Step


def collected(world: World, step: Step, found: dict[str, float], name: str = "lecture.mp4") -> dict[str, Any]:
    upload = event(f"videos/cs101/2026-11-20/{name}")
    video = step("register_video", {"event": upload, "execution_arn": EXECUTION})
    faces = [detection(0, person, {student: similarity}) for person, (student, similarity) in enumerate(found.items())]
    world.faces.results[video["key"]] = [page(*faces, detection(0, 99))]
    job = step("start_face_search", {"video": video})
    done = step("get_face_search", {"job": job})
    return {"video": video, "matches": step("collect_matches", {"video": video, "job": done})}


def decided(world: World, resolved: dict[str, Any]) -> dict[str, str]:
    rows = json.loads(world.work.objects[resolved["key"]])["rows"]
    return {row["student_id"]: row["status"] for row in rows}


def test_every_student_of_the_roster_is_decided(world: World, step: Step) -> None:
    world.enrol("cs101", "ada", "eve", "joe")
    resolved = step("resolve_names", collected(world, step, {"ada": 99.5, "eve": 95.0, "stranger": 99.9}))
    assert decided(world, resolved) == {"ada": "present", "eve": "review", "joe": "absent"}
    assert (resolved["roster"], resolved["seen"], resolved["unknown"]) == (3, 2, 1)


def test_names_come_from_the_roster_with_their_underscores_and_accents(world: World, step: Step) -> None:
    world.courses.add("cs101")
    world.rosters.rosters["cs101"] = [Enrolment("s1", "Zoë_O'Brien"), Enrolment("s2", "Zoë_O'Brien")]
    resolved = step("resolve_names", collected(world, step, {"s2": 99.5}))
    rows = json.loads(world.work.objects[resolved["key"]])["rows"]
    assert [(row["student_id"], row["student_name"], row["status"]) for row in rows] == [
        ("s1", "Zoë_O'Brien", "absent"),
        ("s2", "Zoë_O'Brien", "present"),
    ]


def test_who_joined_later_has_no_row(world: World, step: Step) -> None:
    world.courses.add("cs101")
    world.rosters.rosters["cs101"] = [
        Enrolment("ada", "Ada", "2026-11-21"),
        Enrolment("eve", "Eve", None, "2026-11-20"),
    ]
    assert decided(world, step("resolve_names", collected(world, step, {}))) == {"eve": "absent"}


def test_students_of_other_courses_are_not_absent_here(world: World, step: Step) -> None:
    world.enrol("cs101", "ada")
    world.enrol("cs102", "eve")
    assert decided(world, step("resolve_names", collected(world, step, {}))) == {"ada": "absent"}


def test_a_roster_without_students_makes_an_empty_register(world: World, step: Step) -> None:
    world.enrol("cs101")
    resolved = step("resolve_names", collected(world, step, {"ada": 99.5}))
    assert (resolved["roster"], resolved["seen"]) == (0, 0)


def test_the_second_video_of_a_session_is_united_with_the_first(world: World, step: Step) -> None:
    world.enrol("cs101", "ada", "eve", "joe")
    collected(world, step, {"ada": 99.5}, "front.mp4")
    resolved = step("resolve_names", collected(world, step, {"eve": 99.5, "ada": 91.0}, "back.mp4"))
    assert decided(world, resolved) == {"ada": "present", "eve": "present", "joe": "absent"}
    assert resolved["unknown"] == 2


def test_a_course_has_thresholds_of_its_own(world: World, step: Step) -> None:
    world.enrol("cs101", "ada")
    world.courses.add("cs101", thresholds=Thresholds(present=92.0, review=80.0))
    assert decided(world, step("resolve_names", collected(world, step, {"ada": 92.0}))) == {"ada": "present"}


def test_lost_matches_are_an_error_and_not_an_absent_class(world: World, step: Step) -> None:
    world.enrol("cs101", "ada")
    state = collected(world, step, {"ada": 99.5})
    world.work.objects.clear()
    with pytest.raises(ObjectNotFoundError):
        step("resolve_names", state)
