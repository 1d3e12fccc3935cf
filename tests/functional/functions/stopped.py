"""The functions outside the machine, with their adapters on moto's services."""

import importlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import pytest

from attendance import keys
from attendance.aws import clients
from attendance.aws.runs import DynamoSessionReader, S3Uploads, StepFunctionsRuns
from attendance.model import VideoObject
from attendance.ports import Services
from attendance.recovery import Tools
from tests.builders import SETTINGS
from tests.contracts import check

Function = Callable[[str, dict[str, Any]], dict[str, Any]]
ROLE = "arn:aws:iam::123456789012:role/machine"
DEFINITION = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})


def make_tools(services: Services) -> Tools:
    """The tools on a videos bucket and a state machine that are made for it; moto's executions go on until stopped."""
    s3, states = clients.s3(), clients.stepfunctions()
    s3.create_bucket(Bucket=SETTINGS.videos_bucket)
    s3.put_bucket_versioning(Bucket=SETTINGS.videos_bucket, VersioningConfiguration={"Status": "Enabled"})
    machine = boto3.client("stepfunctions").create_state_machine(name="m", definition=DEFINITION, roleArn=ROLE)
    settings = replace(SETTINGS, state_machine_arn=machine["stateMachineArn"])
    return Tools(
        services,
        DynamoSessionReader(clients.dynamodb(), settings),
        StepFunctionsRuns(states, settings),
        S3Uploads(s3, settings),
    )


def put_video(key: str, body: bytes = b"a video") -> VideoObject:
    """Store an object; the upload as S3 lists it."""
    made = clients.s3().put_object(Bucket=SETTINGS.videos_bucket, Key=key, Body=body)
    found = clients.s3().head_object(Bucket=SETTINGS.videos_bucket, Key=key)
    etag = made["ETag"].strip('"')
    return VideoObject(SETTINGS.videos_bucket, key, made["VersionId"], etag, len(body), found["LastModified"])


def executions(tools: Tools) -> dict[str, str]:
    """The status of each execution by the key of its video."""
    states = clients.stepfunctions()
    machine = states.list_state_machines()["stateMachines"][0]["stateMachineArn"]
    found: dict[str, str] = {}
    for one in states.list_executions(stateMachineArn=machine)["executions"]:
        described = states.describe_execution(executionArn=one["executionArn"])
        found[keys.video_object(json.loads(described["input"])).key] = described["status"]
    return found


def function_on(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> Function:
    """A function as EventBridge calls it: JSON in and out, held against its schemas."""

    def call(name: str, given: dict[str, Any]) -> dict[str, Any]:
        handler = importlib.import_module(f"functions.{name}.handler")
        monkeypatch.setattr(handler, "tools", lambda: tools)
        check(f"{name}.input", given)
        answer: dict[str, Any] = json.loads(json.dumps(handler.handler(json.loads(json.dumps(given)), None)))
        check(f"{name}.output", answer)
        return answer

    return call
