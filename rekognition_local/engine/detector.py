"""Finding faces: YuNet, run by OpenVINO at the resolution a picture needs."""

import threading
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import openvino as ov
from numpy.typing import NDArray

LEAST_SCORE = 0.6
"""Below, YuNet's detections are mostly not faces."""

_OVERLAP = 0.3
"""Two boxes sharing more than this part of their union are one face (the value of OpenCV's own YuNet sample)."""

_STRIDES = (8, 16, 32)
_LONG_SIDE = 1920
_COARSE_SIDE = 640
_FINE_HEIGHT = 450
"""YuNet was trained at 640 pixels: of faces over about 450 it finds only pieces, so it sees a smaller copy."""

_COARSE_FROM = 960
"""Long side from which a picture is also searched in a copy of `_COARSE_SIDE`: below, no face is too large."""

_SIDES = ((384, 640), (640, 640), (544, 960), (960, 960), (736, 1280), (1280, 1280), (1088, 1920), (1920, 1920))
_BUCKETS = sorted({*_SIDES, *((width, height) for height, width in _SIDES)}, key=lambda size: size[0] * size[1])
"""Input sizes (height, width): few, since each must be compiled once (a third of a second); multiples of 32."""


@dataclass(frozen=True, slots=True)
class RawFaces:
    """n detections in pixels: boxes (n, 4) as left, top, width, height; points (n, 5, 2); scores (n,) 0-1."""

    boxes: NDArray[np.float32]
    points: NDArray[np.float32]
    scores: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.scores)


class Detector:
    """YuNet; one picture at a time, since each already keeps all cores busy; safe to use from several threads."""

    def __init__(self, core: ov.Core, model: Path) -> None:
        self._core, self._model = core, model
        self._lock = threading.Lock()
        self._networks: dict[tuple[int, int], ov.InferRequest] = {}

    def detect(self, image: NDArray[np.uint8]) -> RawFaces:
        """The faces of an RGB picture (height, width, 3), best score first."""
        longest = max(image.shape[:2])
        scale = min(1.0, _LONG_SIDE / longest)
        fine = self._detect_at(image, scale)
        if longest <= _COARSE_FROM:
            return suppress(fine)
        coarse = suppress(self._detect_at(image, _COARSE_SIDE / longest))
        giants = coarse.boxes[coarse.boxes[:, 3] * scale > _FINE_HEIGHT]
        return suppress(joined(outside(fine, giants), coarse))

    def _detect_at(self, image: NDArray[np.uint8], scale: float) -> RawFaces:
        height, width = (max(1, round(side * scale)) for side in image.shape[:2])
        resized = image if scale == 1.0 else cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        bucket = next(size for size in _BUCKETS if size[0] >= height and size[1] >= width)
        canvas = np.zeros((*bucket, 3), np.uint8)
        canvas[:height, :width] = resized
        blob = cv2.dnn.blobFromImage(canvas, swapRB=True)  # YuNet takes BGR, 0-255
        with self._lock:
            outputs = self._network(bucket).infer([blob])
            named = {name: value[0] for output, value in outputs.items() for name in output.names}
            found = decode(named, bucket)
        ratio = np.array([image.shape[1] / width, image.shape[0] / height], np.float32)
        return RawFaces(found.boxes * np.tile(ratio, 2), found.points * ratio, found.scores)

    def _network(self, bucket: tuple[int, int]) -> ov.InferRequest:
        if bucket not in self._networks:
            model = self._core.read_model(self._model)
            model.reshape([1, 3, *bucket])
            self._networks[bucket] = self._core.compile_model(model, "CPU").create_infer_request()
        return self._networks[bucket]


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


def outside(faces: RawFaces, giants: NDArray[np.float32]) -> RawFaces:
    """The faces whose centre is in none of the boxes `giants` (m, 4): within, they would be pieces of that face."""
    centre = faces.boxes[:, None, :2] + faces.boxes[:, None, 2:] / 2
    inside = np.logical_and(centre >= giants[:, :2], centre <= giants[:, :2] + giants[:, 2:])
    within = np.any(np.all(inside, axis=2), axis=1)
    return RawFaces(faces.boxes[~within], faces.points[~within], faces.scores[~within])


def joined(one: RawFaces, other: RawFaces) -> RawFaces:
    """The detections of two passes over a picture together."""
    return RawFaces(
        np.concatenate([one.boxes, other.boxes]),
        np.concatenate([one.points, other.points]),
        np.concatenate([one.scores, other.scores]),
    )


def suppress(faces: RawFaces) -> RawFaces:
    """Only the best of the detections that overlap, best score first."""
    kept = np.asarray(
        cv2.dnn.NMSBoxes(faces.boxes.tolist(), faces.scores.tolist(), LEAST_SCORE, _OVERLAP), np.intp
    ).reshape(-1)
    return RawFaces(faces.boxes[kept], faces.points[kept], faces.scores[kept])
