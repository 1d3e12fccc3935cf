"""From a request's Image member to checked pixels."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from rekognition_local.engine import errors as engine_errors
from rekognition_local.engine.pictures import decode_picture
from rekognition_local.errors import ImageTooLargeError, InvalidImageFormatError, InvalidParameterError
from rekognition_local.ports import Objects, Picture, S3Reference

# Quotas of Amazon Rekognition, "Guidelines and quotas": bytes in a request, bytes in S3, least side in pixels.
MAX_REQUEST_BYTES = 5 * 1024**2
MAX_S3_BYTES = 15 * 1024**2
MIN_SIDE = 80

# One picture at a time, always in the same thread: the largest takes several hundred MB on the way, of which the
# allocator keeps a part for each thread that ever decoded one.
_DECODER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="decode")


@dataclass(frozen=True)
class RequestImage:
    """A picture, RGB (height, width, 3), and the SHA-256 digest of the bytes it came in."""

    pixels: Picture
    digest: bytes


def load_image(member: dict[str, Any], objects: Objects) -> RequestImage:
    """Read and decode a request's Image (Bytes or S3Object).

    Raises:
        InvalidParameterError: neither or both sources, or a side shorter than 80 pixels.
        ImageTooLargeError: too many bytes or pixels.
        InvalidImageFormatError: no JPEG or PNG, or a damaged one.
        InvalidS3ObjectError: the S3 object cannot be read.
    """
    content = _content(member, objects)
    try:
        pixels = _DECODER.submit(decode_picture, content).result()
    except engine_errors.ImageTooLargeError as error:
        raise ImageTooLargeError(str(error)) from error
    except engine_errors.InvalidImageError as error:
        raise InvalidImageFormatError(f"Request has invalid image format. {error}") from error
    height, width = pixels.shape[:2]
    if min(height, width) < MIN_SIDE:
        raise InvalidParameterError(
            f"The picture is {width} x {height} pixels; both sides must be at least {MIN_SIDE} pixels."
        )
    return RequestImage(pixels, hashlib.sha256(content).digest())


def _content(member: dict[str, Any], objects: Objects) -> bytes:
    if ("Bytes" in member) == ("S3Object" in member):
        raise InvalidParameterError("An image must have either Bytes or S3Object.")
    if "Bytes" in member:
        content, limit = bytes(member["Bytes"]), MAX_REQUEST_BYTES
    else:
        content, limit = objects.read(S3Reference.of(member["S3Object"]), MAX_S3_BYTES), MAX_S3_BYTES
    if len(content) > limit:
        raise ImageTooLargeError(f"The picture has more than {limit:,} bytes; send a smaller one.")
    return content
