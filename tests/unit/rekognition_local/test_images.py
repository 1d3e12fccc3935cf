import hashlib
from typing import Any

import pytest

from rekognition_local.errors import (
    ImageTooLargeError,
    InvalidImageFormatError,
    InvalidParameterError,
    InvalidS3ObjectError,
    RekognitionError,
)
from rekognition_local.images import MAX_REQUEST_BYTES, MAX_S3_BYTES, MIN_SIDE, load_image
from tests.unit.rekognition_local.doubles import DictObjects, a_picture

PICTURE = a_picture(100)
IN_S3 = {"S3Object": {"Bucket": "photos", "Name": "a.png"}}


def in_s3(content: bytes) -> DictObjects:
    return DictObjects({("photos", "a.png"): content})


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_picture_in_the_request_is_decoded(kind: str) -> None:
    content = a_picture(100, size=(120, 90), kind=kind)
    image = load_image({"Bytes": content}, DictObjects())
    assert image.pixels.shape == (90, 120, 3)
    assert image.digest == hashlib.sha256(content).digest()


def test_a_picture_in_s3_is_decoded() -> None:
    assert load_image(IN_S3, in_s3(PICTURE)).digest == hashlib.sha256(PICTURE).digest()


def test_a_picture_that_is_not_in_s3_is_told() -> None:
    with pytest.raises(InvalidS3ObjectError):
        load_image(IN_S3, DictObjects())


@pytest.mark.parametrize("member", [{}, {"Bytes": PICTURE, **IN_S3}])
def test_neither_and_both_sources_are_refused(member: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameterError, match="either Bytes or S3Object"):
        load_image(member, in_s3(PICTURE))


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"text, not a picture", InvalidImageFormatError),
        (PICTURE[:100], InvalidImageFormatError),
        (b"GIF89a" + bytes(100), InvalidImageFormatError),
        (a_picture(1, size=(MIN_SIDE - 1, 200)), InvalidParameterError),
        (a_picture(1, size=(200, MIN_SIDE - 1)), InvalidParameterError),
        (PICTURE + bytes(MAX_REQUEST_BYTES), ImageTooLargeError),
    ],
)
def test_a_picture_that_cannot_be_used_is_a_typed_error(content: bytes, error: type[RekognitionError]) -> None:
    with pytest.raises(error):
        load_image({"Bytes": content}, DictObjects())


def test_the_least_side_is_allowed() -> None:
    assert load_image({"Bytes": a_picture(1, size=(MIN_SIDE, MIN_SIDE))}, DictObjects()).pixels.shape[0] == MIN_SIDE


def test_s3_allows_larger_pictures_than_a_request() -> None:
    padded = PICTURE + bytes(MAX_REQUEST_BYTES)
    assert load_image(IN_S3, in_s3(padded)).pixels.shape == (100, 100, 3)
    with pytest.raises(ImageTooLargeError):
        load_image(IN_S3, in_s3(PICTURE + bytes(MAX_S3_BYTES)))
