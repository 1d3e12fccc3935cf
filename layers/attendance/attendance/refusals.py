"""Why the face service did not take a face, in words that say what to do."""

from collections.abc import Sequence

_REASONS = {
    "EXTREME_POSE": "the face is turned away: look straight at the camera",
    "LOW_BRIGHTNESS": "the picture is too dark: take it in more light",
    "LOW_SHARPNESS": "the picture is blurred: hold the camera still",
    "LOW_CONFIDENCE": "it is not certain that this is a face: take a plain portrait",
    "SMALL_BOUNDING_BOX": "the face is too small: come closer",
    "LOW_FACE_QUALITY": "the face cannot be made out well enough: take a sharp, evenly lit portrait",
    "EXCEEDS_MAX_FACES": "there is more than one face: crop the picture to one",
}


def in_words(codes: Sequence[str]) -> str:
    """What the codes of IndexFaces' `UnindexedFaces` mean, as a part of a sentence."""
    return "; ".join(_REASONS.get(code, f"the face service refused it ({code})") for code in codes) or (
        "the face service found no face good enough: take a sharp, evenly lit portrait from the front"
    )
