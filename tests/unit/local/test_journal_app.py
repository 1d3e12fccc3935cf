"""The journal in front of the real emulated AWS, in this process: what is acknowledged comes back after a crash."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.emulator import emulator_environment
from local.journal import Journal, JournalError
from local.journal_app import SNAPSHOT_PATH, Journaled
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("emulator")


@pytest.fixture(scope="module")
def emulator(folder: Path) -> Iterator[App]:
    """MiniStack, which reads its settings when it is imported."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator_environment(folder, 1, "http://127.0.0.1:1").items():
            patch.setenv(name, value)
        from ministack.app import app

        asyncio.run(make_table(app))
        yield app


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


@pytest.fixture
def stack(emulator: App, folder: Path) -> Stack:
    stack = Stack(emulator, folder)
    asyncio.run(stack.empty())
    return stack


# ---- random writes against a plain model

KEYS = st.sampled_from("abc")
NUMBERS = st.integers(0, 99)
WRITES = st.one_of(
    st.tuples(st.just("put"), KEYS, NUMBERS),
    st.tuples(st.just("put if new"), KEYS, NUMBERS),
    st.tuples(st.just("delete"), KEYS, NUMBERS),
    st.tuples(st.just("add"), KEYS, NUMBERS),
    st.tuples(st.just("append"), KEYS, NUMBERS),
    st.tuples(st.just("batch"), KEYS, NUMBERS),
    st.tuples(st.just("transaction"), KEYS, NUMBERS),
)
Write = tuple[str, str, int]
Model = dict[str, dict[str, Any]]


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


def applied(model: Model, write: Write) -> Model:
    kind, key, number = write
    after = {name: dict(item) for name, item in model.items()}
    match kind:
        case "put":
            after[key] = {"n": number}
        case "put if new":
            after.setdefault(key, {"n": number})
        case "delete":
            after.pop(key, None)
        case "append":
            item = after.setdefault(key, {})
            item["l"] = [*item.get("l", []), number]
        case "batch":
            after[key] = {"n": number}
            after.pop(f"{key}2", None)
        case _:
            item = after.setdefault(key, {})
            item["n"] = item.get("n", 0) + number
            if kind == "transaction":
                after[f"{key}2"] = {"n": number}
    return after


def plain(found: Mapping[str, Mapping[str, Any]]) -> Model:
    """Items as the model has them."""
    model: Model = {}
    for key, item in found.items():
        model[key] = {"n": int(item["n"]["N"])} if "n" in item else {}
        if "l" in item:
            model[key]["l"] = [int(value["N"]) for value in item["l"]["L"]]
    return model


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(WRITES, max_size=12), st.integers(0, 2000))
def test_after_a_crash_the_tables_are_as_after_some_write_and_no_acknowledged_one_is_missing(
    emulator: App, folder: Path, writes: Sequence[Write], cut: int
) -> None:
    async def run() -> None:
        stack = Stack(emulator, folder)
        await stack.empty()
        states: list[Model] = [{}]
        sizes = [0]
        for write in writes:
            operation, body = request(*write)
            answer = await ask(stack.app, operation, **body)
            assert answer.status in (200, 400)
            states.append(applied(states[-1], write))
            sizes.append(stack.journal.size)
            assert plain(await items(stack.app)) == states[-1]
        lost = min(cut, sizes[-1])
        whole = max(number for number, size in enumerate(sizes) if size <= sizes[-1] - lost)
        await stack.crash(lost)
        assert plain(await items(stack.app)) == states[whole]

    asyncio.run(run())


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(WRITES, max_size=12))
def test_a_journal_replayed_on_what_it_led_to_changes_nothing(
    emulator: App, folder: Path, writes: Sequence[Write]
) -> None:
    async def run() -> None:
        stack = Stack(emulator, folder)
        await stack.empty()
        for write in writes:
            operation, body = request(*write)
            await ask(stack.app, operation, **body)
        before = await items(stack.app)
        stack.journal.close()
        stack.open()
        await start(stack.app)
        assert await items(stack.app) == before

    asyncio.run(run())


# ---- order, waiting, failing


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


# ---- snapshots


def saved(folder: Path) -> str:
    return (folder / "state" / "dynamodb.json").read_text()


def test_a_snapshot_that_is_asked_for_holds_everything_and_empties_the_journal(stack: Stack) -> None:
    async def run() -> None:
        operation, body = request("put", "a", 41)
        await ask(stack.app, operation, **body)
        assert stack.journal.size > 0
        assert (await call(stack.app, scope(path=SNAPSHOT_PATH), b"")).status == 204
        assert stack.journal.size == 0
        assert '"41"' in saved(stack.folder)
        assert (await ask(stack.app, operation, **body)).status == 200
        assert stack.journal.size > 0

    asyncio.run(run())


def test_a_table_is_in_a_snapshot_before_its_making_is_acknowledged(stack: Stack) -> None:
    async def run() -> None:
        key = [{"AttributeName": "k", "KeyType": "HASH"}]
        kinds = [{"AttributeName": "k", "AttributeType": "S"}]
        more = {"KeySchema": key, "AttributeDefinitions": kinds, "BillingMode": "PAY_PER_REQUEST"}
        assert (await ask(stack.app, "CreateTable", TableName="another", **more)).status == 200
        assert '"another"' in saved(stack.folder)
        assert (await ask(stack.app, "DeleteTable", TableName="another")).status == 200
        assert '"another"' not in saved(stack.folder)

    asyncio.run(run())


def test_a_journal_that_grew_long_is_replaced_by_a_snapshot(stack: Stack) -> None:
    async def run() -> None:
        stack.journal.close()
        stack.open(snapshot_bytes=2000)
        sizes = []
        for number in range(100):
            operation, body = request("put", "a", number)
            await ask(stack.app, operation, **body)
            sizes.append(stack.journal.size)
        assert any(after < before for before, after in pairwise(sizes))
        limit = max(2000, (stack.folder / "state" / "dynamodb.json").stat().st_size)
        assert max(sizes) < limit + 1000

    asyncio.run(run())


def test_a_snapshot_that_cannot_be_taken_is_told_and_the_journal_stays(stack: Stack) -> None:
    async def run() -> None:
        (stack.folder / "state.draft").write_text("in the way")
        try:
            operation, body = request("put", "a", 1)
            await ask(stack.app, operation, **body)
            answer = await call(stack.app, scope(path=SNAPSHOT_PATH), b"")
            assert answer.status == 500
            assert b"cannot be written" in answer.body
            assert stack.journal.size > 0
        finally:
            (stack.folder / "state.draft").unlink()
        await stack.crash()
        assert set(await items(stack.app)) == {"a"}

    asyncio.run(run())


def test_writes_to_a_table_that_is_gone_are_told_and_kept(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    async def run() -> None:
        here, gone = request("put", "a", 1)[1]["Item"], "a-former-table"
        account = ["000000000000", "us-east-1", "put"]
        stack.journal.append([[*account, gone, here], [*account, TABLE, here], [*account, gone, here]])
        content = (stack.folder / "journal").read_bytes()
        await stack.crash()
        assert set(await items(stack.app)) == {"a"}
        assert f"2 of table {gone} (ResourceNotFoundException)" in capsys.readouterr().err
        [kept] = stack.folder.glob("journal.refused-*")
        assert kept.read_bytes() == content

    asyncio.run(run())


# ---- hostile requests


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
