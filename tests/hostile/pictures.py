"""Broken, truncated, huge and bomb-like pictures, and what Rekognition says of each."""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

OK = "ok"
FORMAT, TOO_LARGE, PARAMETER, VALIDATION = (
    "InvalidImageFormatException",
    "ImageTooLargeException",
    "InvalidParameterException",
    "ValidationException",
)
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Case:
    """A file and the answers that are right for it: "ok" or an error's code."""

    name: str
    content: bytes
    answers: frozenset[str]


def picture_cases() -> Iterator[Case]:
    """All of them."""
    for name, content, *answers in (*_no_pictures(), *_broken(), *_huge(), *_bombs(), *_odd(), *_exif()):
        yield Case(name, content, frozenset(answers))


def sound(kind: str, mode: str = "RGB", size: tuple[int, int] = (160, 120), **options: object) -> bytes:
    """A picture of noise that any decoder reads."""
    noise = np.random.default_rng(7).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).convert(mode).save(stream, kind, **options)
    return stream.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    """A PNG chunk with its sum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, idat: bytes, *before: bytes, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG of these parts, right or wrong."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return _SIGNATURE + header + b"".join(before) + chunk(b"IDAT", idat) + chunk(b"IEND", b"")


def _zeros(count: int) -> bytes:
    """That many zero bytes, compressed a thousandfold, without ever holding them."""
    packer, part = zlib.compressobj(4), bytes(1 << 20)
    packed = [packer.compress(part) for _ in range(count // len(part))]
    return b"".join((*packed, packer.compress(bytes(count % len(part))), packer.flush()))


def _jpeg_of_size(width: int, height: int) -> bytes:
    """A sound JPEG whose header names another size."""
    content = bytearray(sound("JPEG"))
    place = content.index(b"\xff\xc0") + 5
    content[place : place + 4] = struct.pack(">HH", height, width)
    return bytes(content)


def _no_pictures() -> Iterator[tuple[str, bytes, str]]:
    yield "no bytes", b"", VALIDATION
    yield "one byte", b"\xff", FORMAT
    yield "text", b"not a picture\n" * 50, FORMAT
    yield "zeros", bytes(5000), FORMAT
    yield "random", np.random.default_rng(1).bytes(20_000), FORMAT
    yield "html", b"<html><img src=x></html>", FORMAT
    yield (
        "svg that includes a file",
        b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        FORMAT,
    )
    yield "postscript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\nshowpage\n", FORMAT
    yield "pdf", b"%PDF-1.7\n1 0 obj<<>>endobj\n", FORMAT
    yield "zip", b"PK\x03\x04" + bytes(200), FORMAT
    for kind in ("GIF", "BMP", "TIFF", "WEBP", "ICO", "PPM"):
        yield f"sound {kind}", sound(kind), FORMAT
    yield "heic header", struct.pack(">I", 24) + b"ftypheic" + bytes(4) + b"mif1heic" + bytes(500), FORMAT
    yield "avif header", struct.pack(">I", 24) + b"ftypavif" + bytes(4) + b"mif1avif" + bytes(500), FORMAT
    yield "more than 5 MB", sound("PNG") + bytes(5 * 1024**2), TOO_LARGE


def _broken() -> Iterator[tuple[str, bytes, *tuple[str, ...]]]:
    jpeg, whole = sound("JPEG"), sound("PNG")
    yield "jpeg magic only", jpeg[:3], FORMAT
    yield "png signature only", _SIGNATURE, FORMAT
    yield "png header only", whole[:33], FORMAT
    for part in (0.1, 0.5, 0.9):
        yield f"jpeg cut at {part}", jpeg[: int(part * len(jpeg))], FORMAT
        yield f"png cut at {part}", whole[: int(part * len(whole))], FORMAT
    yield "progressive jpeg cut", sound("JPEG", progressive=True)[:4000], FORMAT
    yield "jpeg without its end mark", jpeg[:-2], OK, FORMAT
    yield "jpeg of random data behind its header", jpeg[:700] + np.random.default_rng(2).bytes(9000), OK, FORMAT
    yield "png with a wrong sum", whole[:40] + bytes([whole[40] ^ 255]) + whole[41:], FORMAT
    yield "png with a wrong data sum", whole[:-20] + bytes(4) + whole[-16:], OK, FORMAT
    yield "png of garbage data", png(100, 100, b"garbage" * 50), FORMAT
    yield "png of too little data", png(1000, 1000, zlib.compress(bytes(50))), FORMAT
    yield "png without a palette", png(100, 100, zlib.compress(bytes(101 * 100)), colour=3), OK, FORMAT
    yield "png of an impossible depth", png(100, 100, zlib.compress(bytes(40_000)), depth=7), FORMAT
    yield "png of an impossible colour", png(100, 100, zlib.compress(bytes(40_000)), colour=9), FORMAT
    yield (
        "png with a chunk longer than the file",
        whole[:33] + struct.pack(">I", 2**31 - 1) + b"IDAT" + bytes(50),
        FORMAT,
    )
    yield "png with a chunk of negative length", whole[:33] + b"\xff\xff\xff\xff" + b"IDAT" + bytes(50), FORMAT
    yield "jpeg with a segment of no length", jpeg[:2] + b"\xff\xe1\x00\x00" + jpeg[2:], OK, FORMAT


def _huge() -> Iterator[tuple[str, bytes, *tuple[str, ...]]]:
    nothing = zlib.compress(bytes(100))
    yield "png of 200 megapixels", png(20_000, 10_000, nothing), TOO_LARGE
    yield "png of 2^31 - 1 square", png(2**31 - 1, 2**31 - 1, nothing), TOO_LARGE, FORMAT
    yield "png of 2^32 - 1 columns", png(2**32 - 1, 100, nothing), TOO_LARGE, FORMAT
    yield "png of no width", png(0, 100, nothing), FORMAT, PARAMETER
    yield "png of one row and 60 million columns", png(60_000_000, 1, nothing), FORMAT, PARAMETER
    yield "jpeg of 65500 square", _jpeg_of_size(65_500, 65_500), TOO_LARGE
    yield "jpeg of no height", _jpeg_of_size(160, 0), FORMAT, PARAMETER
    yield "jpeg of more rows than data", _jpeg_of_size(160, 60_000), OK, FORMAT
    for width, height in ((1, 1), (79, 400), (400, 79)):
        yield f"png of {width} x {height}", sound("PNG", size=(width, height)), PARAMETER
    yield "png of 80 x 80", sound("PNG", size=(80, 80)), OK


def _bombs() -> Iterator[tuple[str, bytes, *tuple[str, ...]]]:
    yield "png of 63 megapixels in 200 kB", png(7_900, 8_000, _zeros(8_000 * (3 * 7_900 + 1))), OK
    yield "png of 300 megapixels in 1 MB", png(20_000, 15_000, _zeros(15_000 * 60_001)), TOO_LARGE
    yield "png with half a gigabyte behind its pixels", png(100, 100, _zeros(1 << 29)), OK, FORMAT
    text = chunk(b"zTXt", b"Comment\0\0" + _zeros(1 << 29))
    yield "png with half a gigabyte of text", png(100, 100, zlib.compress(bytes(100 * 301)), text), OK, FORMAT
    profile = chunk(b"iCCP", b"profile\0\0" + _zeros(1 << 29))
    yield "png with half a gigabyte of profile", png(100, 100, zlib.compress(bytes(100 * 301)), profile), OK, FORMAT
    texts = b"".join(chunk(b"tEXt", b"k%d\0" % number + bytes(100)) for number in range(20_000))
    yield "png of twenty thousand texts", png(100, 100, zlib.compress(bytes(100 * 301)), texts), OK, FORMAT
    yield "deep interlaced palette", sound("PNG", mode="P", size=(3000, 3000)), OK, TOO_LARGE


def _odd() -> Iterator[tuple[str, bytes, *tuple[str, ...]]]:
    jpeg = sound("JPEG")
    yield "cmyk jpeg", sound("JPEG", mode="CMYK"), OK
    yield "grey jpeg", sound("JPEG", mode="L"), OK
    yield "one-bit png", sound("PNG", mode="1"), OK
    yield "transparent png", sound("PNG", mode="RGBA"), OK
    yield "grey and alpha png", sound("PNG", mode="LA"), OK
    yield "16-bit png", sound("PNG", mode="I;16"), OK
    frames = [Image.new("RGB", (100, 100), colour) for colour in ("red", "green", "blue")]
    stream = io.BytesIO()
    frames[0].save(stream, "PNG", save_all=True, append_images=frames[1:])
    yield "animated png", stream.getvalue(), OK
    stream = io.BytesIO()
    frames[0].save(stream, "MPO", save_all=True, append_images=frames[1:])
    yield "jpeg of several pictures", stream.getvalue(), OK, FORMAT
    yield "jpeg and zip", jpeg + b"PK\x03\x04" + bytes(500), OK
    yield "jpeg and html", jpeg + b"<script>alert(1)</script>", OK
    yield "two jpegs", jpeg + jpeg, OK
    yield "jpeg behind garbage", b"\0" * 10 + jpeg, FORMAT


def _exif() -> Iterator[tuple[str, bytes, *tuple[str, ...]]]:
    for orientation in (0, 6, 9, 65_535):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield f"orientation {orientation}", sound("JPEG", exif=exif.tobytes()), OK
    head = b"Exif\0\0II*\0\x08\0\0\0"
    entry = struct.pack("<HHII", 0x8769, 4, 1, 8)  # the sub-directory is the directory itself
    yield "exif that holds itself", _with_exif(head + struct.pack("<H", 1) + entry + struct.pack("<I", 8)), OK
    long = struct.pack("<HHII", 0x0112, 3, 2**31, 2**31)
    yield "exif of two billion values", _with_exif(head + struct.pack("<H", 1) + long + bytes(4)), OK
    yield "exif of 65535 entries", _with_exif(head + b"\xff\xff" + bytes(300)), OK
    yield "exif of garbage", _with_exif(b"Exif\0\0" + np.random.default_rng(3).bytes(400)), OK


def _with_exif(exif: bytes) -> bytes:
    jpeg = sound("JPEG")
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]
