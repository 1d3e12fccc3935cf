"""Cutting a face out of a picture upright and at one size, as the embedding network was trained to see it."""

import cv2
import numpy as np
from numpy.typing import NDArray

CROP = 112
"""Side of an aligned crop, pixels."""

TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)
"""Where eyes, nose and mouth corners (left first, as seen) belong in a crop: the ArcFace template, SFace's own too."""


def align(image: NDArray[np.uint8], points: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The (112, 112, 3) crop whose landmarks lie on the template; `points` (5, 2) are pixels of `image`.

    Outside the picture is black. A face much larger than the crop is first shrunk by area, since sampling it at single
    points would make noise of its detail.
    """
    return warped(image, similarity_transform(points, TEMPLATE), CROP)


def warped(image: NDArray[np.uint8], transform: NDArray[np.float64], side: int) -> NDArray[np.uint8]:
    """The square (side, side, 3) onto which a similarity transform (2, 3) brings a part of the picture."""
    scale = float(np.hypot(transform[0, 0], transform[1, 0]))
    shrink = int(0.5 / scale) if scale > 0 else 0
    if shrink > 1:
        image, transform = _shrunk(image, transform, shrink, side)
    return np.asarray(
        cv2.warpAffine(image, transform, (side, side), flags=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR),
        np.uint8,
    )


def similarity_transform(source: NDArray[np.float32], target: NDArray[np.float32]) -> NDArray[np.float64]:
    """The rotation, scaling and shift (2, 3) that brings `source` (n, 2) nearest to `target` (n, 2), by least squares.

    As complex numbers it is w = a z + b, which ordinary linear regression solves; all points in one place give scale 0.
    """
    z, w = (points.astype(np.float64) @ (1, 1j) for points in (source, target))
    centred = z - z.mean()
    spread = np.vdot(centred, centred).real
    a = np.vdot(centred, w - w.mean()) / spread if spread else 0j
    b = w.mean() - a * z.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def _shrunk(
    image: NDArray[np.uint8], transform: NDArray[np.float64], shrink: int, side: int
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The part of the picture the square shows, made `shrink` times smaller, and the transform from there to it."""
    corners = np.array([[0, 0, 1], [side, 0, 1], [0, side, 1], [side, side, 1]], np.float64)
    shown = corners @ cv2.invertAffineTransform(transform).T
    height, width = image.shape[:2]
    left, top = np.clip(np.floor(shown.min(axis=0)), 0, (width - 1, height - 1)).astype(int)
    right, bottom = np.clip(np.ceil(shown.max(axis=0)), (left + 1, top + 1), (width, height)).astype(int)
    size = (max(1, (right - left) // shrink), max(1, (bottom - top) // shrink))
    part = cv2.resize(image[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
    back = np.array([[(right - left) / size[0], 0, left], [0, (bottom - top) / size[1], top], [0, 0, 1]])
    return np.asarray(part, np.uint8), transform @ back
