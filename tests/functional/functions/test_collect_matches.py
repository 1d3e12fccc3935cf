"""Collect matches."""

import json
from typing import Any

import pytest

from attendance.errors import FaceSearchFailedError
from tests.builders import EXECUTION, detection, event, page
from tests.fakes import World
from tests.functional.functions.conftest import Step


def searched(world: World, step: Step, *pages: dict[str, Any]) -> dict[str, Any]:
    world.enrol("cs101")
    video = step("register_video", {"event": event(), "execution_arn": EXECUTION})
    world.faces.results[video["key"]] = list(pages)
    job = step("start_face_search", {"video": video})
    return {"video": video, "job": step("get_face_search", {"job": job})}


def test_every_page_is_read_and_only_counts_travel(world: World, step: Step) -> None:
    state = searched(
        world, step, page(detection(0, 0, {"ada": 99.0})), page(detection(1, 1, {"eve": 95.0}), detection(1, 2))
    )
    matches = step("collect_matches", state)
    assert {key: matches[key] for key in ("detections", "people", "students", "duration_ms")} == {
        "detections": 3,
        "people": 3,
        "students": 2,
        "duration_ms": 60_000,
    }
    assert [found["student_id"] for found in json.loads(world.work.objects[matches["key"]])["students"]] == [
        "ada",
        "eve",
    ]


def test_the_session_learns_where_the_matches_are(world: World, step: Step) -> None:
    state = searched(world, step, page())
    matches = step("collect_matches", state)
    (record,) = world.sessions.items["cs101", "2026-11-20"]["videos"].values()
    assert (record["matches_key"], record["duration_ms"]) == (matches["key"], 60_000)


def test_a_second_run_leaves_the_same_bytes(world: World, step: Step) -> None:
    state = searched(world, step, page(detection(0, 0, {"ada": 99.0})))
    first = dict(world.work.objects) if step("collect_matches", state) else {}
    step("collect_matches", state)
    assert world.work.objects == first


def test_a_video_without_a_face_is_collected_like_any_other(world: World, step: Step) -> None:
    matches = step("collect_matches", searched(world, step, page()))
    assert (matches["detections"], matches["people"], matches["students"]) == (0, 0, 0)


def test_a_result_that_is_no_longer_there_is_not_taken_for_an_empty_one(world: World, step: Step) -> None:
    state = searched(world, step, {"JobStatus": "FAILED", "StatusMessage": "expired"})
    with pytest.raises(FaceSearchFailedError, match="expired"):
        step("collect_matches", state)
    assert world.work.objects == {}


def test_a_hundred_thousand_detections_leave_a_document_of_the_size_of_the_class(world: World, step: Step) -> None:
    frame = [detection(0, person, {f"s{person:02}": 99.0}) for person in range(50)]
    pages = ({**page(*frame), "Persons": [{**face, "Timestamp": at} for face in frame]} for at in range(2_000))
    state = searched(world, step)
    world.faces.results[state["video"]["key"]] = pages  # type: ignore[assignment]
    matches = step("collect_matches", state)
    assert (matches["detections"], matches["students"]) == (100_000, 50)
    assert len(world.work.objects[matches["key"]]) < 50 * 500
