"""A second interpreter of the machine: moto's, which holds states to 256 KiB and paths to JSONPath as AWS does.

It runs in this process and calls the functions over HTTP, where AWS_ENDPOINT_URL_LAMBDA points: at the emulator with
the deployed functions, or at `functions.serving`. It does not sleep: the waits and the retry intervals that it would
have slept are written down instead, so that patience can be measured. A task's TimeoutSeconds is real time.

What it cannot do: limit a history to 25,000 events, start by an S3 event, refuse a Choice whose Variable is not there
(it takes the Default), and let States.DataLimitExceeded of an answer pass by a Catch of States.ALL, as AWS does.
"""

import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.statemachine.machine import Run, eventually, steps_of

_RETRIER = "moto.stepfunctions.parser.asl.component.common.retry.retrier_decl.time"
_WAIT = "moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function.WaitFunction._wait_interval"
_CONFIG: Any = {
    "stepfunctions": {"execute_state_machine": True},
    "core": {"passthrough": {"services": ["lambda"], "urls": []}},
}
_ROLE = "arn:aws:iam::000000000000:role/attendance"


@dataclass
class StrictInterpreter:
    """Runs machines on moto's interpreter.

    Attributes:
        lambda_url: where the functions answer.
        waits: the seconds each Wait state of the last run would have waited.
        pauses: the seconds before each retry of the last run.
        events: how many events the history of the last run has.
    """

    lambda_url: str
    waits: list[float] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    events: int = 0
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def run(self, definition: Mapping[str, Any], event: Mapping[str, Any]) -> Run:
        """The finished execution of a machine on an event.

        Args:
            definition: the machine, with the functions' ARNs filled in.
            event: its input.
        """
        self.waits, self.pauses = [], []
        with self._unhurried(), mock_aws(config=_CONFIG):
            states = boto3.client("stepfunctions")
            name = f"attendance-{next(self._numbers)}"
            made = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=_ROLE)
            arn = states.start_execution(stateMachineArn=made["stateMachineArn"], name="one", input=json.dumps(event))[
                "executionArn"
            ]
            ended = eventually(lambda: _ended(states.describe_execution(executionArn=arn)), f"the end of {arn}")
            history = states.get_execution_history(executionArn=arn)["events"]
        self.events = len(history)
        return Run(
            arn=arn,
            status=ended["status"],
            error=ended.get("error", ""),
            start=dict(event),
            output=json.loads(ended.get("output") or "{}"),
            steps=steps_of(history),
        )

    @contextmanager
    def _unhurried(self) -> Iterator[None]:
        def wait(_self: object, env: object, wait_seconds: int) -> None:
            self.waits.append(wait_seconds)

        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL_LAMBDA", self.lambda_url)
            patch.setattr(_RETRIER, SimpleNamespace(sleep=self.pauses.append))
            patch.setattr(_WAIT, wait)
            yield


def _ended(execution: Mapping[str, Any]) -> dict[str, Any] | None:
    return dict(execution) if execution["status"] != "RUNNING" else None
