"""Describing faces: SFace on aligned crops."""

from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from rekognition_local.engine.alignment import CROP
from rekognition_local.engine.gallery import DIMENSIONS
from rekognition_local.engine.runtime import Network

BATCH = 8
"""Faces a single run of the network takes at most: larger batches are not faster and cost memory."""


class Embedder:
    """SFace; safe to use from several threads."""

    def __init__(self, core: ov.Core, model: Path) -> None:
        self._network = Network(core, model, (-1, CROP, CROP), bgr=False)

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Unit rows (n, 128) for aligned RGB crops (n, 112, 112, 3)."""
        rows = [self._run(crops[start : start + BATCH]) for start in range(0, len(crops), BATCH)]
        return np.concatenate(rows) if rows else np.empty((0, DIMENSIONS), np.float32)

    def _run(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        return unit_rows(next(iter(self._network.run(crops).values())))


def unit_rows(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row scaled to length 1; a row of zeros stays zero."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)
