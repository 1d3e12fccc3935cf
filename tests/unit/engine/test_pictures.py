import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rekognition_local.engine import ImageTooLargeError, InvalidImageError, decode_picture


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def gradient(mode: str = "RGB") -> Image.Image:
    row = np.linspace(0, 255, 40).astype(np.uint8)
    return Image.fromarray(np.stack([np.tile(row, (30, 1))] * 3, axis=2)).convert(mode)


def png_of(width: int, height: int) -> bytes:
    """A PNG whose header claims any size at the cost of a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1"])
def test_every_png_mode_becomes_rgb(mode: str) -> None:
    pixels = decode_picture(encoded(gradient(mode)))
    assert pixels.shape == (30, 40, 3)
    assert pixels.dtype == np.uint8
    assert pixels[:, :10].mean() < pixels[:, -10:].mean()


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_every_jpeg_mode_becomes_rgb(mode: str) -> None:
    pixels = decode_picture(encoded(gradient(mode), "JPEG", quality=95))
    assert np.abs(pixels.astype(int) - np.asarray(gradient()).astype(int)).mean() < 4


def test_sixteen_bit_grey_is_scaled_not_clipped() -> None:
    grey = np.tile(np.linspace(0, 65535, 40).astype(np.uint16), (30, 1))
    pixels = decode_picture(encoded(Image.fromarray(grey)))
    assert np.abs(pixels[0, :, 0].astype(int) - np.linspace(0, 255, 40)).max() < 2


def test_what_is_transparent_is_white() -> None:
    assert decode_picture(encoded(Image.new("RGBA", (5, 5), (0, 0, 0, 0)))).min() == 255


def test_a_palette_colour_marked_transparent_is_white() -> None:
    image = Image.new("P", (5, 5), 1)
    image.putpalette([200, 0, 0, 0, 0, 90])
    assert decode_picture(encoded(image, transparency=1)).min() == 255
    assert decode_picture(encoded(image))[0, 0].tolist() == [0, 0, 90]


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_taken_sideways_is_turned_upright(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the top of the scene is at the right of the stored picture
    pixels = decode_picture(encoded(gradient(), kind, exif=exif))
    assert pixels.shape == (40, 30, 3)
    assert pixels[:5].mean() < pixels[-5:].mean()


def test_damaged_exif_is_ignored() -> None:
    data = encoded(gradient(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff garbage")
    assert decode_picture(data).shape == (30, 40, 3)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "WEBP", "ICO"])
def test_other_formats_are_refused(kind: str) -> None:
    with pytest.raises(InvalidImageError, match="JPEG or PNG"):
        decode_picture(encoded(gradient(), kind))


@pytest.mark.parametrize("data", [b"", b"hello", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"\0" * 1000])
def test_bytes_that_are_no_picture_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidImageError):
        decode_picture(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_truncated_picture_is_refused(kind: str, part: float) -> None:
    noise = Image.fromarray(np.random.default_rng(2).integers(0, 255, (60, 60, 3), np.uint8))
    data = encoded(noise, kind)
    with pytest.raises(InvalidImageError, match="damaged or truncated"):
        decode_picture(data[: int(len(data) * part)])


@pytest.mark.parametrize(("width", "height"), [(10_000, 10_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_a_decompression_bomb_is_refused_by_its_header(width: int, height: int) -> None:
    with pytest.raises(ImageTooLargeError, match="megapixels"):
        decode_picture(png_of(width, height))


@pytest.mark.filterwarnings("error")
def test_a_large_but_allowed_picture_is_read_without_a_warning() -> None:
    assert decode_picture(encoded(Image.new("L", (8000, 8000)))).shape == (8000, 8000, 3)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_bytes_are_read_or_refused_but_never_crash(data: st.DataObject) -> None:
    good = bytearray(encoded(gradient(), data.draw(st.sampled_from(["JPEG", "PNG"]))))
    for _ in range(data.draw(st.integers(1, 8))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    try:
        pixels = decode_picture(bytes(good))
    except (InvalidImageError, ImageTooLargeError):
        return
    assert pixels.ndim == 3
    assert pixels.shape[2] == 3


def test_the_demo_pictures_are_read(pictures: Path) -> None:
    for name in ("man.jpg", "collins.png"):
        assert decode_picture((pictures / name).read_bytes()).shape[2] == 3
