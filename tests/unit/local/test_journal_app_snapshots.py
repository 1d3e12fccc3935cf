"""When the journal is replaced by a snapshot of the emulated AWS, and when it is kept."""

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest

from local.journal_app import SNAPSHOT_PATH
from local.journal_calls import call
from tests.unit.local.journaled import TABLE, Stack, ask, items, request, scope


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
