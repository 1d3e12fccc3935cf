"""The JSON Schemas of the state machine's inputs and outputs, and its definition."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

ROOT = Path(__file__).parent.parent
SCHEMAS = ROOT / "statemachine" / "schemas"
STEPS = (
    "register_video",
    "start_face_search",
    "get_face_search",
    "collect_matches",
    "resolve_names",
    "write_present",
    "write_absent",
    "close_session",
    "record_failure",
)
OUTSIDE = ("record_stopped_run", "reconcile")
"""Functions that EventBridge calls, not the machine."""


def machine() -> dict[str, Any]:
    """The state machine as it is written."""
    definition: dict[str, Any] = json.loads((ROOT / "statemachine" / "attendance.asl.json").read_text())
    return definition


def recorded(name: str) -> dict[str, Any]:
    """A recorded event."""
    event: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return event


def check(name: str, value: object) -> None:
    """Hold a value against a schema such as `resolve_names.input`.

    Raises:
        jsonschema.ValidationError: it does not fit.
    """
    _validator(name).validate(value)


@cache
def _registry() -> Registry[Any]:
    documents = [json.loads(path.read_text()) for path in SCHEMAS.glob("*.json")]
    return Registry().with_resources((document["$id"], Resource.from_contents(document)) for document in documents)


@cache
def _validator(name: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    return Draft202012Validator(schema, registry=_registry(), format_checker=Draft202012Validator.FORMAT_CHECKER)
