"""Frames to a video file, one block at a time: a block filmed once may be shown many times without encoding again."""

import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.video.frame import PictureType

from bench.people import Picture
from bench.scene import Options

_FAST = {
    "libx264": {"preset": "veryfast", "crf": "23", "sc_threshold": "0", "forced-idr": "1"},
    "libx265": {"preset": "ultrafast", "crf": "26", "x265-params": "scenecut=0:log-level=error"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "crf": "32", "b": "0", "row-mt": "1"},
    "libsvtav1": {"preset": "11", "crf": "35", "svtav1-params": "scd=0"},
}
CODECS = tuple(_FAST)

_NEVER = 100_000
"""Frames between key frames where none shall come of themselves."""


def encode(options: Options, frames: Iterator[Picture], path: Path) -> None:
    """Compress frames into a file as the options say; one is in memory at a time. The format is the suffix's.

    Raises:
        ValueError: the codec is none of `CODECS`.
    """
    if options.codec not in _FAST:
        raise ValueError(f"{options.codec} is not one of {', '.join(CODECS)}")
    forced = key_frames(options)
    with av.open(str(path), "w") as container:
        made = container.add_stream(options.codec, rate=options.frame_rate, options=_FAST[options.codec])
        stream = cast("av.VideoStream", made)
        stream.width, stream.height, stream.pix_fmt = options.width, options.height, "yuv420p"
        group = round(options.key_seconds * options.frame_rate) if options.key_seconds > 0 else _NEVER
        stream.codec_context.gop_size = max(1, group)
        for number, image in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, options.frame_rate)
            frame.pict_type = PictureType.I if number in forced else PictureType.NONE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def key_frames(options: Options) -> frozenset[int]:
    """The frames of a block that must be key frames; where they come at no regular times, 0.5 to 12 seconds apart."""
    total = options.block_seconds * options.frame_rate
    if options.key_seconds > 0:
        return frozenset(range(0, total, max(1, round(options.key_seconds * options.frame_rate))))
    draw = random.Random(f"keys {options.seed}")  # noqa: S311 - repeatable, not secret
    chosen, second = set(), 0.0
    while second * options.frame_rate < total:
        chosen.add(int(second * options.frame_rate))
        second += draw.uniform(0.5, 12)
    return frozenset(chosen)


def repeat(options: Options, blocks: Sequence[Path], order: Sequence[int], path: Path) -> None:
    """A file that shows the encoded blocks one after the other in this order, without encoding anything again.

    The blocks must come from `encode` with the same options but the seed.
    """
    length = options.block_seconds
    with av.open(str(path), "w") as container, av.open(str(blocks[0])) as first:
        stream = container.add_stream_from_template(first.streams.video[0])
        for place, number in enumerate(order):
            with av.open(str(blocks[number])) as block:
                source = block.streams.video[0]
                shift = round(place * length / (source.time_base or Fraction(1)))
                for packet in block.demux(source):
                    if packet.dts is not None and packet.pts is not None:
                        packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, stream
                        container.mux(packet)


def cut(source: Path, seconds: float, path: Path) -> None:
    """The first `seconds` of a video as a file of its own, without encoding anything again."""
    with av.open(str(source)) as container, av.open(str(path), "w") as output:
        stream = container.streams.video[0]
        copy = output.add_stream_from_template(stream)
        for packet in container.demux(stream):
            if packet.pts is None or packet.dts is None:
                continue
            if packet.is_keyframe and packet.pts * packet.time_base >= seconds:
                return
            packet.stream = copy
            output.mux(packet)
