import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rekognition_local.collections import CollectionStore
from rekognition_local.jobs import JobStore
from rekognition_local.ports import S3Reference
from tests.unit.rekognition_local.doubles import DEADLINE_SECONDS, DictObjects

VIDEO = S3Reference("videos", "class.mp4", None)


@pytest.fixture
def collections(tmp_path: Path) -> Iterator[CollectionStore]:
    store = CollectionStore(tmp_path / "collections.sqlite3", "1.0")
    store.create("class")
    yield store
    store.close()


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[JobStore]:
    store = JobStore(tmp_path / "jobs.sqlite3")
    yield store
    store.close()


@pytest.fixture
def objects() -> DictObjects:
    return DictObjects({(VIDEO.bucket, VIDEO.name): b"a video"})


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)
