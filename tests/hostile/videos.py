"""Broken, truncated, misleading and bomb-like videos, and how a search of each may end."""

import io
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import av
import numpy as np
from PIL import Image

SUCCEEDED, FAILED = "SUCCEEDED", "FAILED"


@dataclass(frozen=True)
class Case:
    """A file and how its search may end."""

    name: str
    content: bytes
    endings: frozenset[str]


def video_cases(folder: Path) -> Iterator[Case]:
    """All of them; `folder` is for their making."""
    base = encoded(folder / "base.mp4")
    for name, content, *endings in (
        *_no_videos(folder),
        *_cut(base),
        *_misleading(base),
        *_containers(folder),
        *_streams(folder),
        *_stamps(folder),
    ):
        yield Case(name, content, frozenset(endings))


def encoded(
    path: Path,
    frames: int = 20,
    size: tuple[int, int] = (160, 120),
    codec: str = "libx264",
    stamp: Callable[[int], int] = lambda number: number,
    rate: int = 10,
    **options: str,
) -> bytes:
    """A small video of moving noise; `stamp` turns a frame's number into its time, in frames."""
    draw = np.random.default_rng(5)
    still = draw.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = cast("av.VideoStream", container.add_stream(codec, rate=rate, options=options))
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        container.start_encoding()
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(np.roll(still, 4 * number, axis=1), format="rgb24")
            frame.pts = stamp(number)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path.read_bytes()


def box(name: bytes, *content: bytes) -> bytes:
    """An MP4 box."""
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + name + body


_FTYP = box(b"ftyp", b"isom", bytes(4), b"isomiso2avc1mp41")


def _no_videos(folder: Path) -> Iterator[tuple[str, bytes, str]]:
    secret = folder / "secret.mp4"
    encoded(secret)
    yield "no bytes", b"", FAILED
    yield "one byte", b"\0", FAILED
    yield "text", b"not a video\n" * 100, FAILED
    yield "random", np.random.default_rng(1).bytes(50_000), FAILED
    yield "random behind mp4 magic", _FTYP + np.random.default_rng(2).bytes(50_000), FAILED
    yield "random behind mkv magic", b"\x1aE\xdf\xa3" + np.random.default_rng(3).bytes(50_000), FAILED
    yield "random behind avi magic", b"RIFF\xff\xff\xff\x7fAVI LIST" + np.random.default_rng(4).bytes(50_000), FAILED
    yield "zeros", bytes(100_000), FAILED
    yield "playlist of a file", f"#EXTM3U\n#EXTINF:2,\nfile://{secret}\n#EXT-X-ENDLIST\n".encode(), FAILED
    yield "playlist of a host", b"#EXTM3U\n#EXTINF:2,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n", FAILED
    yield "concat script", f"ffconcat version 1.0\nfile '{secret}'\n".encode(), FAILED
    yield "sdp", b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n", FAILED
    yield "dash manifest", f"<MPD><Period><BaseURL>file://{secret}</BaseURL></Period></MPD>".encode(), FAILED
    yield "subtitles", b"1\n00:00:00,000 --> 00:00:05,000\nhello\n", FAILED
    yield "jpeg", _picture("JPEG"), FAILED
    yield "gif", _picture("GIF"), FAILED
    yield "raw h264", encoded(folder / "raw.h264"), FAILED


def _cut(base: bytes) -> Iterator[tuple[str, bytes, *tuple[str, ...]]]:
    data, index = base.index(b"mdat") - 4, base.index(b"moov") - 4
    yield "index without data", base[:data] + base[index:], FAILED
    yield "data without index", base[:index], FAILED
    yield "data only", base[data:index], FAILED
    for part in (0.01, 0.3, 0.7, 0.99):
        yield f"cut at {part}", base[: int(part * len(base))], FAILED
    faststart = base[:data] + _moved(base[index:], len(base) - index) + base[data:index]
    yield "index first", faststart, SUCCEEDED
    for part in (0.4, 0.7, 0.95):
        yield f"index first, cut at {part}", faststart[: int(part * len(faststart))], SUCCEEDED, FAILED


def _moved(moov: bytes, by: int) -> bytes:
    """The index for data that lies so many bytes further on."""
    content, place = bytearray(moov), moov.index(b"stco")
    (count,) = struct.unpack_from(">I", moov, place + 8)
    for offset in range(place + 12, place + 12 + 4 * count, 4):
        struct.pack_into(">I", content, offset, struct.unpack_from(">I", moov, offset)[0] + by)
    return bytes(content)


