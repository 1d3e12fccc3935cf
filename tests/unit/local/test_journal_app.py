"""The journal before the emulated AWS: the order of writes, waiting, a failing disk, hostile requests."""

import asyncio
import json
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest

from local.journal import Journal, JournalError
from local.journal_calls import call
from tests.unit.local.journaled import TABLE, Stack, ask, items, request, scope


def test_writes_at_once_come_back_as_they_were_applied_with_few_waits_for_a_slow_disk(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Journal.append

    def slow(journal: Journal, entries: Sequence[Any]) -> None:
        time.sleep(0.05)
        real(journal, entries)

    async def run() -> None:
        monkeypatch.setattr(Journal, "append", slow)
        writes = [("add", "a", 1), ("append", "b", 2), ("put", "c", 3), ("transaction", "a", 4)] * 25
        requests = [request(kind, key, number + at) for at, (kind, key, number) in enumerate(writes)]
        answers = await asyncio.gather(*(ask(stack.app, operation, **body) for operation, body in requests))
        assert {answer.status for answer in answers} == {200}
        assert (stack.folder / "journal").read_bytes().count(b"\xffRCJ") < len(writes) / 2
        before = await items(stack.app)
        await stack.crash()
        assert await items(stack.app) == before

    asyncio.run(run())


def test_a_transaction_that_is_sent_again_does_not_bring_old_values_back(stack: Stack) -> None:
    async def run() -> None:
        operation, body = request("transaction", "a", 1)
        again = {**body, "ClientRequestToken": "one-token"}
        await ask(stack.app, operation, **again)
        await ask(stack.app, "PutItem", **request("put", "a2", 7)[1])
        assert (await ask(stack.app, operation, **again)).status == 200
        before = await items(stack.app)
        assert before["a2"]["n"] == {"N": "7"}
        await stack.crash()
        assert await items(stack.app) == before

    asyncio.run(run())


def test_nothing_is_acknowledged_before_it_is_on_the_disk(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    reached, go_on = threading.Event(), threading.Event()
    real = Journal.append

    def slow(journal: Journal, entries: Sequence[Any]) -> None:
        reached.set()
        assert go_on.wait(10)
        real(journal, entries)

    async def run() -> None:
        monkeypatch.setattr(Journal, "append", slow)
        operation, body = request("put", "a", 1)
        writing = asyncio.create_task(ask(stack.app, operation, **body))
        await asyncio.to_thread(reached.wait, 10)
        assert await items(stack.app)  # reads do not wait
        assert not writing.done()
        go_on.set()
        assert (await writing).status == 200

    asyncio.run(run())


def test_when_the_disk_fails_nothing_is_acknowledged_and_nothing_more_is_written(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise JournalError("the disk is full")

    async def run() -> None:
        monkeypatch.setattr(Journal, "append", full)
        for key in "ab":
            operation, body = request("put", key, 1)
            answer = await ask(stack.app, operation, **body)
            assert answer.status == 500
            assert b"the disk is full" in answer.body
        assert "b" not in await items(stack.app)

    asyncio.run(run())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\x00",
        json.dumps({"TableName": TABLE}).encode(),
        json.dumps({"TableName": TABLE, "Item": {"k": {"S": ""}}}).encode(),
        json.dumps({"TableName": TABLE, "Item": {"k": {"S": "a"}, "v": {"S": "x" * 500_000}}}).encode(),
    ],
)
def test_a_request_that_is_refused_leaves_no_trace(stack: Stack, body: bytes) -> None:
    async def run() -> None:
        with suppress(Exception):  # the emulated AWS itself breaks at some of them
            assert (await call(stack.app, scope("PutItem"), body)).status >= 400
        assert stack.journal.size == 0
        assert await items(stack.app) == {}
        operation, good = request("put", "a", 1)
        assert (await ask(stack.app, operation, **good)).status == 200

    asyncio.run(run())


def test_a_client_that_leaves_in_the_middle_of_its_request_changes_nothing(stack: Stack) -> None:
    async def run() -> None:
        half = json.dumps(request("put", "a", 1)[1]).encode()
        messages = iter([{"type": "http.request", "body": half, "more_body": True}, {"type": "http.disconnect"}])

        async def receive() -> Any:
            return next(messages)

        async def send(message: Any) -> None:
            raise AssertionError(message)

        await stack.app(scope("PutItem"), receive, send)
        assert await items(stack.app) == {}

    asyncio.run(run())
