"""An ASGI application in front of the emulated AWS, which makes what it acknowledged of DynamoDB outlive kill -9.

MiniStack saves everything but the objects of S3 at a graceful stop only. Here every successful write of an item is
in the journal, on the disk, before its client is told. The writes go through one lock, so that the journal has
them in the order they happened; the lock is not held while the disk is waited for, and one fsync serves all who wait.
Every other change of DynamoDB (tables, PartiQL) and every deployment is made durable by a snapshot of the
whole state. At a start the journal is replayed on the last snapshot before the port is open.

A read may see a write whose client is not told yet, and which a crash then loses; but never is a write lost that
happened before one that was acknowledged.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Any

from local.journal import Journal, JournalError
from local.journal_calls import TARGET, Answer, App, CallError, Tables, call, caller_of, header, save, whole_body
from local.journal_changes import JOURNALED, Caller, Unknown, from_entry, is_read, to_entry, touched
from local.journal_commit import Committer
from local.journal_snapshot import SnapshotError, Snapshots

SNAPSHOT_PATH = "/_rollcall/snapshot"
"""POST saves everything the emulated AWS holds: 204, or 500 with the reason."""

SNAPSHOT_BYTES = 16 * 1024 * 1024
"""A journal longer than this, and than the last snapshot's tables, is replaced by a snapshot."""

LONGEST_BYTES = 32 * 1024 * 1024
"""A journal longer than this always is: some 90,000 items, replayed in 20 to 30 s."""

REPLAYING = 2
"""How many times longer a byte of the journal takes to be replayed than a byte of the tables to be saved."""


