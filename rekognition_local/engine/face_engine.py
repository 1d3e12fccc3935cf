"""The face engine: pictures in, faces and their embeddings out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rekognition_local.engine import models
from rekognition_local.engine.alignment import CROP, align
from rekognition_local.engine.closeup import SIDE, TOGETHER, close_up, landmarks, surroundings
from rekognition_local.engine.detector import Detector, Tile
from rekognition_local.engine.embedder import Embedder, unit_rows
from rekognition_local.engine.quality import measure, pose_of
from rekognition_local.engine.runtime import runtime
from rekognition_local.engine.types import BoundingBox, DetectedFace, Landmark
from rekognition_local.engine.yunet import RawFaces

_LANDMARKS = ("eyeLeft", "eyeRight", "nose", "mouthLeft", "mouthRight")
"""In YuNet's order, which names sides as the person's own (right eye first); Rekognition names them as seen."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is needed to recognise a face later, without its frame.

    Attributes:
        crop: the face as first aligned, (112, 112, 3).
        part: the face and a little around it, as it is in the frame.
        box: of the face (left, top, width, height) in pixels of the part.
        points: the landmarks (5, 2) as first found, in pixels of the part.
    """

    crop: NDArray[np.uint8]
    part: NDArray[np.uint8]
    box: NDArray[np.float32]
    points: NDArray[np.float32]

    @property
    def height(self) -> float:
        """Of the face in the frame, pixels."""
        return float(self.box[3])


class FaceEngine:
    """Detection and embedding; safe to use from several threads.

    `cache` is a folder for prepared models; it may be deleted at any time the engine is not running.

    Raises:
        ModelUnavailableError: the pinned models are not installed.
    """

    def __init__(self, cache: Path) -> None:
        core = runtime()
        self._detector = Detector(core, models.yunet_path(cache))
        self._embedder = Embedder(core, models.sface_path(cache))
        # OpenVINO's binding sets itself up in the first run of a process; two threads at once would wait for each other
        self._embedder.embed(np.zeros((1, CROP, CROP, 3), np.uint8))

    @property
    def model_version(self) -> str:
        """Embeddings of one version can be compared with each other, and with no other's."""
        return models.MODEL_VERSION

    def warm_up(self) -> None:
        """Compile the networks that a video in HD needs, for half a second, so that the first search need not."""
        self._detector.detect(np.zeros((1080, 1920, 3), np.uint8))
        landmarks(self._detector.yunet, [np.zeros((SIDE, SIDE, 3), np.uint8)] * (TOGETHER + 1))

    def detect(self, image: NDArray[np.uint8]) -> list[DetectedFace]:
        """The faces of an RGB picture (height, width, 3), largest first, their landmarks found in close-ups."""
        raw = self._detector.detect(image)
        views = [close_up(image, box) for box in raw.boxes]
        found = landmarks(self._detector.yunet, [view.image for view in views])
        points = [
            first if again is None else view.outside(again)
            for first, again, view in zip(raw.points, found, views, strict=True)
        ]
        faces = [
            replace(
                _described(image, raw, row, points[row], align(image, points[row])),
                coarse=_landmarks(image, raw.points[row]),
            )
            for row in range(len(raw))
        ]
        return sorted(faces, key=lambda face: -face.box.width * face.box.height)

    def embed(self, image: NDArray[np.uint8], faces: Sequence[DetectedFace]) -> NDArray[np.float32]:
        """Unit rows (n, 128), one per face of the picture they were detected in; their inner product is the cosine.

        Each is the mean of four views, since a picture has time for them: aligned by the landmarks of the close-up and
        by the coarse ones, each also mirrored. One in ten misses goes (tried at one false match in a thousand).
        """
        if not faces:
            return self._embedder.embed(np.empty((0, CROP, CROP, 3), np.uint8))
        fine = np.stack([align(image, _pixels(image, face.landmarks)) for face in faces])
        coarse = np.stack([align(image, _pixels(image, face.coarse)) for face in faces])
        views = (fine, coarse, fine[:, :, ::-1], coarse[:, :, ::-1])
        return unit_rows(np.sum([self._embedder.embed(crops) for crops in views], axis=0))

    def glance(
        self, image: NDArray[np.uint8], small: Sequence[Tile] = (), *, large: bool = True
    ) -> list[tuple[DetectedFace, Look]]:
        """The faces of a video's frame with what is needed to embed them later; landmarks as first found.

        `small` are parts of the frame to search unshrunk, `large` whether to search for very large ones.
        """
        raw = self._detector.detect(image, small, large=large)
        seen = []
        for row in range(len(raw)):
            points, crop = raw.points[row], align(image, raw.points[row])
            part, start = surroundings(image, raw.boxes[row])
            box = raw.boxes[row] - np.append(start, (0, 0)).astype(np.float32)
            look = Look(crop, part, box, points - start)
            seen.append((_described(image, raw, row, points, crop), look))
        return seen

    def embed_looks(self, looks: Sequence[Look]) -> NDArray[np.float32]:
        """Unit rows (n, 128): each face is aligned by the landmarks of its close-up."""
        views = [close_up(look.part, look.box) for look in looks]
        found = landmarks(self._detector.yunet, [view.image for view in views])
        crops = [
            align(look.part, look.points if again is None else view.outside(again))
            for look, view, again in zip(looks, views, found, strict=True)
        ]
        return self._embedder.embed(np.stack(crops) if crops else np.empty((0, CROP, CROP, 3), np.uint8))


def _described(
    image: NDArray[np.uint8], raw: RawFaces, row: int, points: NDArray[np.float32], crop: NDArray[np.uint8]
) -> DetectedFace:
    height, width = image.shape[:2]
    left, top, wide, high = (float(value) for value in raw.boxes[row])
    return DetectedFace(
        box=BoundingBox(left / width, top / height, wide / width, high / height),
        landmarks=_landmarks(image, points),
        confidence=round(100.0 * float(raw.scores[row]), 4),
        quality=measure(crop),
        pose=pose_of(points),
    )


def _pixels(image: NDArray[np.uint8], landmarks: Sequence[Landmark]) -> NDArray[np.float32]:
    height, width = image.shape[:2]
    return np.array([(point.x * width, point.y * height) for point in landmarks], np.float32)


def _landmarks(image: NDArray[np.uint8], points: NDArray[np.float32]) -> tuple[Landmark, ...]:
    height, width = image.shape[:2]
    return tuple(
        Landmark(name, float(x) / width, float(y) / height) for name, (x, y) in zip(_LANDMARKS, points, strict=True)
    )
