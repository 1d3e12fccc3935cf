"""The deployed state machine as the tests use it: put a video, wait for its execution, read its history."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from boto3.dynamodb.conditions import Key
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from local import clients
from local.home import ROOT, Endpoints

DEFINITION: dict[str, Any] = json.loads((ROOT / "statemachine" / "attendance.asl.json").read_text())
SCHEMAS = ROOT / "statemachine" / "schemas"
PATIENCE_SECONDS = 60.0
HAPPY_PATH = [
    "Register video",
    "Start face search",
    "Wait for face search",
    "Get face search",
    "Face search finished?",
    "Collect matches",
    "Resolve names",
    "Write present",
    "Write absent",
    "Close session",
]

T = TypeVar("T")


def eventually(look: Callable[[], T | None], what: str) -> T:
    """What `look` finds, as soon as it finds anything."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {PATIENCE_SECONDS:.0f} s")


@dataclass(frozen=True)
class Step:
    """One visit of a state: the state's input, each error of its task, and the task's result if it had one."""

    state: str
    state_input: dict[str, Any]
    errors: tuple[str, ...]
    result: Any


@dataclass(frozen=True)
class Run:
    """A finished execution."""

    arn: str
    status: str
    error: str
    start: dict[str, Any]
    output: dict[str, Any]
    steps: tuple[Step, ...]

    @property
    def path(self) -> list[str]:
        return [step.state for step in self.steps]

    def step(self, state: str) -> Step:
        return next(step for step in self.steps if step.state == state)


class Machine:
    """A state machine on a running stack."""

    def __init__(self, endpoints: Endpoints) -> None:
        self.endpoints = endpoints
        self.s3 = clients.s3(endpoints.aws)
        self._states = clients.stepfunctions(endpoints.aws)
        self._tables = clients.dynamodb(endpoints.aws)

    def enrol(self, course_id: str, students: Mapping[str, str], time_zone: str = "UTC") -> None:
        """Create a course with a roster: student_id ▶ name."""
        course = {"course_id": course_id, "course_name": course_id, "time_zone": time_zone, "created_at": "2026-01-01"}
        self._table("COURSES_TABLE").put_item(Item=course)
        for student_id, name in students.items():
            row = {"course_id": course_id, "student_id": student_id, "student_name": name}
            self._table("ROSTERS_TABLE").put_item(Item=row)

    def upload(self, key: str, body: bytes = b"a video") -> Run:
        """Put an object as any S3 client does, and wait for the execution that EventBridge starts."""
        self.s3.put_object(Bucket=self.endpoints.bucket, Key=key, Body=body)
        return self.finished(eventually(lambda: self._execution_of(key), f"an execution for {key}"))

    def send(self, event: Mapping[str, Any]) -> Run:
        """Start an execution with an event."""
        arn = self._states.start_execution(stateMachineArn=self.endpoints.state_machine, input=json.dumps(event))
        return self.finished(arn["executionArn"])

    def finished(self, arn: str) -> Run:
        """The run, once it has ended."""

        def look() -> dict[str, Any] | None:
            found = self._states.describe_execution(executionArn=arn)
            return dict(found) if found["status"] != "RUNNING" else None

        ended = eventually(look, f"the end of {arn}")
        pages = self._states.get_paginator("get_execution_history").paginate(executionArn=arn)
        events = [dict(event) for page in pages for event in page["events"]]
        return Run(
            arn=arn,
            status=ended["status"],
            error=ended.get("error", ""),
            start=json.loads(ended["input"]),
            output=json.loads(ended.get("output") or "{}"),
            steps=steps_of(events),
        )

    def rows(self, session_key: str) -> dict[str, dict[str, Any]]:
        """The register of a session: student_id ▶ row."""
        found = self._table("ATTENDANCE_TABLE").query(KeyConditionExpression=Key("session_key").eq(session_key))
        return {str(item["student_id"]): dict(item) for item in found["Items"]}

    def session(self, course_id: str, session_id: str) -> dict[str, Any]:
        """A session's item."""
        key = {"course_id": course_id, "session_id": session_id}
        return dict(self._table("SESSIONS_TABLE").get_item(Key=key)["Item"])

    def unfiled(self, key: str) -> dict[str, Any]:
        """The item of a video that no session could be found for."""
        found = self._table("SESSIONS_TABLE").query(KeyConditionExpression=Key("course_id").eq("unfiled"))["Items"]
        return next(dict(item) for item in found if any(video["key"] == key for video in videos_of(item)))

    def _table(self, setting: str) -> Any:
        return self._tables.Table(self.endpoints.settings[setting])

    def _execution_of(self, key: str) -> str | None:
        found = self._states.list_executions(stateMachineArn=self.endpoints.state_machine)["executions"]
        for execution in found:
            described = self._states.describe_execution(executionArn=execution["executionArn"])
            if json.loads(described["input"]).get("detail", {}).get("object", {}).get("key") == key:
                return execution["executionArn"]
        return None


def videos_of(session: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The videos of a session's item."""
    return list(session["videos"].values())


_DETAILS_OF_FAILURE = {
    "taskFailedEventDetails",
    "lambdaFunctionFailedEventDetails",
    "lambdaFunctionTimedOutEventDetails",
}
"""An interpreter tells of a Task whose Resource is a function's ARN as a task or, as AWS does, as a function."""
_DETAILS_OF_SUCCESS = {"taskSucceededEventDetails", "lambdaFunctionSucceededEventDetails"}


def steps_of(events: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """The visits of states in an execution's history, in order."""
    steps: list[Step] = []
    for event in events:
        if "stateEnteredEventDetails" in event:
            entered = event["stateEnteredEventDetails"]
            steps.append(Step(entered["name"], json.loads(entered["input"]), (), None))
        for failed in _DETAILS_OF_FAILURE & event.keys():
            last = steps.pop()
            steps.append(replace(last, errors=(*last.errors, event[failed]["error"])))
        for succeeded in _DETAILS_OF_SUCCESS & event.keys():
            steps.append(replace(steps.pop(), result=json.loads(event[succeeded]["output"])))
    return tuple(steps)


def task_input(step: Step, run: Run) -> dict[str, Any]:
    """What the state's function was given: its Parameters, filled in from the state's input."""
    context = {"$$.Execution.Input": run.start, "$$.Execution.Id": run.arn}
    parameters = DEFINITION["States"][step.state]["Parameters"]
    return {
        name.removesuffix(".$"): context[path] if path in context else step.state_input[path.removeprefix("$.")]
        for name, path in parameters.items()
    }


def definition_of(stepfunctions: Any, state_machine: str) -> dict[str, Any]:
    """A machine as it is deployed."""
    definition: dict[str, Any] = json.loads(
        stepfunctions.describe_state_machine(stateMachineArn=state_machine)["definition"]
    )
    return definition


def folder(state: str) -> str:
    """`Resolve names` ▶ `resolve_names`."""
    return state.lower().replace(" ", "_")


def check(state: str, direction: str, value: object) -> None:
    """Raise unless a value is as the JSON Schema of a step's input or output says."""
    schemas = {path.name: json.loads(path.read_text()) for path in SCHEMAS.glob("*.json")}
    registry: Registry[Any] = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in schemas.values()
    )
    Draft202012Validator(schemas[f"{folder(state)}.{direction}.json"], registry=registry).validate(value)
