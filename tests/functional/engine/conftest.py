"""One engine for all tests: its networks take a second to prepare and compile."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rekognition_local.engine import FaceEngine, Gallery, decode_picture

Portraits = dict[str, NDArray[np.float32]]


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> FaceEngine:
    return FaceEngine(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def portraits(engine: FaceEngine, pictures: Path) -> Portraits:
    """The embedding of each single portrait, by file name without ending."""
    found = {}
    for name in ("man.jpg", "obama.jpg", "obama2.jpg", "obama3.jpg", "biden.jpg", "collins.png"):
        image = decode_picture((pictures / name).read_bytes())
        (found[Path(name).stem],) = engine.embed(image, engine.detect(image)[:1])
    return found


@pytest.fixture
def gallery(portraits: Portraits) -> Gallery:
    """Enrolled: the man of man.mp4, and three who are in no footage."""
    enrolled = ["man", "obama", "biden", "collins"]
    return Gallery(enrolled, np.stack([portraits[name] for name in enrolled]))
