"""How far the run of a video has come, read from the state machine's own history."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient

STEPS = (
    "Register video",
    "Start face search",
    "Get face search",
    "Collect matches",
    "Resolve names",
    "Write present",
    "Write absent",
    "Close session",
)
"""The states in their order, with the polling as one."""
_POLLING = {"Wait for face search": "Get face search", "Face search finished?": "Get face search"}
_LAST_EVENTS = 30
"""Enough to hold the last state that was entered: a state has about seven events, more only when it is retried."""


@dataclass(frozen=True)
class RunProgress:
    """The step a run is in, and the percent (0-100) of the video that is searched, where it is told."""

    step: str
    percent: float | None


class RunFollower:
    """Reads executions, by a client of this process's environment unless one is given."""

    def __init__(self, client: "SFNClient | None" = None) -> None:
        self._client: SFNClient = client or boto3.client("stepfunctions")

    def progress(self, execution_arn: str) -> RunProgress | None:
        """Where the run is; None where the service knows of none, or of no state of it yet."""
        if not execution_arn:
            return None
        try:
            events = self._client.get_execution_history(
                executionArn=execution_arn, reverseOrder=True, maxResults=_LAST_EVENTS
            )["events"]
        except (self._client.exceptions.ExecutionDoesNotExist, self._client.exceptions.InvalidArn):
            return None
        entered = next(
            (event["stateEnteredEventDetails"] for event in events if "stateEnteredEventDetails" in event), None
        )
        if entered is None:
            return None
        return RunProgress(_POLLING.get(entered["name"], entered["name"]), percent_of(entered.get("input", "")))


def percent_of(state_input: str) -> float | None:
    """How much of the video is searched (0-100), where the state's input tells."""
    try:
        percent = json.loads(state_input)["job"]["percent"]
    except (KeyError, TypeError, ValueError):
        return None
    return float(percent) if isinstance(percent, int | float) else None
