"""Follows the machine's definition from task to task in this process, calling each function on the way.

It knows what the definition uses: paths of keys, `ResultSelector` of the whole answer, and no errors. An interpreter
that knows everything is the emulated AWS's, or moto's in the tests.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EXECUTION = "arn:aws:states:us-east-1:000000000000:execution:rollcall-attendance:one"

Call = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Calls a function, named as its folder, with its input."""


@dataclass(frozen=True)
class Visit:
    """One task: what its function was given and answered, and the machine's state after it."""

    state: str
    given: dict[str, Any]
    answer: dict[str, Any]
    after: dict[str, Any]


@cache
def states() -> Mapping[str, dict[str, Any]]:
    """The machine's states as they are written."""
    found: dict[str, dict[str, Any]] = _definition()["States"]
    return found


def folder(state: str) -> str:
    """`Resolve names` ▶ `resolve_names`."""
    return state.lower().replace(" ", "_")


def tasks() -> list[str]:
    """The states that call a function, in the order they are written."""
    return [name for name, state in states().items() if state["Type"] == "Task"]


def path() -> list[str]:
    """The states on the way of a video that nothing goes wrong with and whose search is done at the first look."""
    names = []
    name: str | None = _definition()["StartAt"]
    while name:
        names.append(name)
        choices = states()[name].get("Choices")
        name = choices[0]["Next"] if choices else states()[name].get("Next")
    return names


def poll() -> list[str]:
    """The states that each further look at the search goes through."""
    (choice,) = (name for name in path() if states()[name]["Type"] == "Choice")
    return path()[path().index(states()[choice]["Default"]) : path().index(choice) + 1]


def added(state: str) -> str:
    """The key of the machine's state under which a task's answer is kept."""
    selector: Mapping[str, str] = states()[state].get("ResultSelector", {})
    whole = [name.removesuffix(".$") for name, place in selector.items() if place == "$"]
    return whole[0] if whole else str(states()[state]["ResultPath"]).removeprefix("$.")


def follow(call: Call, event: dict[str, Any]) -> Iterator[Visit]:
    """Each task of `path`, run on the event of an upload."""
    context = {"$$.Execution.Input": event, "$$.Execution.Id": EXECUTION}
    state: dict[str, Any] = event
    for name in (name for name in path() if name in tasks()):
        given = {
            key.removesuffix(".$"): context[place] if place in context else state[place.removeprefix("$.")]
            for key, place in states()[name]["Parameters"].items()
        }
        answer = call(folder(name), given)
        kept = {added(name): answer}
        state = kept if states()[name]["ResultPath"] == "$" else state | kept
        yield Visit(name, given, answer, state)


@cache
def _definition() -> dict[str, Any]:
    definition: dict[str, Any] = json.loads((ROOT / "statemachine" / "attendance.asl.json").read_text(encoding="utf-8"))
    return definition
