"""Photos from untrusted bytes to pixels."""

import io
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from rekognition_local.engine.errors import ImageTooLargeError, InvalidImageError

MAX_PIXELS = 64_000_000
"""More than any phone's 50-megapixel photo; decoded, a picture of this size takes 192 MB."""


def decode_picture(data: bytes) -> NDArray[np.uint8]:
    """The picture as (height, width, 3) RGB, upright according to its EXIF orientation.

    Raises:
        InvalidImageError: not a complete JPEG or PNG.
        ImageTooLargeError: more than `MAX_PIXELS`, judged by the header, before anything is decoded.
    """
    # Hostile bytes make Pillow raise far more than OSError (SyntaxError, struct.error, ...): all mean the same here.
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG"))
    except Image.DecompressionBombError as error:
        raise ImageTooLargeError(_too_large()) from error
    except Exception as error:
        raise InvalidImageError(
            "The bytes are not a JPEG or PNG picture. Send a photo in one of these formats."
        ) from error
    if image.width * image.height > MAX_PIXELS:
        raise ImageTooLargeError(_too_large())
    try:
        image.load()
        return np.ascontiguousarray(_upright(_eight_bit_rgb(image)), dtype=np.uint8)
    except Exception as error:
        raise InvalidImageError("The picture is damaged or truncated. Send the original file again.") from error


def _too_large() -> str:
    return f"The picture has more than {MAX_PIXELS // 1_000_000} megapixels. Send a smaller one."


def _eight_bit_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits of grey: Pillow's own conversion would clip instead of scaling
        grey = (np.asarray(image).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8)
        converted = Image.fromarray(grey).convert("RGB")
    elif "A" in image.mode or "transparency" in image.info:
        opaque = image.convert("RGBA")
        converted = Image.new("RGBA", image.size, "white")
        converted.alpha_composite(opaque)
        converted = converted.convert("RGB")
    else:
        converted = image if image.mode == "RGB" else image.convert("RGB")  # else a copy of up to 256 MB
    converted.info["exif"] = image.info.get("exif", b"")
    return converted


def _upright(image: Image.Image) -> Image.Image:
    with suppress(Exception):  # damaged EXIF is no reason to refuse a sound picture
        ImageOps.exif_transpose(image, in_place=True)
    return image
