"""Runs many executions of the machine at once on a clock that only jumps: a day of waiting takes a second.

The states, waits, retries and catches are those of the definition. What a task does is the caller's; it takes no time.
"""

import heapq
import itertools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.statemachine.machine import DEFINITION

Work = Callable[[str, dict[str, Any]], Any]
"""A task's state and input ▶ its result; raises what the function would."""


@dataclass
class Execution:
    """A run, as far as it is; `error` names what failed it, `visits` counts states entered and tasks tried."""

    number: int
    start: Mapping[str, Any]
    state: str = DEFINITION["StartAt"]
    data: dict[str, Any] = field(default_factory=dict)
    tries: dict[int, int] = field(default_factory=dict)
    visits: int = 0
    status: str = "RUNNING"
    error: str = ""
    ended_at: float = 0.0

    @property
    def arn(self) -> str:
        return f"arn:aws:states:us-east-1:000000000000:execution:rollcall-attendance:{self.number}"


class VirtualTime:
    """Executions in virtual time.

    Attributes:
        now: seconds since the begin.
    """

    def __init__(self, work: Work, seed: int = 1) -> None:
        self.now = 0.0
        self.executions: list[Execution] = []
        self._work = work
        self._random = random.Random(seed)  # noqa: S311 (spreads retries)
        self._due: list[tuple[float, int, Execution]] = []
        self._order = itertools.count()

    def start(self, event: Mapping[str, Any]) -> None:
        """Start an execution now."""
        execution = Execution(len(self.executions), event)
        self.executions.append(execution)
        self._at(self.now, execution)

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Let time go on until nothing is left to do, or something is so."""
        while self._due and not until():
            self.now, _, execution = heapq.heappop(self._due)
            self._step(execution)

    def _at(self, moment: float, execution: Execution) -> None:
        heapq.heappush(self._due, (moment, next(self._order), execution))

    def _step(self, execution: Execution) -> None:
        definition = DEFINITION["States"][execution.state]
        execution.visits += 1
        kind = definition["Type"]
        if self.now > DEFINITION["TimeoutSeconds"]:
            self._end(execution, "TIMED_OUT", "")
        elif kind == "Wait":
            self._next(execution, definition["Next"], _at_path(execution.data, definition["SecondsPath"]))
        elif kind == "Choice":
            self._next(execution, _chosen(definition, execution.data))
        elif kind == "Fail":
            self._end(execution, "FAILED", str(_at_path(execution.data, definition.get("ErrorPath", "$.error"))))
        else:
            self._try(execution, definition)

    def _try(self, execution: Execution, definition: Mapping[str, Any]) -> None:
        try:
            result = self._work(execution.state, _parameters(definition, execution))
        except Exception as error:  # whatever a function raises is the machine's to decide on
            self._failed(execution, definition, error)
            return
        execution.tries.clear()
        execution.data = _with_result(definition, execution.data, result)
        if definition.get("End"):
            self._end(execution, "SUCCEEDED", "")
        else:
            self._next(execution, definition["Next"])

    def _failed(self, execution: Execution, definition: Mapping[str, Any], error: Exception) -> None:
        name = type(error).__name__
        for number, retrier in enumerate(definition["Retry"]):
            tried = execution.tries.get(number, 0)
            if name in retrier["ErrorEquals"] and tried < retrier["MaxAttempts"]:
                execution.tries[number] = tried + 1
                longest = min(retrier["IntervalSeconds"] * retrier["BackoffRate"] ** tried, retrier["MaxDelaySeconds"])
                self._at(self.now + self._random.uniform(0, longest), execution)  # JitterStrategy FULL
                return
        catcher = next(each for each in definition["Catch"] if {name, "States.ALL"} & set(each["ErrorEquals"]))
        if catcher["ResultPath"]:
            key = catcher["ResultPath"].removeprefix("$.")
            execution.data = execution.data | {key: {"Error": name, "Cause": ""}}
        execution.tries.clear()
        self._next(execution, catcher["Next"])

    def _next(self, execution: Execution, state: str, after: float = 0.0) -> None:
        execution.state = state
        self._at(self.now + after, execution)

    def _end(self, execution: Execution, status: str, error: str) -> None:
        execution.status, execution.error, execution.ended_at = status, error, self.now


def _at_path(data: Mapping[str, Any], path: str) -> Any:
    """The value at a path of plain names, such as `$.job.status`."""
    value: Any = data
    for name in path.removeprefix("$.").split("."):
        value = value[name]
    return value


def _parameters(definition: Mapping[str, Any], execution: Execution) -> dict[str, Any]:
    context = {"$$.Execution.Input": execution.start, "$$.Execution.Id": execution.arn}
    return {
        name.removesuffix(".$"): context[path] if path in context else _at_path(execution.data, path)
        for name, path in definition["Parameters"].items()
    }


def _with_result(definition: Mapping[str, Any], data: Mapping[str, Any], result: Any) -> dict[str, Any]:
    """The state after a task: `ResultPath` is `$` where `ResultSelector` renames the whole result, else one key."""
    if definition["ResultPath"] == "$":
        return {name.removesuffix(".$"): result for name in definition["ResultSelector"]}
    return {**data, definition["ResultPath"].removeprefix("$."): result}


def _chosen(definition: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    for choice in definition["Choices"]:
        if _at_path(data, choice["Variable"]) == choice["StringEquals"]:
            return str(choice["Next"])
    return str(definition["Default"])
