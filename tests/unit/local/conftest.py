"""The emulated AWS behind its journal, once for all of these tests: a service reads its settings when first asked."""

import asyncio
from pathlib import Path

import pytest

from local.emulator import emulator_environment
from local.journal_calls import App, call
from tests.unit.local.journaled import Stack, make_table, s3_request


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("emulator")


@pytest.fixture(scope="session")
def emulator(folder: Path) -> App:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator_environment(folder, 1, "http://127.0.0.1:1").items():
            patch.setenv(name, value)
        from ministack.app import app

        asyncio.run(make_table(app))
        asyncio.run(call(app, s3_request("GET", "/"), b""))
    return app


@pytest.fixture
def stack(emulator: App, folder: Path) -> Stack:
    stack = Stack(emulator, folder)
    asyncio.run(stack.empty())
    return stack
