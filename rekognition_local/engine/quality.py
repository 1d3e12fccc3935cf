"""How fit a face is to be enrolled: brightness, sharpness and pose, and Rekognition's reasons to refuse it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rekognition_local.engine.types import DetectedFace, Pose, Quality

_HEAD = np.array(
    [[-0.5, -0.31, 0.0], [0.5, -0.31, 0.0], [0.0, 0.34, 0.5], [-0.42, 0.86, 0.1], [0.42, 0.86, 0.1]], np.float64
)
"""Eyes, nose tip and mouth corners of an average head looking straight ahead, in distances between the eyes: x to the
picture's right, y down, z towards the camera. x and y are the ArcFace template's, the nose moved so that the median
pitch of press photos (160 of LFW) is about zero; the depths are rounded from average head measures (a nose tip about
3 cm before eyes 6.3 cm apart)."""

_FROM_HEAD = np.linalg.pinv((_HEAD - _HEAD.mean(axis=0)).T)

_SHARPNESS_SCALE = 9.0
"""Detail (see `measure`) of which a face is half sharp: between the sharp and the blurred copies of test portraits."""


@dataclass(frozen=True, slots=True)
class _Bar:
    """What a quality filter asks of a face: degrees, 0-100 values, and pixels of face height."""

    yaw: float
    pitch: float
    brightness: float
    sharpness: float
    confidence: float
    height: float


_BARS = {
    "LOW": _Bar(yaw=60, pitch=50, brightness=10, sharpness=30, confidence=60, height=24),
    "MEDIUM": _Bar(yaw=45, pitch=40, brightness=20, sharpness=42, confidence=70, height=40),
    "HIGH": _Bar(yaw=30, pitch=30, brightness=30, sharpness=55, confidence=80, height=80),
}
_BARS["AUTO"] = _BARS["MEDIUM"]


def measure(crop: NDArray[np.uint8]) -> Quality:
    """Brightness and sharpness of an aligned RGB crop.

    Brightness is the mean luma. Sharpness grows with the detail of the crop: the mean Laplacian relative to the
    contrast, so that a dim or flatly lit face is not called blurred.
    """
    luma = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    face = luma[16:104, 16:96]  # without hair, background and the black outside of the picture
    detail = 100.0 * float(np.abs(cv2.Laplacian(face, cv2.CV_32F)).mean()) / (float(face.std()) + 4.0)
    return Quality(
        brightness=round(100.0 * float(face.mean()) / 255.0, 2),
        sharpness=round(100.0 * detail / (detail + _SHARPNESS_SCALE), 2),
    )


def pose_of(points: NDArray[np.float32]) -> Pose:
    """Pose from the five landmarks (5, 2) in pixels, by fitting a rotated average head seen from afar."""
    centred = points.astype(np.float64) - points.mean(axis=0)
    projection = centred.T @ _FROM_HEAD
    u, _, vt = np.linalg.svd(projection, full_matrices=False)
    first, second = u @ vt  # the nearest two rows of a rotation matrix: roll after yaw after pitch
    third = np.cross(first, second)
    roll = np.degrees(np.arctan2(second[0], first[0]))
    yaw = np.degrees(np.arcsin(np.clip(-third[0], -1, 1)))
    pitch = np.degrees(np.arctan2(third[1], third[2]))
    return Pose(roll=round(float(roll), 2), yaw=round(float(yaw), 2), pitch=round(float(pitch), 2))


def refusal_reasons(face: DetectedFace, image_shape: tuple[int, int], level: str) -> tuple[str, ...]:
    """Why a face of a picture of `image_shape` (height, width) is not to be indexed under a quality filter.

    `level` is NONE, AUTO (the same as MEDIUM), LOW, MEDIUM or HIGH. Empty when nothing speaks against it; a face that
    fails two or more measures is also of LOW_FACE_QUALITY.

    Raises:
        KeyError: no such level.
    """
    if level == "NONE":
        return ()
    bar = _BARS[level]
    failed = {
        "EXTREME_POSE": abs(face.pose.yaw) > bar.yaw or abs(face.pose.pitch) > bar.pitch,
        "LOW_BRIGHTNESS": face.quality.brightness < bar.brightness,
        "LOW_SHARPNESS": face.quality.sharpness < bar.sharpness,
        "LOW_CONFIDENCE": face.confidence < bar.confidence,
        "SMALL_BOUNDING_BOX": face.box.height * image_shape[0] < bar.height,
    }
    reasons = tuple(reason for reason, fails in failed.items() if fails)
    return (*reasons, "LOW_FACE_QUALITY") if len(reasons) > 1 else reasons
