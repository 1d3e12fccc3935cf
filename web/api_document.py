"""The API's OpenAPI document, made from its operations and what they take and give."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from web.api_models import Problem
from web.problems import MIME_TYPE

VERSION = "1.1.0"
_PLACE = re.compile(r"<(\w+)>")
_SCHEMA = "#/components/schemas/{model}"
_PROBLEMS = {
    "401": "There is no token, or it opens nothing (any more).",
    "403": "The token's account may not see this course.",
    "404": "There is no such course or session.",
    "422": "The query is not what it should be.",
    "429": "Too many requests: wait as long as Retry-After says.",
    "503": "A service is busy: wait as long as Retry-After says.",
}


@dataclass(frozen=True)
class Operation:
    """One request that the API answers.

    Attributes:
        name: of the function that answers it.
        path: under the API's, with Flask's places.
        summary: a sentence.
        answer: what it gives.
        query: what may stand behind the question mark, if anything.
    """

    name: str
    path: str
    summary: str
    answer: type[BaseModel]
    query: type[BaseModel] | None


def document(operations: Iterable[Operation], server: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the operations, which are served below the address `server`."""
    named = list(operations)
    answers = [(answer, "serialization") for answer in (*(one.answer for one in named), Problem)]
    _, schemas = models_json_schema(answers, ref_template=_SCHEMA)  # type: ignore[arg-type]  # a list of pairs
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Rollcall",
            "version": VERSION,
            "description": "Registers of classes, read by programs. Make a token on the page of your account.",
        },
        "servers": [{"url": server}],
        "security": [{"token": []}],
        "paths": {_PLACE.sub(r"{\1}", one.path): {"get": _get(one)} for one in named},
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _get(operation: Operation) -> dict[str, Any]:
    places = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PLACE.findall(operation.path)
    ]
    answers: dict[str, Any] = {"200": _answer("What was asked for.", operation.answer, "application/json")}
    answers |= {status: _answer(words, Problem, MIME_TYPE) for status, words in _PROBLEMS.items()}
    return {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [*places, *_query(operation)],
        "responses": answers,
    }


def _query(operation: Operation) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    schema = operation.query.model_json_schema(mode="validation")
    return [_parameter(name, dict(found)) for name, found in schema["properties"].items()]


def _parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter; what may be missing is not sent, never sent as null."""
    described = schema.pop("description", None)
    one_of: list[Mapping[str, Any]] = [kind for kind in schema.pop("anyOf", []) if kind.get("type") != "null"]
    for kind in one_of:
        described = kind.get("description", described)
        schema |= {key: value for key, value in kind.items() if key != "description"}
    kept = {key: value for key, value in schema.items() if value is not None}
    more = {"description": described} if described else {}
    return {"name": name, "in": "query", "required": False, "schema": kept, **more}


def _answer(words: str, model: type[BaseModel], mime_type: str) -> dict[str, Any]:
    schema = {"$ref": _SCHEMA.format(model=model.__name__)}
    return {"description": words, "content": {mime_type: {"schema": schema}}}
