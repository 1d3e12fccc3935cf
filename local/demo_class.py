"""The demo class: real people, one enrolment photo each, and the video of one online lesson.

The video is a gallery-view recording made from real footage and from pictures *other* than the enrolled ones. Two of
the enrolled are in it, four are not, and one person in it is enrolled nowhere. Where pictures and footage come from,
and under which licence: docs/third-party.md.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

COURSE_ID = "DEMO-101"
DATE = "2026-11-20"

WIDTH, HEIGHT, FRAME_RATE, SECONDS = 1280, 720, 12, 36
KEY_FRAME_SECONDS = 2
_TILE = (600, 338)
_BACKGROUND = (24, 28, 34)

Frame = NDArray[np.uint8]
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class DemoStudent:
    """An enrolled person: `photo` is a file of the pictures folder, `crop` (left, top, right, bottom) a part of it."""

    student_id: str
    student_name: str
    photo: str
    crop: Box | None = None
    in_video: bool = False


STUDENTS = (
    DemoStudent("S-1001", "Sam Rivers", "man.jpg", in_video=True),
    DemoStudent("S-1002", "Barack Obama", "obama.jpg", in_video=True),
    DemoStudent("S-1003", "Joe Biden", "biden.jpg"),
    DemoStudent("S-1004", "Eileen Collins", "collins.png"),
    DemoStudent("S-1005", "Zoë O'Brien", "friends.jpg", (480, 270, 700, 490)),
    DemoStudent("S-1006", "Kim Strand", "friends.jpg", (270, 170, 470, 380)),
)


@dataclass(frozen=True)
class _Tile:
    """One participant's tile: shown from `start` to `end` seconds at (left, top), from footage or stills."""

    left: int
    top: int
    start: float
    end: float
    frames: tuple[Frame, ...]

    def frame_at(self, second: float) -> Frame | None:
        """The tile's picture at `second` of the video; footage runs forth and back at its own rate, for ever."""
        if not self.start <= second < self.end:
            return None
        step = int((second - self.start) * FRAME_RATE)
        there_and_back = max(1, 2 * len(self.frames) - 2)
        step %= there_and_back
        return self.frames[min(step, there_and_back - step)]


def write_roster(pictures: Path, folder: Path) -> Path:
    """Write each student's enrolment photo and `roster.csv` into `folder`; return the CSV's path."""
    folder.mkdir(parents=True, exist_ok=True)
    roster = folder / "roster.csv"
    with roster.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["student_id", "student_name", "photo"])
        for student in STUDENTS:
            photo = f"{student.student_id}.jpg"
            _picture(pictures / student.photo, student.crop).save(folder / photo, quality=95)
            writer.writerow([student.student_id, student.student_name, photo])
    return roster


def write_video(pictures: Path, path: Path) -> None:
    """Write the lesson to `path`: H.264 in MP4, 1280x720, 12 frames a second, 36 s, a key frame every 2 s."""
    tiles = _tiles(pictures)
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FRAME_RATE, options={"preset": "veryfast", "crf": "23"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.gop_size = KEY_FRAME_SECONDS * FRAME_RATE
        for number in range(SECONDS * FRAME_RATE):
            frame = av.VideoFrame.from_ndarray(_compose(tiles, number / FRAME_RATE), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FRAME_RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _tiles(pictures: Path) -> tuple[_Tile, ...]:
    left, right, top, bottom = 27, WIDTH - 27 - _TILE[0], 15, HEIGHT - 15 - _TILE[1]
    return (
        _Tile(left, top, 4.0, 31.0, _footage(pictures / "man.mp4")),
        _Tile(right, top, 0.0, SECONDS, _footage(pictures / "woman.mp4")),
        _Tile(left, bottom, 2.0, 18.0, _slow_zoom(_picture(pictures / "obama2.jpg"))),
        _Tile(right, bottom, 18.0, 34.0, _slow_zoom(_picture(pictures / "obama3.jpg", (250, 150, 1250, 714)))),
    )


def _compose(tiles: tuple[_Tile, ...], second: float) -> Frame:
    canvas: Frame = np.full((HEIGHT, WIDTH, 3), _BACKGROUND, np.uint8)
    for tile in tiles:
        picture = tile.frame_at(second)
        if picture is not None:
            canvas[tile.top : tile.top + _TILE[1], tile.left : tile.left + _TILE[0]] = picture
    return canvas


def _footage(path: Path) -> tuple[Frame, ...]:
    with av.open(str(path)) as container:
        rate = float(container.streams.video[0].average_rate or FRAME_RATE)
        kept = islice(container.decode(video=0), 0, None, max(1, round(rate / FRAME_RATE)))
        decoded = (frame.to_ndarray(format="rgb24") for frame in kept)
        return tuple(_fit(Image.fromarray(picture)) for picture in decoded)


def _slow_zoom(picture: Image.Image, seconds: float = 8.0) -> tuple[Frame, ...]:
    """A still picture as a camera would hold it, whole at first and 12 % nearer after `seconds`."""
    picture = ImageOps.contain(picture, (2 * _TILE[0], 2 * _TILE[1]))

    def frames() -> Iterator[Frame]:
        steps = int(seconds * FRAME_RATE)
        for step in range(steps):
            margin = 0.06 * step / steps
            width, height = picture.size
            box = (margin * width, margin * height, (1 - margin) * width, (1 - margin) * height)
            nearer = picture.resize(picture.size, Image.Resampling.BILINEAR, box)
            yield np.asarray(ImageOps.pad(nearer, _TILE, Image.Resampling.BILINEAR, color=_BACKGROUND), np.uint8)

    return tuple(frames())


def _picture(path: Path, crop: Box | None = None) -> Image.Image:
    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    return upright.crop(crop) if crop else upright


def _fit(picture: Image.Image) -> Frame:
    """`picture` cut to the tile's shape, its upper part kept (heads are above the middle), and resized to it."""
    return np.asarray(ImageOps.fit(picture, _TILE, Image.Resampling.BILINEAR, centering=(0.5, 0.25)), np.uint8)
