"""How far the run of a video has come, read from the state machine's own history."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from attendance.aws.repeating import is_passing
from attendance.rollcall import seconds_left

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
QUEUED = "waits for one of the 20 searches that the account may run at once"
"""What the machine's patience with the face service's limit means to a person."""

_POLLING = {"Wait for face search": "Get face search", "Face search finished?": "Get face search"}
_STARTING = "Start face search"
_LIMIT = "LimitExceededException"
"""What only a start meets: the machine tries it again until a search of the account has ended."""
_LAST_EVENTS = 30
"""Enough to hold the last state that was entered: a state has about seven events, more only when it is retried."""

Event = Mapping[str, Any]
"""An event of a run's history."""


@dataclass(frozen=True)
class Searched:
    """How far the search of a video has come, as far as the face service tells.

    Attributes:
        percent: 0-100 of the video.
        people: seen so far.
        seconds_left: estimated from what is searched and how long that took.
    """

    percent: float | None = None
    people: int | None = None
    seconds_left: int | None = None

    @property
    def words(self) -> str:
        """Such as `37 % of the video searched, 5 people seen, about 3 min left`; empty where nothing is told."""
        if self.percent is None:
            return ""
        told = [f"{self.percent:.0f} % of the video searched"]
        if self.people is not None:
            told.append("1 person seen" if self.people == 1 else f"{self.people} people seen")
        if self.seconds_left is not None:
            told.append(_time_left(self.seconds_left))
        return ", ".join(told)


@dataclass(frozen=True)
class RunProgress:
    """The step a run is in; `is_queued` is whether it waits for one of the account's searches to end."""

    step: str
    searched: Searched = Searched()
    is_queued: bool = False


def _now() -> datetime:
    return datetime.now(UTC)


class RunFollower:
    """Reads executions, by a client of this process's environment unless one is given; `now` gives the time."""

    def __init__(self, client: "SFNClient | None" = None, now: Callable[[], datetime] = _now) -> None:
        self._client: SFNClient = client or boto3.client("stepfunctions")
        self._now = now

    def progress(self, execution_arn: str) -> RunProgress | None:
        """Where the run is; None where the service knows of none or of no state of it yet, or is too busy to tell."""
        if not execution_arn:
            return None
        try:
            events: Sequence[Any] = self._client.get_execution_history(
                executionArn=execution_arn, reverseOrder=True, maxResults=_LAST_EVENTS
            )["events"]
        except (self._client.exceptions.ExecutionDoesNotExist, self._client.exceptions.InvalidArn):
            return None
        except ClientError as error:
            if not is_passing(error):
                raise
            return None  # the page is worth more than how far a run is
        if is_queued(events):
            return RunProgress(_STARTING, is_queued=True)
        entered = next((event for event in events if "stateEnteredEventDetails" in event), None)
        if entered is None:
            return None
        details = entered["stateEnteredEventDetails"]
        ago = (self._now() - entered["timestamp"]).total_seconds()
        return RunProgress(_POLLING.get(details["name"], details["name"]), searched(details.get("input", ""), ago))


def is_queued(newest_first: Sequence[Event]) -> bool:
    """Whether the last that a run met is the limit of searches at once.

    Each try adds events, so that the state it is in may have been entered before the first of those given.
    """
    for event in newest_first:
        if "stateEnteredEventDetails" in event or "stateExitedEventDetails" in event:
            return False
        # A function fails under one of two names, by the way it is called.
        failed = event.get("lambdaFunctionFailedEventDetails") or event.get("taskFailedEventDetails")
        if failed:
            return bool(failed.get("error") == _LIMIT)
    return False


def searched(state_input: str, ago: float = 0.0) -> Searched:
    """What a state's input tells of the search, whatever it is.

    Args:
        state_input: JSON.
        ago: seconds since it was told.
    """
    try:
        job = json.loads(state_input)["job"]
        percent, people, seconds = (_number(job.get(name)) for name in ("percent", "people", "searching_seconds"))
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
        return Searched()
    left = seconds_left(percent, seconds or 0.0)
    return Searched(
        percent=percent,
        people=None if people is None else int(people),
        seconds_left=None if left is None else max(0, left - round(max(0.0, ago))),
    )


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number else None  # type: ignore[arg-type]


def _time_left(seconds: int) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute left"
    return f"about {minutes} min left" if minutes < 120 else f"about {round(minutes / 60)} h left"
