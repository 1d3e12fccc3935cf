"""One function of the state machine in a process of its own, as on Lambda: `python -m bench.step resolve_names`.

Reads the function's input from stdin, calls the real handler with the AWS clients that the environment names, and
prints JSON: the answer, the process's largest memory, the handler's seconds, and what it asked of AWS.
"""

import importlib
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import boto3

from bench.memory import peak_mb

ROOT = Path(__file__).resolve().parent.parent
WRITE_UNIT = 1024
"""Bytes of an item that one write request unit writes."""
READ_UNIT = 4096
"""Bytes of items that one read request unit reads, strongly consistent."""


class StepError(Exception):
    """The handler raised an error; its end is the message."""


@dataclass
class Usage:
    """What a handler asked of AWS.

    Attributes:
        calls: `dynamodb.Query` ▶ how often.
        items: `dynamodb.BatchWriteItem` ▶ items written in all.
        stored: write request units by table, as if each item were written by itself and the table had no index; of an
            update, those of the values it sets.
        transacted: those of them that are written in a transaction, which costs twice.
        read: read request units by operation; of a Query that projects, only of what it projects.
    """

    calls: Counter[str] = field(default_factory=Counter)
    items: Counter[str] = field(default_factory=Counter)
    stored: Counter[str] = field(default_factory=Counter)
    transacted: Counter[str] = field(default_factory=Counter)
    read: Counter[str] = field(default_factory=Counter)

    def listen(self, session: boto3.Session) -> None:
        """Count every call of the clients that the session makes from now on."""
        session.events.register("before-call", self._before)
        session.events.register("after-call", self._after)

    def _before(self, model: Any, params: Mapping[str, Any], **_: object) -> None:
        operation = f"{model.service_model.service_name}.{model.name}"
        self.calls[operation] += 1
        if model.service_model.service_name == "dynamodb":
            for table, item in _written(model.name, json.loads(params["body"])):
                units = -(-size(item) // WRITE_UNIT)
                self.items[operation] += 1
                self.stored[table] += units
                self.transacted[table] += units if model.name == "TransactWriteItems" else 0

    def _after(self, model: Any, http_response: Any, **_: object) -> None:
        if model.service_model.service_name == "dynamodb" and model.name in ("Query", "GetItem"):
            body = json.loads(http_response.content)
            read = sum(map(size, body.get("Items", [body.get("Item", {})])))
            self.read[model.name] += max(1, -(-read // READ_UNIT))


@dataclass(frozen=True)
class Ran:
    """A handler's run, from the import of its code on.

    Attributes:
        answer: what it returned.
        seconds: wall clock.
        cpu: seconds of a processor.
        peak_mb: largest memory of the process.
        calls: and the others, see `Usage`.
    """

    answer: dict[str, Any]
    seconds: float
    cpu: float
    peak_mb: float
    calls: Mapping[str, int]
    items: Mapping[str, int]
    stored: Mapping[str, int]
    transacted: Mapping[str, int]
    read: Mapping[str, int]

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What the process printed."""
        return cls(**json.loads(text))


def run(step: str, given: Mapping[str, Any], environment: Mapping[str, str]) -> Ran:
    """Run a handler in a process of its own.

    Args:
        step: the function's folder.
        given: its input.
        environment: the whole environment of the process.

    Raises:
        StepError: the handler raised.
    """
    command = [sys.executable, "-m", "bench.step", step]
    ended = subprocess.run(
        command, input=json.dumps(given), env=dict(environment), cwd=ROOT, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise StepError(f"{step}: {ended.stderr.strip()[-2000:]}")
    return Ran.from_json(ended.stdout.splitlines()[-1])


def size(item: Any) -> int:
    """About the bytes that DynamoDB counts for an item or value in its own notation."""
    if isinstance(item, Mapping):
        if len(item) == 1 and next(iter(item)) in _TYPES:
            return _size_of_value(*next(iter(item.items())))
        return sum(len(name.encode()) + size(value) for name, value in item.items())
    return len(str(item).encode())


_TYPES = {"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"}
_NESTED = 3
"""Bytes of a list or map itself; each of its entries costs one more."""


def _size_of_value(kind: str, value: Any) -> int:
    if kind == "M":
        return _NESTED + sum(1 + len(name.encode()) + size(entry) for name, entry in value.items())
    if kind == "L":
        return _NESTED + sum(1 + size(entry) for entry in value)
    if kind in ("SS", "NS", "BS"):
        return sum(len(entry.encode()) for entry in value)
    return 1 if kind in ("BOOL", "NULL") else len(str(value).encode())


def _written(operation: str, body: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Table and item of each write of a request; an update counts the values it sets."""
    if operation == "BatchWriteItem":
        return [
            (table, request.get("PutRequest", {}).get("Item") or request["DeleteRequest"]["Key"])
            for table, requests in body["RequestItems"].items()
            for request in requests
        ]
    if operation == "TransactWriteItems":
        return [_action(kind, action) for item in body["TransactItems"] for kind, action in item.items()]
    if operation in ("PutItem", "UpdateItem", "DeleteItem"):
        return [_action(operation.removesuffix("Item"), body)]
    return []


def _action(kind: str, action: Mapping[str, Any]) -> tuple[str, Any]:
    item = action["Item"] if kind == "Put" else {**action.get("ExpressionAttributeValues", {}), **action["Key"]}
    return action["TableName"], item


def main() -> None:
    """Run the handler named on the command line on the input from stdin."""
    step, given = sys.argv[1], json.load(sys.stdin)
    usage = Usage()
    boto3.DEFAULT_SESSION = boto3.Session()
    usage.listen(boto3.DEFAULT_SESSION)
    began, cpu = time.perf_counter(), time.process_time()
    answer = importlib.import_module(f"functions.{step}.handler").handler(given, None)
    spent = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu, "peak_mb": peak_mb()}
    print(json.dumps({"answer": answer, **spent, **vars(usage)}))


if __name__ == "__main__":
    main()
