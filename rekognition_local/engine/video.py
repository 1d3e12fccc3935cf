"""Recorded video to a few upright frames, decoding as little as possible."""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TypeAlias

import av
import numpy as np
from numpy.typing import NDArray

from rekognition_local.engine.errors import InvalidVideoError
from rekognition_local.engine.types import VideoMetadata

MAX_PIXELS = 8192 * 4320
"""Of one frame: 8K cinema. More is refused before anything is decoded."""

CODECS = frozenset({"h264", "hevc", "vp8", "vp9", "av1", "mpeg4"})
_CONTAINERS = "mov,matroska,avi,mpegts"
"""Only real video containers: playlists, which name other files and hosts, and pictures are never opened."""

_PICTURE_BRANDS = frozenset({"avif", "heic", "heix", "heim", "heis", "mif1", "msf1"})
"""MP4 brands of still pictures, which the container would otherwise pass as videos of one frame."""

_SLACK = 0.9
"""A frame may come this part of the interval after the one before: key frames seldom fall exactly on it."""

_HELD_BYTES = 32_000_000
_PACKET_COST = 1_000
"""What holding back a group of pictures may take; a packet costs its size and about this much more."""

_CUT_SECONDS, _CUT_PART = 2.0, 0.05
"""What may be missing at the end, the longer of the two: a sound track or a rounded header may outlast the pictures."""

_Packet: TypeAlias = "av.Packet[av.VideoStream]"

_ADVICE = "Upload the recording as H.264 in MP4 or MOV."


@dataclass(frozen=True, slots=True)
class Frame:
    """An upright RGB picture (height, width, 3) of a video and its time from the video's start."""

    timestamp_ms: int
    image: NDArray[np.uint8]


def probe(path: Path) -> VideoMetadata:
    """What the video is. `frame_rate` is 0 where the file does not tell.

    A file without a duration, as browsers record it, is read to its end for it, but not decoded.

    Raises:
        InvalidVideoError: no video, or not one frame of it can be decoded.
    """
    with _opened(path) as (container, stream):
        reach = _Reach()
        packets = reach.of(_packets(container, stream))
        _, first = next(_decoded(stream, packets), (0.0, None))
        if first is None:
            raise InvalidVideoError(_nothing_decodes())
        turned = _quarter_turns(first) % 2 == 1
        return VideoMetadata(
            codec=stream.codec_context.codec.canonical_name,
            duration_ms=_duration_ms(container, stream) or _reached_ms(container, packets, reach),
            format=container.format.long_name,
            frame_rate=float(stream.average_rate or stream.guessed_rate or 0),
            width=first.height if turned else first.width,
            height=first.width if turned else first.height,
        )


def frames(path: Path, interval_ms: Callable[[], int]) -> Iterator[Frame]:
    """Frames about `interval_ms()` apart, which is asked before each, in order of time; one in memory at a time.

    Where key frames come at least every two intervals only they are decoded; elsewhere all that other frames build on.
    What cannot be decoded is left out.

    Raises:
        InvalidVideoError: no video, or not one frame of it can be decoded; at its end, that the file is cut off.
    """
    due = -math.inf
    reach = _Reach()
    with _opened(path) as (container, stream):
        start = (container.start_time or 0) / av.time_base
        for time, frame in _decoded(stream, _needed(reach.of(_packets(container, stream)), interval_ms)):
            if time >= due:
                due = time + _SLACK * interval_ms() / 1000
                yield Frame(max(0, round(1000 * (time - start))), _upright(frame))
        declared = _duration_ms(container, stream) / 1000
    if due == -math.inf:
        raise InvalidVideoError(_nothing_decodes())
    _refuse_cut_off(reach.seconds - start, declared)


