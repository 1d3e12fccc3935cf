"""Makes the videos and broken files the tests need."""

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray


def write_video(
    path: Path,
    pictures: Sequence[NDArray[np.uint8]],
    *,
    codec: str = "libx264",
    rate: int = 10,
    key_interval: int = 10,
    rotation: int = 0,
    times: Sequence[int] | None = None,
    is_streamed: bool = False,
) -> Path:
    """A video of the RGB pictures; `times` are their moments in frames of `rate`, by default one after another.

    A streamed one is written as a browser records: never going back, so that no header tells how long it became.
    """
    options = {"live": "1"} if is_streamed else {}
    with av.open(str(path), "w", container_options=options) as container:
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.gop_size = key_interval
        if codec == "libx264":
            stream.options = {"preset": "ultrafast", "sc_threshold": "0"}
        if rotation:
            stream.set_display_rotation(rotation)
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = number if times is None else times[number]
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_sound(path: Path) -> Path:
    """Half a second of silence."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16_000)
        assert isinstance(stream, av.AudioStream)
        for start in range(0, 8192, 1024):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 16_000, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def counting(count: int, size: tuple[int, int] = (96, 128)) -> list[NDArray[np.uint8]]:
    """Grey pictures, each a little brighter than the one before: brightness tells the number (up to 60 of them)."""
    return [np.full((*size, 3), 10 + 4 * number, np.uint8) for number in range(count)]


def number_of(image: NDArray[np.uint8]) -> int:
    """Which picture of `counting` this is."""
    return round((float(image.mean()) - 10) / 4)
