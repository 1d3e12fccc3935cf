"""Random writes against a plain model: what is acknowledged comes back after a crash."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.journal_calls import App
from tests.unit.local.journaled import Stack, ask, items, request, start

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
