"""The faces of a picture, judged by a QualityFilter."""

from dataclasses import dataclass

from rekognition_local.engine.quality import refusal_reasons
from rekognition_local.engine.types import DetectedFace
from rekognition_local.ports import FaceModel, Picture

# Operations look at the 100 largest faces of a picture (face model version 3 and later on AWS).
MAX_FACES_PER_IMAGE = 100


@dataclass(frozen=True)
class RefusedFace:
    """A face that is not used, and why, in Rekognition's words."""

    face: DetectedFace
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class JudgedFaces:
    """The faces of a picture, largest first: those good enough, and the others."""

    good: list[DetectedFace]
    refused: list[RefusedFace]


def detect_and_judge(model: FaceModel, pixels: Picture, quality_filter: str) -> JudgedFaces:
    """Find the faces of a picture and judge them by NONE, AUTO, LOW, MEDIUM or HIGH."""
    height, width = pixels.shape[:2]
    good, refused = [], []
    for face in model.detect(pixels)[:MAX_FACES_PER_IMAGE]:
        reasons = refusal_reasons(face, (height, width), quality_filter)
        if reasons:
            refused.append(RefusedFace(face, reasons))
        else:
            good.append(face)
    return JudgedFaces(good, refused)
