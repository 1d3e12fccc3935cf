"""The face engine: pictures in, faces and their embeddings out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from rekognition_local.engine import models
from rekognition_local.engine.alignment import CROP, align
from rekognition_local.engine.detector import Detector, RawFaces
from rekognition_local.engine.embedder import Embedder
from rekognition_local.engine.quality import measure, pose_of
from rekognition_local.engine.types import BoundingBox, DetectedFace, Landmark

_LANDMARKS = ("eyeLeft", "eyeRight", "nose", "mouthLeft", "mouthRight")
"""In YuNet's order, which names sides as the person's own (right eye first); Rekognition names them as seen."""


class FaceEngine:
    """Detection and embedding; safe to use from several threads.

    `cache` is a folder for prepared models; it may be deleted at any time the engine is not running.

    Raises:
        ModelUnavailableError: the pinned models are not installed.
    """

    def __init__(self, cache: Path) -> None:
        core = ov.Core()
        core.set_property("CPU", {"PERFORMANCE_HINT": "LATENCY"})
        self._detector = Detector(core, models.yunet_path())
        self._embedder = Embedder(core, models.sface_path(cache))

    @property
    def model_version(self) -> str:
        """Embeddings of one version can be compared with each other, and with no other's."""
        return models.MODEL_VERSION

    def detect(self, image: NDArray[np.uint8]) -> list[DetectedFace]:
        """The faces of an RGB picture (height, width, 3), largest first."""
        raw = self._detector.detect(image)
        largest_first = np.argsort(-raw.boxes[:, 2] * raw.boxes[:, 3], kind="stable")
        return [_described(image, raw, row) for row in largest_first]

    def embed(self, image: NDArray[np.uint8], faces: Sequence[DetectedFace]) -> NDArray[np.float32]:
        """Unit rows (n, 128), one per face of the picture they were detected in; their inner product is the cosine."""
        return self.embed_crops(self.crops(image, faces))

    def crops(self, image: NDArray[np.uint8], faces: Sequence[DetectedFace]) -> NDArray[np.uint8]:
        """The faces upright at one size: (n, 112, 112, 3) RGB."""
        if not faces:
            return np.empty((0, CROP, CROP, 3), np.uint8)
        return np.stack([align(image, _points(image, face)) for face in faces])

    def embed_crops(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Unit rows (n, 128) for crops made by `crops`."""
        return self._embedder.embed(crops)


def _described(image: NDArray[np.uint8], raw: RawFaces, row: int) -> DetectedFace:
    height, width = image.shape[:2]
    left, top, wide, high = (float(value) for value in raw.boxes[row])
    points = raw.points[row]
    return DetectedFace(
        box=BoundingBox(left / width, top / height, wide / width, high / height),
        landmarks=tuple(
            Landmark(name, float(x) / width, float(y) / height) for name, (x, y) in zip(_LANDMARKS, points, strict=True)
        ),
        confidence=round(100.0 * float(raw.scores[row]), 4),
        quality=measure(align(image, points)),
        pose=pose_of(points),
    )


def _points(image: NDArray[np.uint8], face: DetectedFace) -> NDArray[np.float32]:
    height, width = image.shape[:2]
    return np.array([(point.x * width, point.y * height) for point in face.landmarks], np.float32)
