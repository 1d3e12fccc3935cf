"""Runs that end without a register, on a real stack: stopped, lost, interrupted; each video gets its register."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest

from attendance.aws.clients import name_errors
from attendance.aws.tools import tools_with
from attendance.recovery import GRACE, StillRunningError, Tools, retry
from attendance.settings import Settings
from local import clients
from local.environment import ACCESS_KEY, REGION, SECRET_KEY
from local.home import Endpoints, Home
from local.supervisor import LocalStack
from tests.statemachine.face_double import FaceDouble, Script, detection, serving
from tests.statemachine.machine import Machine, eventually

pytestmark = pytest.mark.stack

COURSE, DATE = "RECOVERED-1", "2026-11-20"
SEEN = [detection(0, 0, {"S-1": 97.0})]
FOR_EVER = 10**9


@pytest.fixture(scope="module")
def faces() -> FaceDouble:
    return FaceDouble()


@pytest.fixture(scope="module")
def rekognition(faces: FaceDouble) -> Iterator[str]:
    with serving(faces) as url:
        yield url


@pytest.fixture(scope="module")
def machine(rekognition: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """The machine of a stack whose waits are shortened, with a course of two."""
    home = Home(tmp_path_factory.mktemp("home"))
    with LocalStack(home, rekognition_url=rekognition, web=False, wait_scale=0.02) as stack:
        made = Machine(stack.endpoints)
        made.enrol(COURSE, {"S-1": "Ana", "S-2": "Bo"})
        yield made


def client(endpoints: Endpoints, service: Any) -> Any:
    session = boto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION)
    return session.client(service, endpoint_url=endpoints.aws)


def tools_of(endpoints: Endpoints) -> Tools:
    s3 = clients.s3(endpoints.aws)
    name_errors(s3)
    settings = Settings.from_environment(endpoints.settings)
    rekognition = clients.rekognition(endpoints.rekognition)
    return tools_with(settings, clients.dynamodb(endpoints.aws), s3, rekognition, clients.stepfunctions(endpoints.aws))


def key_of(day: str) -> str:
    return f"videos/{COURSE}/{day}/class.mp4"


def put(machine: Machine, day: str) -> None:
    machine.s3.put_object(Bucket=machine.endpoints.bucket, Key=key_of(day), Body=b"a video")


def video(machine: Machine, day: str) -> dict[str, Any]:
    """What the session keeps of its video, {} before there is one."""
    session = tools_of(machine.endpoints).sessions.session(COURSE, day)
    return dict(next(iter(machine.session(COURSE, day)["videos"].values()))) if session else {}


def has_status(machine: Machine, day: str, status: str) -> bool:
    return video(machine, day).get("status") == status


def has_job(machine: Machine, day: str) -> bool:
    return "job_id" in video(machine, day)


def invoke(machine: Machine, function: str, event: dict[str, Any]) -> Any:
    """What a function of the stack answers, as the schedule calls it."""
    answer = client(machine.endpoints, "lambda").invoke(
        FunctionName=f"rollcall-{function}", Payload=json.dumps(event).encode()
    )
    assert "FunctionError" not in answer, answer["Payload"].read()
    return json.loads(answer["Payload"].read())


def scheduled(after: timedelta = GRACE + timedelta(minutes=1)) -> dict[str, Any]:
    due = (datetime.now(UTC) + after).isoformat()
    return {"source": "aws.events", "detail-type": "Scheduled Event", "time": due, "detail": {}}


def test_an_aborted_run_is_a_failed_video_until_somebody_runs_it_again(machine: Machine, faces: FaceDouble) -> None:
    day = "2026-11-01"
    faces.scripts[key_of(day)] = Script(polls=FOR_EVER, persons=SEEN)
    put(machine, day)
    eventually(partial(has_job, machine, day), "the search")
    tools = tools_of(machine.endpoints)
    with pytest.raises(StillRunningError):
        retry(COURSE, day, None, tools)
    clients.stepfunctions(machine.endpoints.aws).stop_execution(executionArn=video(machine, day)["execution_arn"])
    eventually(partial(has_status, machine, day, "failed"), "the recorded failure")
    assert video(machine, day)["error"]["name"] == "Execution.Aborted"
    assert "Start the video again" in video(machine, day)["error"]["reason"]

    faces.jobs[video(machine, day)["job_id"]].asked = FOR_EVER
    retry(COURSE, day, None, tools)

    eventually(partial(has_status, machine, day, "complete"), "the register")
    assert "error" not in video(machine, day)
    assert machine.rows(f"{COURSE}#{day}")["S-1"]["status"] == "present"
    assert len(machine.session(COURSE, day)["videos"]) == 1


def test_a_video_whose_event_was_lost_is_found_by_the_reconciliation_and_run_once(
    machine: Machine, faces: FaceDouble
) -> None:
    day = "2026-11-02"
    faces.scripts[key_of(day)] = Script(persons=SEEN)
    events = client(machine.endpoints, "events")
    (rule,) = [rule["Name"] for rule in events.list_rules()["Rules"] if "VideoUploaded" in rule["Name"]]
    events.disable_rule(Name=rule)
    put(machine, day)
    events.enable_rule(Name=rule)
    assert invoke(machine, "reconcile", scheduled(timedelta(0)))["started"] == 0
    assert video(machine, day) == {}

    assert invoke(machine, "reconcile", scheduled()) == {"started": 1, "recorded": 0, "settled": 0, "left": 0}

    eventually(partial(has_status, machine, day, "complete"), "the register")
    assert machine.rows(f"{COURSE}#{day}")["S-2"]["status"] == "absent"
    assert invoke(machine, "reconcile", scheduled())["started"] == 0


def test_a_start_runs_what_a_stop_interrupted_and_nothing_that_was_done(
    rekognition: str, faces: FaceDouble, tmp_path: Path
) -> None:
    home, done, begun = Home(tmp_path), "2026-11-03", "2026-11-04"
    faces.scripts[key_of(done)] = Script(persons=SEEN)
    faces.scripts[key_of(begun)] = Script(polls=FOR_EVER, persons=SEEN)
    with LocalStack(home, rekognition_url=rekognition, web=False, wait_scale=0.02) as stack:
        machine = Machine(stack.endpoints)
        machine.enrol(COURSE, {"S-1": "Ana", "S-2": "Bo"})
        for day in (done, begun):
            put(machine, day)
        eventually(partial(has_status, machine, done, "complete"), "the first register")
        eventually(partial(has_job, machine, begun), "the second search")
        first = machine.session(COURSE, done)
        faces.jobs[video(machine, begun)["job_id"]].asked = FOR_EVER - 1

    told: list[str] = []
    with LocalStack(home, rekognition_url=rekognition, web=False, wait_scale=0.02, progress=told.append) as stack:
        machine = Machine(stack.endpoints)
        assert "Running 1 interrupted video again" in told
        eventually(partial(has_status, machine, begun, "complete"), "the second register")
        assert machine.session(COURSE, done) == first
        assert len(machine.session(COURSE, begun)["videos"]) == 1
