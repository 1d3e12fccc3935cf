"""Describing faces: SFace, run by OpenVINO."""

import threading
from pathlib import Path

import cv2
import numpy as np
import openvino as ov
from numpy.typing import NDArray

from rekognition_local.engine.gallery import DIMENSIONS

_BATCH = 16
"""Faces a single run of the network takes at most: larger batches are not faster and cost memory."""


class Embedder:
    """SFace; safe to use from several threads, which take turns since one run already keeps all cores busy."""

    def __init__(self, core: ov.Core, model: Path) -> None:
        self._lock = threading.Lock()
        self._request = core.compile_model(core.read_model(model), "CPU").create_infer_request()

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Unit rows (n, 128) for aligned RGB crops (n, 112, 112, 3)."""
        rows = [self._run(crops[start : start + _BATCH]) for start in range(0, len(crops), _BATCH)]
        return np.concatenate(rows) if rows else np.empty((0, DIMENSIONS), np.float32)

    def _run(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        blob = cv2.dnn.blobFromImages(list(crops))  # SFace takes RGB, 0-255
        with self._lock:
            return unit_rows(np.asarray(self._request.infer([blob])[0], np.float32))


def unit_rows(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row scaled to length 1; a row of zeros stays zero."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)