class Journaled:
    """The application with its journal.

    Args:
        app: the emulated AWS.
        journal: what is replayed at the start, and appended to.
        snapshots: of the state of `app`.
        snapshot_bytes: the least size of the journal at which a snapshot is taken in its place.
    """

    def __init__(self, app: App, journal: Journal, snapshots: Snapshots, snapshot_bytes: int = SNAPSHOT_BYTES) -> None:
        self._app = app
        self._journal = journal
        self._snapshots = snapshots
        self._commits = Committer(journal)
        self._order = asyncio.Lock()
        self._least_bytes = snapshot_bytes
        self._next_snapshot = self._longest()

    async def __call__(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        """Serve a request or a lifespan, as ASGI has it."""
        operation = _operation(scope)
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif scope["type"] == "http" and (scope["method"], scope["path"]) == ("POST", SNAPSHOT_PATH):
            await (await self._answer_snapshot()).send(send)
        elif operation and not is_read(operation):
            await self._change(operation, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _change(self, operation: str, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        body = await whole_body(receive)
        if body is None:
            return
        try:
            async with self._order:
                answer, durable = await self._apply(operation, scope, body)
            if durable is not None:
                await asyncio.shield(durable)
        except (JournalError, SnapshotError) as error:
            answer = _failed(f"This write may be lost at the next start: {error}")
        await answer.send(send)

    async def _apply(
        self, operation: str, scope: Mapping[str, Any], body: bytes
    ) -> "tuple[Answer, asyncio.Future[None] | None]":
        """Put a change to the emulated AWS; its answer, and what to wait for before it is given."""
        if self._commits.failure:
            return _failed(f"Nothing can be written: {self._commits.failure}"), None
        answer = await call(self._app, scope, body)
        if answer.status != 200:
            return answer, None
        entries = await self._entries(operation, caller_of(scope), body, answer)
        if entries is None:
            await self._snapshot()
            return answer, None
        durable = self._commits.add(entries)
        if self._journal.size > self._next_snapshot:
            await self._compact()
        return answer, durable

    async def _entries(self, operation: str, caller: Caller, body: bytes, answer: Answer) -> list[Any] | None:
        """What the journal must keep of a change, or None when that cannot be told."""
        if operation not in JOURNALED:
            return None
        tables = Tables(self._app, caller)
        try:
            changes = touched(operation, json.loads(body), json.loads(answer.body))
            images = [await tables.image(change) if isinstance(change, Unknown) else change for change in changes]
        except (AttributeError, CallError, KeyError, TypeError, ValueError):
            return None
        return [to_entry(caller, image) for image in images]

    async def _compact(self) -> None:
        """Put a snapshot in the place of a long journal. Should that fail, nothing is lost but disk space."""
        try:
            await self._snapshot()
        except SnapshotError as error:
            _tell(f"The journal stays long, for no snapshot could be taken: {error}")
            self._next_snapshot = 2 * self._journal.size

    async def _snapshot(self) -> None:
        """Save everything, and begin the journal anew; the caller holds the lock.

        Raises:
            SnapshotError: the state cannot be saved; journal and last snapshot are as before.
        """
        await self._commits.settled()
        self._snapshots.begin()
        await save(self._app)
        self._complete()

    def _complete(self) -> None:
        self._snapshots.complete()
        try:
            self._journal.restart()
        except JournalError as error:  # replayed once more at the next start, with the same result
            _tell(str(error))
        self._next_snapshot = self._longest()

    def _longest(self) -> int:
        """Bytes of the journal at which a snapshot takes its place.

        The more there is to save the rarer it is done, so that saving stays a constant share of writing.
        """
        return max(self._least_bytes, min(self._snapshots.table_bytes(), LONGEST_BYTES))

    async def _answer_snapshot(self) -> Answer:
        try:
            async with self._order:
                await self._snapshot()
        except SnapshotError as error:
            return Answer(500, ((b"content-type", b"text/plain; charset=utf-8"),), str(error).encode())
        return Answer(204, (), b"")

    async def _live(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        """Pass the application's lifespan on: replay before it has started, check what it saved when it has ended."""

        async def received() -> Any:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self._order.acquire()  # for good: nothing is written any more
                await self._commits.settled()
                self._begin_last()
            return message

        async def sent(message: Any) -> None:
            if message["type"] == "lifespan.startup.complete":
                await self._replay()
            elif message["type"] == "lifespan.shutdown.complete":
                self._end_last()
            await send(message)

        await self._app(scope, received, sent)

    def _begin_last(self) -> None:
        try:
            self._snapshots.begin()
        except SnapshotError as error:
            _tell(f"The state may not be saved: {error}")

    def _end_last(self) -> None:
        try:
            self._complete()
        except SnapshotError as error:
            _tell(f"The state was not saved; the journal holds what was written: {error}")

    async def _replay(self) -> None:
        """Apply the journal to the snapshot, and save the result where that is quicker than to apply it once more."""
        if self._journal.torn:
            _tell(
                f"{self._journal.torn} bytes that were not acknowledged before the last stop were cut off the journal."
            )
        if not self._journal.entries:
            return
        began = time.monotonic()
        refused = Counter([problem async for problem in self._refused()])
        _tell(f"Replayed {len(self._journal.entries)} writes in {time.monotonic() - began:.2f} s.")
        if refused:
            kept = self._journal.set_aside(f"journal.refused-{time.time_ns()}")
            told = "; ".join(f"{number} of table {table} ({name})" for (table, name), number in refused.items())
            _tell(f"Some writes could not be replayed: {told}. They are kept in {kept}.")
        self._journal.entries.clear()
        if refused or self._journal.size * REPLAYING > self._snapshots.table_bytes():
            await self._compact()

    async def _refused(self) -> AsyncIterator[tuple[str, str]]:
        """Apply every entry; of those refused, the table and the error's name."""
        for entry in self._journal.entries:
            caller, change = from_entry(entry)
            try:
                await Tables(self._app, caller).apply(change)
            except CallError as error:
                yield change.table, error.name


def _operation(scope: Mapping[str, Any]) -> str:
    """The DynamoDB operation a request is for, or nothing."""
    target = header(scope, b"x-amz-target") if scope["type"] == "http" else b""
    return target.removeprefix(TARGET).decode("latin-1") if target.startswith(TARGET) else ""


def _failed(message: str) -> Answer:
    body = json.dumps({"__type": "InternalServerError", "message": message}).encode()
    return Answer(500, ((b"content-type", b"application/x-amz-json-1.0"),), body)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
