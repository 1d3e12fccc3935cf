"""Close-ups: a face at the size at which its landmarks are found best.

YuNet's landmarks of a small face hardly follow the tilt of the head (20 degrees read as 6), those of a face over 150
pixels do. So a face is cut out, enlarged and looked at again before it is aligned; that costs a fifth of describing it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rekognition_local.engine.alignment import warped
from rekognition_local.engine.yunet import RawFaces, YuNet

SIDE = 224
_FACE = 168
"""Pixels of a close-up, and of the longer side of the face's box in it. Larger ones are no better (tried to 320)."""

_REACH = 0.75
"""Half the side of a close-up in box sides, a little more than it shows: a tilted face is aligned from it too."""

TOGETHER = 8
"""Close-ups looked at in one run; what is left over is looked at one by one, since every batch size is a network."""

_CENTRAL = 0.2
"""How far from the middle, in sides, the face of a close-up may be; further off is a neighbour's."""


@dataclass(frozen=True, slots=True)
class CloseUp:
    """An RGB square (`SIDE`, `SIDE`, 3) around a face, and the transform (2, 3) from the picture's pixels to it."""

    image: NDArray[np.uint8]
    transform: NDArray[np.float64]

    def inside(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Points (n, 2) of the picture, in pixels of the close-up."""
        return np.asarray(points * self.transform[0, 0] + self.transform[:, 2], np.float32)

    def outside(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Points (n, 2) of the close-up, in pixels of the picture."""
        return np.asarray((points - self.transform[:, 2]) / self.transform[0, 0], np.float32)


def close_up(image: NDArray[np.uint8], box: NDArray[np.float32]) -> CloseUp:
    """Cut out the face with this box (left, top, width, height in pixels); outside the picture is black."""
    scale = _FACE / max(float(box[2]), float(box[3]), 1.0)
    x, y = float(box[0] + box[2] / 2), float(box[1] + box[3] / 2)
    transform = np.array([[scale, 0, SIDE / 2 - scale * x], [0, scale, SIDE / 2 - scale * y]])
    return CloseUp(warped(image, transform, SIDE), transform)


def surroundings(image: NDArray[np.uint8], box: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A copy of what a close-up of this box shows, as it is in the picture, and where it starts there (x, y)."""
    height, width = image.shape[:2]
    reach = _REACH * max(float(box[2]), float(box[3]), 1.0)
    x, y = float(box[0] + box[2] / 2), float(box[1] + box[3] / 2)
    left, top = int(np.clip(x - reach, 0, width - 1)), int(np.clip(y - reach, 0, height - 1))
    right, bottom = int(np.clip(x + reach + 1, left + 1, width)), int(np.clip(y + reach + 1, top + 1, height))
    return image[top:bottom, left:right].copy(), np.array([left, top], np.float32)


def landmarks(yunet: YuNet, pictures: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32] | None]:
    """The landmarks (5, 2) of the face in the middle of each close-up's picture, None where none is found."""
    whole = len(pictures) - len(pictures) % TOGETHER
    starts = [(start, TOGETHER) for start in range(0, whole, TOGETHER)] + [(n, 1) for n in range(whole, len(pictures))]
    return [central(faces) for start, count in starts for faces in yunet.run(np.stack(pictures[start : start + count]))]


def central(faces: RawFaces) -> NDArray[np.float32] | None:
    """The landmarks of the best raw detection near the middle of a close-up."""
    offset = faces.boxes[:, :2] + faces.boxes[:, 2:] / 2 - SIDE / 2
    scores = np.where(np.hypot(offset[:, 0], offset[:, 1]) < _CENTRAL * SIDE, faces.scores, 0)
    return faces.points[scores.argmax()] if scores.any() else None
