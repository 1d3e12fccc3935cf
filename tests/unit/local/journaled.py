"""The journal in front of the real emulated AWS, in this process, for the tests of both."""

import asyncio
import json
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import quote

from local.journal import Journal
from local.journal_app import Journaled
from local.journal_calls import Answer, App, call
from local.journal_snapshot import Snapshots

TABLE = "things"
Items = dict[str, dict[str, Any]]


def scope(operation: str = "", path: str = "/") -> dict[str, Any]:
    signature = b"AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/dynamodb/aws4_request, Signature=0"
    headers = [(b"host", b"127.0.0.1"), (b"authorization", signature)]
    if operation:
        headers.append((b"x-amz-target", f"DynamoDB_20120810.{operation}".encode()))
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 80),
    }


def s3_request(method: str, path: str, query: bytes = b"", length: int = 0, **headers: str) -> dict[str, Any]:
    """A request of S3; underscores in headers stand for hyphens."""
    signature = b"AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/s3/aws4_request, Signature=0"
    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return scope(path=path) | {
        "method": method,
        "raw_path": quote(path).encode(),
        "query_string": query,
        "headers": [
            (b"host", b"127.0.0.1"),
            (b"authorization", signature),
            (b"content-length", str(length).encode()),
            *given,
        ],
    }


async def ask(app: App, operation: str, **request: Any) -> Answer:
    return await call(app, scope(operation), json.dumps(request).encode())


async def items(app: App) -> Items:
    found = json.loads((await ask(app, "Scan", TableName=TABLE)).body)["Items"]
    return {item["k"]["S"]: item for item in found}


async def make_table(app: App) -> None:
    answer = await ask(
        app,
        "CreateTable",
        TableName=TABLE,
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    assert answer.status == 200, answer.body


async def start(app: App) -> None:
    """What a server does before it opens its port."""
    told: list[str] = []

    async def receive() -> Any:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        told.append(message["type"])

    await app({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)
    assert told == ["lifespan.startup.complete"]


class Lifeless:
    """The emulated AWS as if started from a snapshot that holds nothing but the table, empty.

    It lets others run before and after each request, some longer than others, as any server may.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._pauses = cycle([0, 3, 1, 5, 2])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan" or (await receive())["type"] != "lifespan.startup":
            await self._pause()
            await self._app(scope, receive, send)
            await self._pause()
        else:
            await send({"type": "lifespan.startup.complete"})

    async def _pause(self) -> None:
        for _ in range(next(self._pauses)):
            await asyncio.sleep(0)


@dataclass
class Stack:
    """The application with a new journal, its table empty."""

    emulator: App
    folder: Path
    journal: Journal = field(init=False)
    app: Journaled = field(init=False)

    def __post_init__(self) -> None:
        for file in self.folder.glob("journal*"):
            file.unlink()
        self.open()

    def open(self, snapshot_bytes: int = 1 << 20) -> None:
        self.journal = Journal(self.folder / "journal")
        self.app = Journaled(Lifeless(self.emulator), self.journal, Snapshots(self.folder), snapshot_bytes)

    async def empty(self) -> None:
        for key in await items(self.emulator):
            await ask(self.emulator, "DeleteItem", TableName=TABLE, Key={"k": {"S": key}})

    async def crash(self, cut: int = 0) -> None:
        """Lose what is in memory and the last bytes of the journal, and start again."""
        self.journal.close()
        content = (self.folder / "journal").read_bytes()
        (self.folder / "journal").write_bytes(content[: len(content) - cut])
        await self.empty()
        self.open()
        await start(self.app)


def request(kind: str, key: str, number: int) -> tuple[str, dict[str, Any]]:
    value = {"N": str(number)}
    place: dict[str, Any] = {"TableName": TABLE, "Key": {"k": {"S": key}}}
    item: dict[str, Any] = {"k": {"S": key}, "n": value}
    add: dict[str, Any] = {**place, "UpdateExpression": "ADD n :n", "ExpressionAttributeValues": {":n": value}}
    match kind:
        case "put":
            return "PutItem", {"TableName": TABLE, "Item": item}
        case "put if new":
            return "PutItem", {"TableName": TABLE, "Item": item, "ConditionExpression": "attribute_not_exists(k)"}
        case "delete":
            return "DeleteItem", place
        case "add":
            return "UpdateItem", add
        case "append":
            expression = "SET l = list_append(if_not_exists(l, :none), :new)"
            values = {":none": {"L": []}, ":new": {"L": [value]}}
            return "UpdateItem", {**place, "UpdateExpression": expression, "ExpressionAttributeValues": values}
        case "batch":
            put, delete = {"PutRequest": {"Item": item}}, {"DeleteRequest": {"Key": {"k": {"S": f"{key}2"}}}}
            return "BatchWriteItem", {"RequestItems": {TABLE: [put, delete]}}
        case _:
            other = {"TableName": TABLE, "Item": {**item, "k": {"S": f"{key}2"}}}
            return "TransactWriteItems", {"TransactItems": [{"Put": other}, {"Update": add}]}
