"""The template's own roles, enforced: the pipeline runs, and no function may do more than it needs."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

import pytest

from attendance.recovery import GRACE
from local.home import Home
from local.supervisor import LocalStack
from tests.contracts import OUTSIDE, STEPS, recorded
from tests.e2e.roles import (
    AsFunction,
    RecordingFaces,
    Stack,
    enforcing,
    idle_machine,
    is_denied,
    rights_of,
    without,
)
from tests.statemachine.face_double import Script, detection, serving
from tests.statemachine.machine import Machine, Run, eventually, folder, task_input

pytestmark = pytest.mark.stack

COURSE, DATE = "LEAST-1", "2026-11-20"
GONE = "S-GONE"
"""Somebody with a row and no place on the roster, whose row a run deletes."""
FACE_SERVICE = "rekognition"
READERS = ("resolve_names", "write_present", "write_absent", "close_session", "reconcile")
NOT_ASKED_FOR_HERE = {
    # Rekognition reads the video with the rights of whoever starts the search; our face service has its own.
    ("start_face_search", "s3:GetObject"),
    ("start_face_search", "s3:GetObjectVersion"),
    # Without it S3 answers 403 for an object that is gone; the emulated one answers 404 all the same.
    *((function, "s3:ListBucket") for function in READERS),
}
DENIED = {"AccessDeniedError", "AccessDeniedException"}
NUMBERS = count()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that enforces IAM, with a course and a video that has its register."""
    faces, home = RecordingFaces(), Home(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patch, serving(faces) as url:
        patch.setattr("local.supervisor.emulator_environment", enforcing)
        with LocalStack(home, rekognition_url=url, web=False, wait_scale=0.02) as local:
            made = Stack(Machine(local.endpoints), faces)
            for setting in ("VIDEOS_BUCKET", "PHOTOS_BUCKET", "WORK_BUCKET"):
                # They refuse plain HTTP, which is what the emulated AWS speaks.
                made.machine.s3.delete_bucket_policy(Bucket=local.endpoints.settings[setting])
            made.machine.enrol(COURSE, {"S-1": "Ana", "S-2": "Bo"})
            yield made


@pytest.fixture(scope="module")
def run(stack: Stack) -> Run:
    """A run of the whole machine with nothing but the template's rights."""
    key = f"videos/{COURSE}/{DATE}/class.mp4"
    stack.faces.scripts[key] = Script(persons=[detection(0, 0, {"S-1": 97.0})])
    return stack.machine.upload(key)


# ---- what a function has to find so that it needs each of its rights


def nothing(_: Stack, __: Run) -> None:
    """Its event alone makes it do all it can."""


def a_row_to_delete(stack: Stack, run: Run) -> None:
    the_runs_own_decision(stack, run)
    row = {"session_key": f"{COURSE}#{DATE}", "student_id": GONE, "status": "absent", "student_name": GONE}
    stack.table("ATTENDANCE_TABLE").put_item(Item={**row, "source": "machine", "course_id": COURSE, "date": DATE})


def a_run_that_was_stopped(stack: Stack, _: Run) -> None:
    """The video of the recorded event is being worked on by the execution that the event tells of."""
    stack.machine.enrol("cs101", {})
    detail = recorded("record_stopped_run")["detail"]
    upload = json.loads(detail["input"])
    video_id = recorded("start_face_search")["video"]["video_id"]
    put_session(stack, "cs101", DATE, {video_id: record_of(upload["detail"]["object"], detail["executionArn"])})


def stand(stack: Stack, key: str) -> None:
    """Let a decided register be the one that stands in the run's session, whoever decides from now on."""
    stack.table("SESSIONS_TABLE").update_item(
        Key={"course_id": COURSE, "session_id": DATE},
        UpdateExpression="SET decision = :decision",
        ExpressionAttributeValues={":decision": {"key": key, "turn": 10**6}},
    )


def the_runs_own_decision(stack: Stack, run: Run) -> None:
    stand(stack, run.step("Resolve names").result["key"])


def a_decision_of_a_later_turn(stack: Stack, run: Run) -> None:
    """Another run of the session decided after this one took its turn: its register stands, and has to be read."""
    resolved = run.step("Resolve names").result
    other = f"{COURSE}/{DATE}/resolved-{'0' * 32}.json"
    source = f"{resolved['bucket']}/{resolved['key']}"
    stack.machine.s3.copy_object(Bucket=resolved["bucket"], Key=other, CopySource=source)
    stand(stack, other)


def what_was_broken_off(stack: Stack, run: Run) -> None:
    registers_half_written(stack, run)
    videos_to_run_again(stack)


def registers_half_written(stack: Stack, run: Run) -> None:
    """A session in which a video counts now, and one whose only video was moved away, with a student's row."""
    arrived, left = (f"{today()}_{next(NUMBERS)}" for _ in range(2))
    record: dict[str, Any] = record_of({"key": "videos/moved.mp4", "etag": "e"}, "")
    record |= {"status": "complete", "matches_key": run.step("Collect matches").result["key"]}
    put_session(stack, COURSE, arrived, {"moved": record}, outdated_turn=0)
    put_session(stack, COURSE, left, {}, outdated_turn=0)
    row = {"session_key": f"{COURSE}#{left}", "student_id": "S-1", "status": "absent", "student_name": "Ana"}
    more = {"course_id": COURSE, "session_id": left, "date": today(), "source": "machine"}
    stack.table("ATTENDANCE_TABLE").put_item(Item=row | more)


def videos_to_run_again(stack: Stack) -> None:
    """An upload nobody noticed, and runs that broke off in each way that there is."""
    number = next(NUMBERS)
    bucket = stack.machine.endpoints.bucket
    events = stack.client("events")
    (rule,) = [each["Name"] for each in events.list_rules()["Rules"] if "VideoUploaded" in each["Name"]]
    events.disable_rule(Name=rule)
    made: dict[str, Any] = {
        name: stack.machine.s3.put_object(Bucket=bucket, Key=f"videos/{name}-{number}.mp4", Body=b"")
        for name in ("unnoticed", "versioned", "unversioned")
    }
    events.enable_rule(Name=rule)
    aborted = stack.states.start_execution(
        stateMachineArn=stack.machine.endpoints.state_machine, input=json.dumps({"nobody": "knows"})
    )["executionArn"]
    stack.states.stop_execution(executionArn=aborted)
    videos = {}
    for name, execution in (("versioned", ""), ("unversioned", ""), ("gone", ""), ("stopped", aborted)):
        stored: dict[str, str] = {
            "key": f"videos/{name}-{number}.mp4",
            "etag": made.get(name, {}).get("ETag", "none").strip('"'),
        }
        if name == "versioned":
            stored["version-id"] = made[name]["VersionId"]
        videos[f"{name}-{number}"] = record_of(stored, execution)
    put_session(stack, "default", f"{today()}_{number}", videos)


SCENES: Mapping[str, Callable[[Stack, Run], None]] = {
    "resolve_names": a_decision_of_a_later_turn,
    "write_present": the_runs_own_decision,
    "write_absent": a_row_to_delete,
    "close_session": the_runs_own_decision,
    "record_stopped_run": a_run_that_was_stopped,
    "reconcile": what_was_broken_off,
}


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def record_of(stored: Mapping[str, Any], execution: str) -> dict[str, Any]:
    """What a session keeps of a video that is being worked on."""
    return {
        "bucket": "rollcall-videos-000000000000",
        "key": stored["key"],
        "etag": stored["etag"],
        "version_id": stored.get("version-id"),
        "status": "processing",
        "execution_arn": execution,
        "uploaded_at": (datetime.now(UTC) - timedelta(minutes=1)).isoformat(timespec="seconds"),
    }


def put_session(stack: Stack, course_id: str, session_id: str, videos: Mapping[str, Any], **more: Any) -> None:
    item: dict[str, Any] = {
        "course_id": course_id,
        "session_id": session_id,
        "session_key": f"{course_id}#{session_id}",
    }
    item |= {"date": session_id[:10], "status": "processing", "videos": videos}
    stack.table("SESSIONS_TABLE").put_item(Item=item | more)


def event_for(function: str, run: Run) -> dict[str, Any]:
    """The event a function was called with in the run, or as EventBridge would call it."""
    if function == "reconcile":
        due = datetime.now(UTC) + GRACE + timedelta(minutes=1)
        return recorded(function) | {"time": due.isoformat()}
    if function == "record_stopped_run":
        return recorded(function)
    if function == "record_failure":
        given = {"event": run.start, "execution_arn": run.arn}
        return given | {"error": {"Error": "States.Timeout", "Cause": ""}}
    (step,) = [each for each in run.steps if folder(each.state) == function]
    return task_input(step, run)


def test_the_whole_pipeline_runs_with_the_rights_of_the_template(run: Run, stack: Stack) -> None:
    assert run.status == "SUCCEEDED", run.output
    statuses = {student_id: row["status"] for student_id, row in stack.machine.rows(f"{COURSE}#{DATE}").items()}
    assert statuses == {"S-1": "present", "S-2": "absent"}


def test_a_failed_and_a_stopped_run_are_recorded_with_the_rights_of_the_template(stack: Stack) -> None:
    failed = stack.machine.upload(f"videos/{COURSE}/2026-11-18/empty.mp4", b"")
    assert failed.step("Record failure").result["error"] == "EmptyVideoError"
    key = f"videos/{COURSE}/2026-11-19/class.mp4"
    stack.faces.scripts[key] = Script(polls=10**9)
    stack.machine.s3.put_object(Bucket=stack.machine.endpoints.bucket, Key=key, Body=b"a video")

    def session() -> Any:
        table, ids = stack.table("SESSIONS_TABLE"), {"course_id": COURSE, "session_id": "2026-11-19"}
        return table.get_item(Key=ids).get("Item", {"videos": {}})

    def arn() -> str | None:
        return next((video["execution_arn"] for video in session()["videos"].values() if "job_id" in video), None)

    stack.states.stop_execution(executionArn=eventually(arn, "the search"))
    eventually(lambda: session()["status"] == "failed", "the recorded stop")
    assert session()["error"]["name"] == "Execution.Aborted"


@pytest.mark.parametrize("function", [*STEPS, *OUTSIDE])
def test_a_function_cannot_do_without_any_of_its_rights(function: str, stack: Stack, run: Run) -> None:
    name, document = stack.policy(function)
    put = partial(stack.iam.put_role_policy, RoleName=stack.role(function), PolicyName=name)
    scene, unneeded = SCENES.get(function, nothing), []
    with idle_machine(stack):
        for right in rights_of(stack, function):
            if right.action.startswith(FACE_SERVICE) or (function, right.action) in NOT_ASKED_FOR_HERE:
                continue
            scene(stack, run)
            put(PolicyDocument=json.dumps(without(document, right)))
            _, error = stack.invoke(function, event_for(function, run))
            put(PolicyDocument=json.dumps(document))
            if error not in DENIED:
                unneeded.append((right, error))
        assert unneeded == []
        scene(stack, run)
        assert stack.invoke(function, event_for(function, run))[1] == ""


@pytest.mark.parametrize("function", STEPS)
def test_a_step_may_call_just_those_operations_of_the_face_service_that_it_calls(
    function: str, stack: Stack, run: Run
) -> None:
    allowed = {right.action for right in rights_of(stack, function) if right.action.startswith(FACE_SERVICE)}
    SCENES.get(function, nothing)(stack, run)
    stack.faces.operations.clear()
    _, error = stack.invoke(function, event_for(function, run))
    assert error == ""
    assert {f"{FACE_SERVICE}:{operation}" for operation in stack.faces.operations} == allowed


@pytest.mark.parametrize("function", [*STEPS, *OUTSIDE])
def test_a_function_may_otherwise_only_write_its_logs_and_traces(function: str, stack: Stack) -> None:
    attached = stack.iam.list_attached_role_policies(RoleName=stack.role(function))["AttachedPolicies"]
    assert {policy["PolicyName"] for policy in attached} == {
        "AWSLambdaBasicExecutionRole",
        "AWSXrayWriteOnlyAccess",
    }


@pytest.mark.parametrize("function", OUTSIDE)
def test_a_function_outside_the_machine_has_no_business_with_faces(function: str, stack: Stack) -> None:
    assert not [right for right in rights_of(stack, function) if right.action.startswith(FACE_SERVICE)]


# ---- what nobody gave a function the right to


@pytest.mark.parametrize("function", [*STEPS, *OUTSIDE])
def test_a_function_is_denied_all_that_it_was_not_given(function: str, stack: Stack) -> None:
    given = {(right.action, right.resource) for right in rights_of(stack, function)}
    calls = list(AsFunction(stack, function).calls())
    assert len(calls) > 60
    with idle_machine(stack):
        for action, resource, call in calls:
            assert is_denied(call) is ((action, resource) not in given), (action, resource)
