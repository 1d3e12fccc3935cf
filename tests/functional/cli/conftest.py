"""A stack for the command line: the emulated AWS with the template's tables, and a small state machine on uploads."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import boto3
import pytest

from attendance.settings import Settings
from local.emulator import emulator_environment
from local.environment import clean_environment
from local.home import Home
from local.network import HEALTH_PATH, answers, free_port, url
from tests.functional.web.tables import make_tables

Rollcall = Callable[..., "subprocess.CompletedProcess[str]"]

MACHINE = {
    "StartAt": "Search",
    "States": {
        "Search": {
            "Type": "Pass",
            "Result": {"percent": 50, "people": 2, "searching_seconds": 60},
            "ResultPath": "$.job",
            "Next": "Wait",
        },
        "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Good?"},
        "Good?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.detail.object.key", "StringMatches": "*bad*", "Next": "Broken"}],
            "Default": "Close",
        },
        "Close": {"Type": "Pass", "End": True},
        "Broken": {"Type": "Fail", "Error": "BrokenError"},
    },
}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an emulated AWS that ends with the tests."""
    folder = tmp_path_factory.mktemp("emulator")
    port = free_port()
    environment = clean_environment(folder) | emulator_environment(folder, port, url(port))
    process = subprocess.Popen(
        [sys.executable, "-m", "local.child", "local.emulator"],
        env=environment,
        stdin=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    try:
        deadline = time.monotonic() + 60
        while not answers(url(port) + HEALTH_PATH):
            assert process.poll() is None, "the emulator ended"
            assert time.monotonic() < deadline, "the emulator does not answer"
            time.sleep(0.1)
        yield url(port)
    finally:
        process.terminate()
        process.wait(timeout=30)
        if process.stdin:
            process.stdin.close()


@pytest.fixture(scope="module")
def home(emulator: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a stack with empty tables, as a supervisor that runs keeps it."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (
            ("AWS_ENDPOINT_URL", emulator),
            ("AWS_ACCESS_KEY_ID", "000000000000"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
        ):
            patch.setenv(name, value)
        made = make_tables()
        told = {
            "web": "http://127.0.0.1:1",
            "aws": emulator,
            "rekognition": emulator,
            "region": "us-east-1",
            "settings": _environment(made) | {"STATE_MACHINE_ARN": _machine_on_uploads()},
        }
    with Home(home).lock():
        (home / "endpoints.json").write_text(json.dumps(told))
        yield home


@pytest.fixture
def rollcall(home: Path) -> Rollcall:
    """Runs the command line as a person would, in a process of its own."""

    def run(*arguments: object, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(  # noqa: S603
            [sys.executable, "-m", "cli.main", *map(str, arguments)],
            env=os.environ | {"ROLLCALL_HOME": str(home), "COLUMNS": "160"},
            cwd=Path(__file__).parents[3],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def in_stack(home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of the stack, entered for this test."""
    from cli.stack import find

    environment = find(home).environment
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return environment


def _environment(made: Settings) -> dict[str, str]:
    return {name.upper(): str(value) for name, value in asdict(made).items()}


def _machine_on_uploads() -> str:
    """A state machine that EventBridge starts for each object of the videos bucket."""
    role = "arn:aws:iam::000000000000:role/any"
    arn = boto3.client("stepfunctions").create_state_machine(
        name="attendance", definition=json.dumps(MACHINE), roleArn=role
    )["stateMachineArn"]
    boto3.client("s3").put_bucket_notification_configuration(
        Bucket="rollcall-videos", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    events = boto3.client("events")
    pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"]}
    events.put_rule(Name="uploads", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="uploads", Targets=[{"Id": "1", "Arn": arn, "RoleArn": role}])
    return arn
