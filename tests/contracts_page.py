"""docs/contracts.md: each state's input and output, from the definition, the schemas and the recorded events."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bench.machine import added, folder, states, tasks
from tests.contracts import ROOT, SCHEMAS
from tests.samples import samples

PATH = ROOT / "docs" / "contracts.md"

_TOP = """# Contracts

What each state of the machine takes and gives. This page is written by `python -m tests.written` from
[the definition](../statemachine/attendance.asl.json), [the schemas](../statemachine/schemas) and
[the recorded events](../events); a test holds it against them. Change those and write it again.

Inputs are recorded on the whole local stack, with the event of one upload; outputs are what the next state was given,
or what the real function answers. Every sample fits its schema, which takes nothing more or less. A state's answer is
kept under one key of the machine's state; what grows with the roster or the video is in the work bucket, and only its
key travels.

| state | takes | adds | the samples' state after it |
|---|---|---|---|
"""


def text() -> str:
    """The page."""
    return "\n".join([_TOP + "\n".join(_overview()), *map(_section, states()), *_tried_again()]) + "\n"


def _overview() -> Iterator[str]:
    """A line for each state, with the bytes that the machine's state has grown to."""
    state: dict[str, Any] = {}
    for name in states():
        if name not in tasks():
            yield f"| [{name}]({_anchor(name)}) | | | |"
            continue
        state |= {added(name): samples()[name].answer}
        takes = ", ".join(f"`{key}`" for key in samples()[name].given)
        grown = f"{len(json.dumps(state, ensure_ascii=False).encode())} bytes" if name != "Record failure" else ""
        yield f"| [{name}]({_anchor(name)}) | {takes} | `{added(name)}` | {grown} |"
    yield ""


def _section(name: str) -> str:
    state = states()[name]
    parts = [f"## {name}", state["Comment"]]
    if name in tasks():
        parts += _task(name)
    else:
        parts += [f"*{state['Type']}*. {_reads(state)}"]
    ways = list(_ways(state))
    return "\n\n".join([*parts, *(["\n".join(ways)] if ways else [])]) + "\n"


def _task(name: str) -> list[str]:
    step = folder(name)
    sample = samples()[name]
    return [
        f"*Task* `functions/{step}/handler.py`, at most {states()[name]['TimeoutSeconds']} s.",
        f"Input ([schema](../statemachine/schemas/{step}.input.json)):",
        _json(sample.given),
        f"Output ([schema](../statemachine/schemas/{step}.output.json)), kept as `$.{added(name)}`:",
        _json(sample.answer),
        "\n".join(_fields(json.loads((SCHEMAS / f"{step}.output.json").read_text(encoding="utf-8")))),
    ]


def _fields(schema: Mapping[str, Any]) -> Iterator[str]:
    """A table of the fields that a schema describes, with those inside them."""
    yield "| output | what it is |"
    yield "|---|---|"
    yield from _rows(schema, "")


def _rows(schema: Mapping[str, Any], before: str) -> Iterator[str]:
    for name, given in _resolved(schema)["properties"].items():
        field = _resolved(given)
        yield f"| `{before}{name}` | {field['description']} |"
        if "properties" in field:
            yield from _rows(field, f"{before}{name}.")


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema itself, or the definition that it names."""
    if "$ref" not in schema:
        return schema
    document, _, place = schema["$ref"].partition("#/")
    found: Any = json.loads((SCHEMAS / document).read_text(encoding="utf-8"))
    for key in place.split("/"):
        found = found[key]
    return _resolved(found)


def _reads(state: Mapping[str, Any]) -> str:
    """Which parts of the machine's state a state without a function looks at."""
    conditions = state.get("Choices", ())
    paths = [state[key] for key in ("SecondsPath", "ErrorPath", "CausePath") if key in state]
    paths += [condition["Variable"] for condition in conditions]
    if not paths:
        return f"It reads nothing. Its error is `{state['Error']}`."
    return f"It reads {' and '.join(f'`{path}`' for path in paths)}, and adds nothing."


def _ways(state: Mapping[str, Any]) -> Iterator[str]:
    """Where it goes on."""
    for choice in state.get("Choices", ()):
        yield f"- `{choice['Variable']}` is `{choice['StringEquals']}` ▶ {_link(choice['Next'])}"
    if "Default" in state:
        yield f"- else ▶ {_link(state['Default'])}"
    if "Next" in state:
        yield f"- done ▶ {_link(state['Next'])}"
    if state.get("End"):
        yield "- done ▶ the execution has succeeded"
    if "Retry" in state:
        yield "- [some errors](#what-is-tried-again) ▶ once more"
    for catcher in state.get("Catch", ()):
        names = ", ".join(
            "any other error" if error == "States.ALL" else f"`{error}`" for error in catcher["ErrorEquals"]
        )
        yield f"- {names} ▶ {_link(catcher['Next'])}"


def _tried_again() -> Iterator[str]:
    """A table of the policies of retries, and of the states that have them."""
    policies: dict[str, list[str]] = {}
    for name in tasks():
        for retrier in states()[name]["Retry"]:
            policies.setdefault(_policy(retrier), []).append(name)
    yield "## What is tried again\n"
    yield "| errors | how often | by |"
    yield "|---|---|---|"
    for policy, names in policies.items():
        yield f"| {policy} | {'every task' if names == tasks() else ', '.join(names)} |"


def _policy(retrier: Mapping[str, Any]) -> str:
    errors = ", ".join(f"`{error}`" for error in retrier["ErrorEquals"])
    first, factor, longest = (retrier[key] for key in ("IntervalSeconds", "BackoffRate", "MaxDelaySeconds"))
    pauses = f"after {first} s, then {factor:g} times longer each, at most {longest} s"
    return f"{errors} | {retrier['MaxAttempts']} times, {pauses}, with full jitter"


def _link(state: str) -> str:
    return f"[{state}]({_anchor(state)})"


def _anchor(state: str) -> str:
    """As GitHub names a heading."""
    return "#" + state.lower().replace(" ", "-").replace("?", "")


def _json(value: object) -> str:
    return f"```json\n{json.dumps(value, indent=2, ensure_ascii=False)}\n```"
