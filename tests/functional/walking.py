"""Walks the state machine as its definition says, step by step, so that others can act and crash in between."""

import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.contracts import machine

STATES: dict[str, dict[str, Any]] = machine()["States"]
HANDLERS = {
    name: importlib.import_module(f"functions.{name.lower().replace(' ', '_')}.handler")
    for name, state in STATES.items()
    if state["Type"] == "Task"
}
MOST_STATES = 400
"""A run that visits more goes in circles."""


class CrashError(BaseException):
    """A function that dies in the middle; no code can catch it."""


@dataclass
class Gate:
    """Stands before and after every call of a port, and lets something happen at the one that was chosen."""

    left: int | None = None
    happen: Callable[[], None] | None = None

    def passed(self) -> None:
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            self.left, happen = None, self.happen
            assert happen is not None
            happen()


@dataclass
class Gated:
    """A port whose calls pass the gate; rows are written one by one, as they are in ever so small transactions."""

    port: Any
    gate: Gate

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.port, name)

        def call(*arguments: Any, **named: Any) -> Any:
            self.gate.passed()
            answer = method(*arguments, **named)
            self.gate.passed()
            return answer

        def one_by_one(place: Any, decision: str, things: Any) -> None:
            for thing in things:
                call(place, decision, [thing])

        return one_by_one if name in ("put", "remove") and hasattr(self.port, "rows") else call


@dataclass
class Run:
    """An execution of the state machine, walked state by state."""

    number: int
    event: dict[str, Any]
    state: str = "Register video"
    data: dict[str, Any] = field(default_factory=dict)
    visited: int = 0
    resolved_at: int = 0
    """Version of the roster when the run last began to resolve names."""
    has_crashed: bool = False
    closed: bool = False
    ended: bool = False

    def step(self, roster_version: int, crash_is_caught: bool = False) -> None:
        """Run one state; a crash is followed by a retry of the state, or by the machine's catch."""
        self.visited += 1
        assert self.visited < MOST_STATES, "the run goes in circles"
        definition = STATES[self.state]
        if definition["Type"] == "Fail":
            assert self.has_crashed, "a run failed that nothing happened to"
            self.ended = True
        elif definition["Type"] == "Wait":
            self.state = definition["Next"]
        elif definition["Type"] == "Choice":
            (choice,) = definition["Choices"]
            is_so = self.read(choice["Variable"]) == choice["StringEquals"]
            self.state = choice["Next"] if is_so else definition["Default"]
        else:
            if self.state == "Resolve names":
                self.resolved_at = roster_version
            self.task(definition, crash_is_caught)

    def task(self, definition: Mapping[str, Any], crash_is_caught: bool) -> None:
        given = {name.removesuffix(".$"): self.read(path) for name, path in definition["Parameters"].items()}
        try:
            answer = HANDLERS[self.state].handler(json.loads(json.dumps(given)), None)
        except CrashError:
            self.has_crashed = True
            if crash_is_caught:
                self.caught(definition, "Lambda.Unknown")
        except Exception as error:
            self.caught(definition, type(error).__name__)
        else:
            self.write(definition["ResultPath"], {"video": answer} if "ResultSelector" in definition else answer)
            self.closed = self.ended = definition.get("End", False)
            self.state = definition.get("Next", self.state)

    def caught(self, definition: Mapping[str, Any], name: str) -> None:
        catcher = next(one for one in definition["Catch"] if {name, "States.ALL"} & set(one["ErrorEquals"]))
        if catcher["ResultPath"]:
            self.write(catcher["ResultPath"], {"Error": name, "Cause": "{}"})
        self.state = catcher["Next"]

    def read(self, path: str) -> Any:
        if path == "$$.Execution.Input":
            return self.event
        if path == "$$.Execution.Id":
            return f"arn:aws:states:us-east-1:000000000000:execution:rollcall-attendance:{self.number}"
        value: Any = self.data
        for name in path.removeprefix("$.").split("."):
            value = value[name]
        return value

    def write(self, path: str, value: Any) -> None:
        value = json.loads(json.dumps(value))
        self.data = value if path == "$" else {**self.data, path.removeprefix("$."): value}