class _Reach:
    """How far into the video its packets reach, in seconds on the clock of the packets."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def of(self, packets: Iterable[_Packet]) -> Iterator[_Packet]:
        """The packets, each noted as it passes; the last may show one picture for long, so its end counts."""
        for packet in packets:
            lasts = float(packet.duration * packet.time_base) if packet.duration and packet.time_base else 0.0
            self.seconds = max(self.seconds, _time(packet) + lasts)
            yield packet


def _refuse_cut_off(seconds: float, declared: float) -> None:
    """Who came only in the missing part would be taken for absent, so a part is not taken for the whole."""
    if declared - seconds > max(_CUT_SECONDS, _CUT_PART * declared):
        raise InvalidVideoError(
            f"The video stops after {seconds:.0f} of {declared:.0f} seconds: the file is cut off. Upload it whole."
        )


@contextmanager
def _opened(path: Path) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    if path.stat().st_size == 0:
        raise InvalidVideoError(f"The file is empty. {_ADVICE}")
    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "file", "max_pixels": str(MAX_PIXELS)}
    try:
        container = av.open(str(path), options=options, metadata_errors="replace")
    except av.FFmpegError as error:
        raise InvalidVideoError(f"The file is not a video, or it is cut off. {_ADVICE}") from error
    with container:
        yield container, _video_stream(container)


def _video_stream(container: av.container.InputContainer) -> av.VideoStream:
    brand = container.metadata.get("major_brand", "").strip()
    streams = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    if brand in _PICTURE_BRANDS:
        raise InvalidVideoError(f"The file is a picture, not a video. {_ADVICE}")
    if not streams:
        raise InvalidVideoError(f"The file has no video stream, perhaps only sound. {_ADVICE}")
    stream = streams[0]
    context = stream.codec_context
    name = context.codec.canonical_name if context else "unknown"
    if name not in CODECS:
        raise InvalidVideoError(f"The video codec {name} is not supported. {_ADVICE}")
    if context.width * context.height > MAX_PIXELS:
        raise InvalidVideoError(
            f"The video's {context.width}x{context.height} pixels are too many. Upload it in 4K or less."
        )
    context.options = {"max_pixels": str(MAX_PIXELS)}  # holds also when the size changes on the way
    context.thread_type = "AUTO"
    context.skip_frame = "NONREF"  # a frame nothing builds on is never far from one that is decoded anyway
    return stream


def _packets(container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[_Packet]:
    """The stream's packets up to its end or to where the file is cut off."""
    while True:
        try:
            yield from (packet for packet in container.demux(stream) if packet.size)
        except IndexError:  # PyAV on a packet of a stream that a damaged header did not announce: read on behind it
            continue
        except av.FFmpegError:
            pass
        return


def _needed(packets: Iterable[_Packet], interval_ms: Callable[[], int]) -> Iterator[_Packet]:
    """Of a short group of pictures the key frame, if one is due by then; of a group over two intervals long all."""
    group: list[_Packet] = []  # held back until it is clear how long the group is; empty once it is long
    held, due = 0, -math.inf
    for packet in packets:
        if packet.is_keyframe:
            for key in _if_due(group, due):
                yield key
                due = _time(key) + _SLACK * interval_ms() / 1000
            # an edit list may hide the key frame but not those after it: then all are needed
            group, held = ([] if packet.is_discard else [packet]), packet.size
        elif group:
            group.append(packet)
            held += packet.size + _PACKET_COST
        if not group:
            yield packet
        elif _time(packet) - _time(group[0]) > 2 * interval_ms() / 1000 or held > _HELD_BYTES:
            yield from group
            group = []
    yield from _if_due(group, due)


def _if_due(group: list[_Packet], due: float) -> list[_Packet]:
    return group[:1] if group and _time(group[0]) >= due else []


def _time(packet: _Packet) -> float:
    stamp = packet.dts if packet.pts is None else packet.pts
    return float(stamp * packet.time_base) if stamp is not None and packet.time_base else 0.0


def _decoded(stream: av.VideoStream, packets: Iterable[_Packet]) -> Iterator[tuple[float, av.VideoFrame]]:
    """Sound frames and their times in seconds, by time."""
    unit = stream.time_base or Fraction(1, av.time_base)
    for packet in chain(packets, [None]):  # the last asks the decoder for what it still holds
        with suppress(av.FFmpegError):  # a damaged packet costs its own frames only
            for frame in stream.decode(packet):
                if frame.pts is not None and not frame.is_corrupt:
                    yield float(frame.pts * unit), frame


def _upright(frame: av.VideoFrame) -> NDArray[np.uint8]:
    return np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), _quarter_turns(frame)))


def _quarter_turns(frame: av.VideoFrame) -> int:
    """How often the frame is to be turned by 90 degrees against the clock to be seen as filmed."""
    return round(frame.rotation / 90) % 4


def _duration_ms(container: av.container.InputContainer, stream: av.VideoStream) -> int:
    if stream.duration and stream.time_base:
        return max(0, round(1000 * stream.duration * stream.time_base))
    return max(0, (container.duration or 0) * 1000 // av.time_base)


def _reached_ms(container: av.container.InputContainer, packets: Iterator[_Packet], reach: _Reach) -> int:
    """How long the video lasts by the times of its packets, the rest of which is read."""
    for _ in packets:
        pass
    return max(0, round(1000 * (reach.seconds - (container.start_time or 0) / av.time_base)))


def _nothing_decodes() -> str:
    return f"Not one frame of the video can be decoded: it is damaged or cut off. {_ADVICE}"
