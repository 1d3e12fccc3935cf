"""Calls of an ASGI application from inside its own process: no port, no network."""

import gc
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.environment import ACCESS_KEY, REGION
from local.journal_changes import Caller, Delete, Put, Unknown

App = Any
"""An ASGI application: `await app(scope, receive, send)`."""

TARGET = b"DynamoDB_20120810."
_CREDENTIAL = re.compile(rb"Credential=([^/,\s]+)/[^/,\s]*/([a-z0-9-]+)/")


class CallError(Exception):
    """The application refused a call; `name` is the AWS error's."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name


@dataclass(frozen=True)
class Answer:
    """A whole response."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    async def send(self, send: Any) -> None:
        """Give it to a client."""
        await send({"type": "http.response.start", "status": self.status, "headers": list(self.headers)})
        await send({"type": "http.response.body", "body": self.body})


def header(scope: Mapping[str, Any], name: bytes) -> bytes:
    """A header of a request, or nothing; `name` in lower case, as ASGI has them."""
    return next((value for key, value in scope["headers"] if key.lower() == name), b"")


def caller_of(scope: Mapping[str, Any]) -> Caller:
    """The account and region of a request, as the emulated AWS takes them from its signature.

    A key that is no account's number belongs to the default account, as everything in Rollcall does.
    """
    found = _CREDENTIAL.search(header(scope, b"authorization"))
    if found is None:
        return Caller(ACCESS_KEY, REGION)
    key, region = found[1].decode("latin-1"), found[2].decode("latin-1")
    return Caller(key if re.fullmatch(r"\d{12}", key) else ACCESS_KEY, region)


async def whole_body(receive: Any) -> bytes | None:
    """The body of a request, or None when its client left before the end of it."""
    parts = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def call(app: App, scope: Mapping[str, Any], body: bytes) -> Answer:
    """Put one request to the application and wait for the whole answer."""
    sent: list[Any] = []
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Any:
        return next(messages, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start = sent[0]
    return Answer(start["status"], tuple(start["headers"]), b"".join(part.get("body", b"") for part in sent[1:]))


async def save(app: App) -> None:
    """Let the emulated AWS write its state while it goes on running.

    It does so when its lifespan ends, and nothing that Rollcall uses stops with that: so it is told of the end of
    a second lifespan. There is no other public way in MiniStack 1.5.33; `test_journal_app` notices should it change.
    """

    async def receive() -> Any:
        return {"type": "lifespan.shutdown"}

    async def send(_: Any) -> None:
        return None

    gc.disable()  # copying the state makes millions of objects, of which none is garbage
    try:
        await app({"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}, receive, send)
    finally:
        gc.enable()


class Tables:
    """The tables of the application, as one account sees them in one region."""

    def __init__(self, app: App, caller: Caller) -> None:
        self._app = app
        self._caller = caller

    async def image(self, what: Unknown) -> Put | Delete:
        """What became of an item.

        Raises:
            CallError: its table is gone.
        """
        key = what.attributes
        if what.whole:
            names = await self._key_names(what.table)
            key = {name: what.attributes[name] for name in names}
        answer = await self._ask("GetItem", {"TableName": what.table, "Key": key, "ConsistentRead": True})
        return Put(what.table, answer["Item"]) if "Item" in answer else Delete(what.table, key)

    async def apply(self, change: Put | Delete) -> None:
        """Make a change, whether or not it was made before.

        Raises:
            CallError: it was refused.
        """
        if isinstance(change, Put):
            await self._ask("PutItem", {"TableName": change.table, "Item": change.item})
        else:
            await self._ask("DeleteItem", {"TableName": change.table, "Key": change.key})

    async def _key_names(self, table: str) -> list[str]:
        described = await self._ask("DescribeTable", {"TableName": table})
        return [part["AttributeName"] for part in described["Table"]["KeySchema"]]

    async def _ask(self, operation: str, request: Mapping[str, Any]) -> Any:
        answer = await call(self._app, self._scope(operation), json.dumps(request).encode())
        content = json.loads(answer.body)
        if answer.status != 200:
            raise CallError(str(content.get("__type")), str(content.get("message") or content.get("Message")))
        return content

    def _scope(self, operation: str) -> dict[str, Any]:
        """A request by the account itself, which may do everything; signatures of its key are not checked."""
        credential = f"{self._caller.account}/20260101/{self._caller.region}/dynamodb/aws4_request"
        signature = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/",
            "raw_path": b"/",
            "query_string": b"",
            "root_path": "",
            "headers": [
                (b"host", b"127.0.0.1"),
                (b"content-type", b"application/x-amz-json-1.0"),
                (b"x-amz-target", TARGET + operation.encode()),
                (b"authorization", signature.encode()),
            ],
            "client": ("127.0.0.1", 0),
            "server": ("127.0.0.1", 80),
        }