def _misleading(base: bytes) -> Iterator[tuple[str, bytes, *tuple[str, ...]]]:
    both = (SUCCEEDED, FAILED)
    yield "32000 x 32000 in the sample entry", _patched(base, b"avc1", 28, struct.pack(">HH", 32_000, 32_000), 1), *both
    yield "no width in the sample entry", _patched(base, b"avc1", 28, bytes(4), 1), *both
    yield (
        "32000 x 32000 in the track header",
        _patched(base, b"tkhd", 80, struct.pack(">II", 32_000 << 16, 32_000 << 16)),
        *both,
    )
    yield "a duration of a century", _patched(base, b"mvhd", 20, b"\xff\xff\xff\xfe"), *both
    yield "a track of a century", _patched(base, b"mdhd", 20, b"\xff\xff\xff\xfe"), *both
    yield "a time scale of nothing", _patched(base, b"mdhd", 16, bytes(4)), *both
    yield "samples of no duration", _patched(base, b"stts", 16, bytes(4)), *both
    yield "two billion samples", _patched(base, b"stsz", 12, b"\x7f\xff\xff\xff"), *both
    yield "two billion times", _patched(base, b"stts", 8, b"\x7f\xff\xff\xff"), *both
    yield "data beyond the end", _patched(base, b"stco", 12, b"\xff\xff\xff\xf0"), *both
    yield "an index of negative length", _patched(base, b"moov", -4, b"\xff\xff\xff\xff"), *both
    yield "a track within itself", _patched(base, b"trak", -4, b"\0\0\0\x08"), *both
    yield "an unknown codec", _patched(base, b"avc1", 0, b"zzzz", 1), FAILED
    deep = b""
    for _ in range(2_000):
        deep = box(b"moov", deep)
    yield "two thousand boxes in each other", _FTYP + deep, FAILED
    yield "half a million empty boxes", _FTYP + box(b"free") * 500_000, FAILED
    noise = np.random.default_rng(6)
    damaged = bytearray(base)
    for place in noise.integers(2_000, base.index(b"moov"), 300):
        damaged[place] ^= 255
    yield "damaged data", bytes(damaged), *both


def _patched(base: bytes, name: bytes, offset: int, value: bytes, occurrence: int = 0) -> bytes:
    """The file with other bytes so far behind a box's name; of a name that the brands hold too, the later one."""
    place = base.index(name)
    for _ in range(occurrence):
        place = base.index(name, place + 4)
    return base[: place + offset] + value + base[place + offset + len(value) :]


def _containers(folder: Path) -> Iterator[tuple[str, bytes, str]]:
    yield "mov", encoded(folder / "a.mov"), SUCCEEDED
    yield "mkv", encoded(folder / "a.mkv"), SUCCEEDED
    yield "webm", encoded(folder / "a.webm", codec="libvpx-vp9"), SUCCEEDED
    yield "avi", encoded(folder / "a.avi", codec="mpeg4"), SUCCEEDED
    yield "transport stream", encoded(folder / "a.ts"), SUCCEEDED
    for suffix in ("mkv", "avi", "ts", "webm"):
        content = (folder / f"a.{suffix}").read_bytes()
        yield f"{suffix} cut", content[: 9 * len(content) // 10], SUCCEEDED
    yield "flv", encoded(folder / "a.flv"), FAILED
    yield "mpeg-2", encoded(folder / "m.ts", codec="mpeg2video", rate=25), FAILED


def _streams(folder: Path) -> Iterator[tuple[str, bytes, *tuple[str, ...]]]:
    yield "one frame", encoded(folder / "one.mp4", frames=1), SUCCEEDED
    yield "no frame", encoded(folder / "none.mp4", frames=0), FAILED
    yield "16 x 16", encoded(folder / "tiny.mp4", size=(16, 16)), SUCCEEDED
    yield "7680 x 16", encoded(folder / "strip.mp4", size=(7_680, 16), frames=5), SUCCEEDED
    yield "8192 x 8192", encoded(folder / "large.mp4", size=(8_192, 8_192), frames=1, preset="ultrafast"), FAILED
    yield "sound only", _sound(folder / "sound.mp4"), FAILED
    yield "sound with a cover", _covered(folder), FAILED
    sizes = b"".join(encoded(folder / f"{n}.ts", size=(160 * n, 120 * n), frames=10) for n in (1, 3, 2))
    yield "sizes that change on the way", sizes, SUCCEEDED
    yield "three videos in a row", encoded(folder / "x.mp4") * 3, SUCCEEDED, FAILED


def _stamps(folder: Path) -> Iterator[tuple[str, bytes, *tuple[str, ...]]]:
    yield (
        "one frame a second and a gap of a day",
        encoded(folder / "gap.mkv", stamp=lambda n: n if n < 10 else n + 864_000),
        SUCCEEDED,
        FAILED,
    )
    yield "negative times", encoded(folder / "negative.mkv", stamp=lambda n: n - 100), SUCCEEDED
    yield (
        "frames 100 years apart",
        encoded(folder / "years.mkv", stamp=lambda n: n * 10 * 36_524 * 86_400, frames=3),
        SUCCEEDED,
        FAILED,
    )
    yield "a thousand frames a second", encoded(folder / "fast.mp4", frames=300, rate=1_000), SUCCEEDED
    yield "one key frame in all", encoded(folder / "long.mp4", frames=400, g="9999"), SUCCEEDED


def _picture(kind: str) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (200, 200), "red").save(stream, kind)
    return stream.getvalue()


def _sound(path: Path) -> bytes:
    with av.open(str(path), "w") as container:
        _add_sound(container)
    return path.read_bytes()


def _add_sound(container: av.container.OutputContainer) -> None:
    stream = container.add_stream("aac", rate=44_100)
    for number in range(40):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 44_100, 1024 * number
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def _covered(folder: Path) -> bytes:
    """Sound with an attached picture, as music files have."""
    sound, jpeg = folder / "sound.mp4", _picture("JPEG")
    item = box(b"covr", box(b"data", struct.pack(">II", 13, 0), jpeg))
    handler = box(b"hdlr", bytes(8), b"mdirappl", bytes(9))
    meta = box(b"udta", box(b"meta", bytes(4), handler, box(b"ilst", item)))
    content = sound.read_bytes()
    place = content.index(b"moov") - 4
    (length,) = struct.unpack_from(">I", content, place)
    moov = content[place + 8 : place + length]
    return content[:place] + box(b"moov", moov, meta) + content[place + length :]
