"""AWS's own Step Functions Local, in a container, with the answers of the functions from MockConfigFile.json.

It really waits, so the machine is created with the shortest retry intervals that the language allows.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from botocore.exceptions import ConnectionClosedError, EndpointConnectionError

from local import clients
from tests.statemachine.interpreters.functions import definition
from tests.statemachine.machine import Run, eventually, steps_of

_ROLE = "arn:aws:iam::123456789012:role/attendance"


class StepFunctionsLocal:
    """A running Step Functions Local with the machine created under the name that the file has for it."""

    def __init__(self, url: str, machine: str) -> None:
        self._states = clients.stepfunctions(url)
        eventually(self._answers, f"an answer of {url}")
        self._arn = self._states.create_state_machine(
            name=machine, definition=json.dumps(hurried(definition())), roleArn=_ROLE
        )["stateMachineArn"]

    def run(self, case: str, event: Mapping[str, Any]) -> Run:
        """The finished execution of a case."""
        started = self._states.start_execution(stateMachineArn=f"{self._arn}#{case}", input=json.dumps(event))
        arn = started["executionArn"]

        def ended() -> dict[str, Any] | None:
            found = self._states.describe_execution(executionArn=arn)
            return dict(found) if found["status"] != "RUNNING" else None

        execution = eventually(ended, f"the end of {arn}")
        pages = self._states.get_paginator("get_execution_history").paginate(executionArn=arn)
        events: list[dict[str, Any]] = [dict(event) for page in pages for event in page["events"]]
        failed = events[-1].get("executionFailedEventDetails", {})
        return Run(
            arn=arn,
            status=execution["status"],
            error=failed.get("error", ""),
            start=dict(event),
            output=json.loads(execution.get("output") or "{}"),
            steps=steps_of(events),
        )

    def _answers(self) -> bool:
        with suppress(EndpointConnectionError, ConnectionClosedError):
            self._states.list_state_machines()
            return True
        return False


def hurried(machine: Mapping[str, Any]) -> dict[str, Any]:
    """The machine with every retry after at most two seconds; nothing else is changed."""
    states = {
        name: {**state, "Retry": [_hurried(retrier) for retrier in state["Retry"]]} if "Retry" in state else state
        for name, state in machine["States"].items()
    }
    return {**machine, "States": states}


def _hurried(retrier: Mapping[str, Any]) -> dict[str, Any]:
    return {**retrier, "IntervalSeconds": 1, "BackoffRate": 1, "MaxDelaySeconds": 2}
