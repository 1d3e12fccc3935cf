"""Runs the handlers on fakes, and the adapters on moto's DynamoDB and S3."""

import importlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import boto3
import pytest
from samtranslator.yaml_helper import yaml_parse

from attendance.aws import clients
from attendance.aws.erasures import DynamoErasures
from attendance.aws.objects import S3Objects
from attendance.aws.sessions import DynamoSessions
from attendance.aws.tables import DynamoAttendance, DynamoCorrections, DynamoCourses, DynamoRosters
from attendance.ports import Services
from attendance.recovery import Tools
from tests.builders import EXECUTION, SETTINGS
from tests.contracts import ROOT, check
from tests.fakes import World
from tests.functional.functions.stopped import make_tools
from tests.moto_aws import moto_aws

Step = Callable[[str, dict[str, Any]], dict[str, Any]]
Run = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture
def world() -> World:
    return World()


def step_on(services: Services, monkeypatch: pytest.MonkeyPatch) -> Step:
    """A handler as the state machine calls it: JSON in and out, held against the step's schemas."""

    def call(name: str, given: dict[str, Any]) -> dict[str, Any]:
        handler = importlib.import_module(f"functions.{name}.handler")
        monkeypatch.setattr(handler, "services", lambda: services)
        check(f"{name}.input", given)
        answer: dict[str, Any] = json.loads(json.dumps(handler.handler(json.loads(json.dumps(given)), None)))
        check(f"{name}.output", answer)
        return answer

    return call


@pytest.fixture
def step(world: World, monkeypatch: pytest.MonkeyPatch) -> Step:
    return step_on(world.services, monkeypatch)


def run_with(step: Step) -> Run:
    """The whole chain on one event, in the order of the machine; the state at its end."""

    def run(event: dict[str, Any]) -> dict[str, Any]:
        state = {"video": step("register_video", {"event": event, "execution_arn": EXECUTION})}
        for name, takes, adds in (
            ("start_face_search", ["video"], "job"),
            ("get_face_search", ["job"], "job"),
            ("collect_matches", ["video", "job"], "matches"),
            ("resolve_names", ["video", "matches"], "resolved"),
            ("write_present", ["video", "resolved"], "present"),
            ("write_absent", ["video", "resolved"], "absent"),
            ("close_session", ["video", "resolved"], "session"),
        ):
            state[adds] = step(name, {key: state[key] for key in takes})
        return state

    return run


@pytest.fixture
def run(step: Step) -> Run:
    return run_with(step)


@cache
def _resources() -> dict[str, Any]:
    resources: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))["Resources"]
    return resources


@pytest.fixture
def aws() -> Iterator[None]:
    """The template's tables and work bucket in moto."""
    made = (clients.dynamodb, clients.s3, clients.rekognition)
    with moto_aws():
        for client in made:
            client.cache_clear()
        dynamodb = boto3.client("dynamodb")
        for name, resource in _resources().items():
            if resource["Type"] == "AWS::DynamoDB::Table":
                properties = resource["Properties"]
                keys = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
                table = f"rollcall-{name.removesuffix('Table').lower()}"
                dynamodb.create_table(TableName=table, **{key: properties[key] for key in keys if key in properties})
        boto3.client("s3").create_bucket(Bucket=SETTINGS.work_bucket)
        yield
    for client in made:
        client.cache_clear()


@pytest.fixture
def aws_services(aws: None, world: World) -> Services:
    """Real adapters on moto; only the face service is a fake."""
    tables = clients.dynamodb()
    return replace(
        world.services,
        courses=DynamoCourses(tables, SETTINGS),
        rosters=DynamoRosters(tables, SETTINGS),
        sessions=DynamoSessions(tables, SETTINGS),
        attendance=DynamoAttendance(tables, SETTINGS),
        corrections=DynamoCorrections(tables, SETTINGS),
        erasures=DynamoErasures(tables, SETTINGS),
        work=S3Objects(clients.s3(), SETTINGS),
    )


@pytest.fixture
def tools(aws_services: Services) -> Iterator[Tools]:
    clients.stepfunctions.cache_clear()
    yield make_tools(aws_services)
    clients.stepfunctions.cache_clear()
