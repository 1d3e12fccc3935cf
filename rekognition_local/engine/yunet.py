"""YuNet: from pictures to raw detections."""

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from rekognition_local.engine.runtime import Network

LEAST_SCORE = 0.6
"""Below, YuNet's detections are mostly not faces."""

_STRIDES = (8, 16, 32)


@dataclass(frozen=True, slots=True)
class RawFaces:
    """n detections in pixels: boxes (n, 4) as left, top, width, height; points (n, 5, 2); scores (n,) 0-1."""

    boxes: NDArray[np.float32]
    points: NDArray[np.float32]
    scores: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.scores)

    def chosen(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "RawFaces":
        """Only these rows."""
        return RawFaces(self.boxes[rows], self.points[rows], self.scores[rows])

    def moved(self, scale: NDArray[np.float32], shift: NDArray[np.float32]) -> "RawFaces":
        """The same faces in a picture `scale` (x, y) times as large, in which this one starts at `shift` (x, y)."""
        boxes = self.boxes * np.tile(scale, 2)
        boxes[:, :2] += shift
        return RawFaces(boxes, self.points * scale + shift, self.scores)


class YuNet:
    """The network at every input shape it is asked for; each is compiled once, which takes a third of a second."""

    def __init__(self, core: ov.Core, model: Path) -> None:
        self._core, self._model = core, model
        self._lock = threading.Lock()
        self._networks: dict[tuple[int, ...], Network] = {}

    def run(self, pictures: NDArray[np.uint8]) -> list[RawFaces]:
        """Unsuppressed detections in each RGB picture of a batch (n, height, width, 3), sides multiples of 32."""
        count, *size = pictures.shape[:3]
        with self._lock:
            if (count, *size) not in self._networks:
                self._networks[count, *size] = Network(self._core, self._model, (count, size[0], size[1]), bgr=True)
            network = self._networks[count, *size]
        # the network writes the priors of all pictures one after the other
        outputs = {name: rows.reshape(count, -1, rows.shape[-1]) for name, rows in network.run(pictures).items()}
        return [decode({name: rows[n] for name, rows in outputs.items()}, (size[0], size[1])) for n in range(count)]


def decode(outputs: dict[str, NDArray[np.float32]], size: tuple[int, int]) -> RawFaces:
    """YuNet's outputs for an input of `size` (height, width) as detections of at least `LEAST_SCORE`, unsuppressed.

    For each stride there is one prior per cell, row by row: score = sqrt(class * object), centre and landmarks are
    offsets from the cell in strides, width and height are logarithms in strides.
    """
    boxes, points, scores = [], [], []
    for stride in _STRIDES:
        score = np.sqrt(outputs[f"cls_{stride}"].clip(0, 1) * outputs[f"obj_{stride}"].clip(0, 1))[:, 0]
        chosen = np.flatnonzero(score >= LEAST_SCORE)
        cell = np.stack([chosen % (size[1] // stride), chosen // (size[1] // stride)], axis=1).astype(np.float32)
        box = outputs[f"bbox_{stride}"][chosen]
        extent = np.exp(box[:, 2:]) * stride
        boxes.append(np.hstack([(cell + box[:, :2]) * stride - extent / 2, extent]))
        points.append((outputs[f"kps_{stride}"][chosen].reshape(-1, 5, 2) + cell[:, None]) * stride)
        scores.append(score[chosen])
    return RawFaces(np.concatenate(boxes), np.concatenate(points), np.concatenate(scores))
