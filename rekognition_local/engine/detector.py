"""Finding faces of all sizes: YuNet at the resolutions a picture needs."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import openvino as ov
from numpy.typing import NDArray

from rekognition_local.engine.yunet import LEAST_SCORE, RawFaces, YuNet

_OVERLAP = 0.3
"""Two boxes sharing more than this part of their union are one face (the value of OpenCV's own YuNet sample)."""

_LONG_SIDE = 1920
_COARSE_SIDE = 640
_FINE_HEIGHT = 450
"""YuNet was trained at 640 pixels: of faces over about 450 it finds only pieces, so it sees a smaller copy."""

_COARSE_FROM = 960
"""Long side from which a picture is also searched in a copy of `_COARSE_SIDE`: below, no face is too large."""

_SIDES = ((384, 640), (640, 640), (544, 960), (960, 960), (736, 1280), (1280, 1280), (1088, 1920), (1920, 1920))
_BUCKETS = sorted({*_SIDES, *((width, height) for height, width in _SIDES)}, key=lambda size: size[0] * size[1])
"""Input sizes (height, width): few, since each must be compiled once (a third of a second); multiples of 32."""

Tile = tuple[int, int, int, int]
"""A part of a picture: left, top, width, height in pixels."""

_TILE = (_LONG_SIDE, 1088)
"""Small faces of a picture that had to be shrunk are sought in parts (width, height) of it as it is. Parts enlarged
beyond that take twice the time and find no more students (tried with faces of 24 to 40 pixels)."""

_SEAM = 80
"""How much neighbouring tiles share, pixels: a face no larger than that is whole in one of them."""


class Detector:
    """YuNet on pictures of any size; safe to use from several threads."""

    def __init__(self, core: ov.Core, model: Path) -> None:
        self.yunet = YuNet(core, model)

    def detect(self, image: NDArray[np.uint8], small: Sequence[Tile] = (), *, large: bool = True) -> RawFaces:
        """The faces of an RGB picture (height, width, 3), best score first.

        `small` are parts of it to be searched unshrunk; `large` adds a look for faces over about `_FINE_HEIGHT` pixels,
        for a fifth of the time.
        """
        longest, scale = max(image.shape[:2]), scale_of(*image.shape[:2])
        fine = joined(self._detect_at(image, scale), *(self._in_tile(image, part) for part in small))
        if longest <= _COARSE_FROM or not large:
            return suppress(fine)
        coarse = suppress(self._detect_at(image, _COARSE_SIDE / longest))
        giants = coarse.boxes[coarse.boxes[:, 3] * scale > _FINE_HEIGHT]
        return suppress(joined(outside(fine, giants), coarse))

    def _in_tile(self, image: NDArray[np.uint8], part: Tile) -> RawFaces:
        left, top, width, height = part
        faces = self._detect_at(image[top : top + height, left : left + width], 1.0)
        return faces.moved(np.ones(2, np.float32), np.array((left, top), np.float32))

    def _detect_at(self, image: NDArray[np.uint8], scale: float) -> RawFaces:
        height, width = (max(1, round(side * scale)) for side in image.shape[:2])
        resized = image if scale == 1.0 else cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        bucket = next(size for size in _BUCKETS if size[0] >= height and size[1] >= width)
        canvas = np.asarray(
            cv2.copyMakeBorder(resized, 0, bucket[0] - height, 0, bucket[1] - width, cv2.BORDER_CONSTANT), np.uint8
        )
        (found,) = self.yunet.run(canvas[None])
        ratio = np.array([image.shape[1] / width, image.shape[0] / height], np.float32)
        return found.moved(ratio, np.zeros(2, np.float32))


def scale_of(height: int, width: int) -> float:
    """By how much a picture of this size is shrunk before it is searched, at most 1."""
    return min(1.0, _LONG_SIDE / max(height, width))


def tiles(height: int, width: int) -> list[Tile]:
    """Parts that cover a picture of this size, neighbours sharing at least `_SEAM` pixels; none if it is not shrunk."""
    if scale_of(height, width) == 1:
        return []
    across, down = _starts(width, _TILE[0]), _starts(height, _TILE[1])
    return [(left, top, min(_TILE[0], width), min(_TILE[1], height)) for top in down for left in across]


def _starts(length: int, tile: int) -> list[int]:
    count = 1 if length <= tile else 1 - (tile - length) // (tile - _SEAM)
    return [round(number * (length - tile) / (count - 1)) for number in range(count)] if count > 1 else [0]


def outside(faces: RawFaces, giants: NDArray[np.float32]) -> RawFaces:
    """The faces whose centre is in none of the boxes `giants` (m, 4): within, they would be pieces of that face."""
    centre = faces.boxes[:, None, :2] + faces.boxes[:, None, 2:] / 2
    inside = np.logical_and(centre >= giants[:, :2], centre <= giants[:, :2] + giants[:, 2:])
    return faces.chosen(~np.any(np.all(inside, axis=2), axis=1))


def joined(*passes: RawFaces) -> RawFaces:
    """The detections of several passes over a picture together."""
    return RawFaces(
        np.concatenate([one.boxes for one in passes]),
        np.concatenate([one.points for one in passes]),
        np.concatenate([one.scores for one in passes]),
    )


def suppress(faces: RawFaces) -> RawFaces:
    """Only the best of the detections that overlap, best score first."""
    kept = np.asarray(
        cv2.dnn.NMSBoxes(faces.boxes.tolist(), faces.scores.tolist(), LEAST_SCORE, _OVERLAP), np.intp
    ).reshape(-1)
    return faces.chosen(kept)
