"""Erasing a student while a run of the machine is at work: whenever it happens, nothing of the student stays behind.

The run walks the machine as its definition says, on moto's tables and buckets; before each call that a step
makes to them, the student is erased for good.
"""

import json
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

import boto3
import pytest

from attendance.aws.compose import utc_now
from attendance.aws.erasing import DynamoRecords, S3Documents
from attendance.aws.photos import S3Photos
from attendance.erasure import FORMER, Eraser
from attendance.ports import Services
from tests.builders import SETTINGS, detection, event, page
from tests.fakes import World
from tests.functional.functions.moto_tables import enrol, table
from tests.functional.walking import HANDLERS, Gate, Gated, Run
from tests.functional.web.faces import MemoryFaces

PORTS = ("courses", "rosters", "sessions", "attendance", "corrections", "erasures", "work", "faces")
NAME = "Zoë O'Brien"


@pytest.fixture
def gate(aws_services: Services, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Stands around every call of the steps to the tables and buckets."""
    gate = Gate()
    ports: dict[str, Any] = {name: Gated(getattr(aws_services, name), gate) for name in PORTS}
    for handler in HANDLERS.values():
        monkeypatch.setattr(handler, "services", lambda: replace(aws_services, **ports))
    boto3.client("s3").create_bucket(Bucket=SETTINGS.photos_bucket)
    return gate


@pytest.fixture
def eraser(gate: Gate) -> Eraser:
    documents = S3Documents(SETTINGS.work_bucket)
    return Eraser(MemoryFaces(), S3Photos(SETTINGS.photos_bucket), DynamoRecords(SETTINGS), documents, utc_now)


def register(student_id: str, course_id: str) -> None:
    enrol(course_id, student_id, name=NAME)
    enrol("default", student_id, name=NAME)
    table("rollcall-students").put_item(Item={"student_id": student_id, "student_name": NAME, "photos": []})


def erase(eraser: Eraser, student_id: str) -> None:
    eraser.erase(student_id, "ann", "asked")


def walked(run: Run, until: str = "") -> Run:
    while not run.ended and run.state != until:
        run.step(0)
    return run


def kept_documents() -> dict[str, str]:
    s3 = boto3.client("s3")
    stored = s3.list_objects_v2(Bucket=SETTINGS.work_bucket).get("Contents", [])
    return {
        each["Key"]: s3.get_object(Bucket=SETTINGS.work_bucket, Key=each["Key"])["Body"].read().decode()
        for each in stored
    }


def assert_nothing_is_left(student_id: str) -> None:
    """No name and nothing that was seen: at most a row of nobody, and that it is there."""
    for text in kept_documents().values():
        if student_id in text:
            document = json.loads(text)
            assert document.pop("former")[student_id]
            assert student_id not in json.dumps(document["rows"])
    for row in table("rollcall-attendance").scan()["Items"]:
        if row["student_id"] == student_id:
            assert row["student_name"] == FORMER
            assert not row.keys() & {"similarity", "margin", "first_seen_ms", "last_seen_ms", "evidence"}
    assert NAME not in str(table("rollcall-rosters").scan()["Items"])


@pytest.mark.parametrize(("course_id", "seen"), [("cs101", ["bob", "zoe"]), ("default", ["bob"])])
def test_an_erasing_at_any_moment_of_a_run_leaves_nothing_of_the_student(
    gate: Gate, eraser: Eraser, world: World, course_id: str, seen: list[str]
) -> None:
    enrol(course_id, "bob", name="Bob Ray")
    for call in count(step=2):  # the gate is passed before and after each call: before is enough
        student_id, upload = f"zoe-{call}.", event(f"videos/{course_id}/2026-11-20/{call}/lecture.mp4")
        register(student_id, course_id)
        faces = [detection(0, number, {one.replace("zoe", student_id): 99.5}) for number, one in enumerate(seen)]
        world.faces.results[upload["detail"]["object"]["key"]] = [page(*faces)]
        run = walked(Run(call, upload), "Collect matches")
        gate.left, gate.happen = call, partial(erase, eraser, student_id)
        walked(run)
        assert run.closed
        if gate.left is not None:
            gate.left = None
            break
        assert_nothing_is_left(student_id)
        bob = {"session_key": f"{course_id}#2026-11-20_{call}", "student_id": "bob"}
        assert table("rollcall-attendance").get_item(Key=bob)["Item"]["student_name"] == "Bob Ray"
        for key in kept_documents():
            boto3.client("s3").delete_object(Bucket=SETTINGS.work_bucket, Key=key)
    assert call > 40


def test_what_the_search_of_before_still_finds_of_an_erased_student_is_not_kept(
    gate: Gate, eraser: Eraser, world: World
) -> None:
    register("zoe", "cs101")
    enrol("cs101", "bob", name="Bob Ray")
    upload = event()
    found = page(detection(0, 0, {"zoe": 99.5}), detection(0, 1, {"bob": 99.0}), detection(0, 2))
    world.faces.results[upload["detail"]["object"]["key"]] = [found]
    assert walked(Run(0, upload)).data["matches"]["students"] == 2
    eraser.erase("zoe", "ann", "asked")
    again = walked(Run(1, upload))
    assert (again.data["matches"]["students"], again.data["matches"]["people"]) == (1, 3)
    assert again.data["session"]["counts"] == {"present": 2, "review": 0, "absent": 0}
    assert_nothing_is_left("zoe")


def test_who_was_erased_is_asked_for_a_hundred_at_a_time(aws_services: Services) -> None:
    with table("rollcall-students").batch_writer() as batch:
        for number in range(250):
            mark = {"erasing": {"since": "2026-11-20"}} if number % 100 == 0 else {}
            batch.put_item(Item={"student_id": f"s{number}", **mark})
    erasures = aws_services.erasures
    assert erasures.erased(f"s{number}" for number in range(300)) == {"s0", "s100", "s200"}
    assert erasures.erased([]) == set()
