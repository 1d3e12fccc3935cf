"""What the issue asks for: a photo is enrolled from bytes, the same person is found elsewhere, a stranger is not."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient


@pytest.mark.parametrize("threshold", [80.0, 90.0])
@pytest.mark.parametrize(("photo", "found"), [("obama2.jpg", True), ("obama3.jpg", True), ("biden.jpg", False)])
def test_an_enrolled_person_is_found_in_another_photo_and_a_stranger_is_not(
    rekognition: "RekognitionClient",
    collection: str,
    enrol: Callable[..., str],
    pictures: Path,
    threshold: float,
    photo: str,
    found: bool,
) -> None:
    face_id = enrol("obama.jpg", "the-president")
    answer = rekognition.search_faces_by_image(
        CollectionId=collection, Image={"Bytes": (pictures / photo).read_bytes()}, FaceMatchThreshold=threshold
    )
    assert [match["Face"]["FaceId"] for match in answer["FaceMatches"]] == ([face_id] if found else [])
    for match in answer["FaceMatches"]:
        assert match["Face"]["ExternalImageId"] == "the-president"
        assert match["Similarity"] >= threshold
