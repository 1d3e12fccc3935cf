"""The demo class's people and the real engine."""

from pathlib import Path

import pytest

from bench.people import Person, load, smoke_folder
from bench.scene import Options
from rekognition_local.engine import FaceEngine


@pytest.fixture(scope="session")
def people(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Person, ...]:
    return load(smoke_folder(pictures, tmp_path_factory.mktemp("people")))


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> FaceEngine:
    return FaceEngine(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def tiny() -> Options:
    return Options(
        present=2, absent=2, strangers=1, width=640, height=360, seconds=4, frame_rate=5, face_min=50, face_max=80,
        away_share=0, hidden_share=0,
    )  # fmt: skip
