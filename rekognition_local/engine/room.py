"""What the geometry of a room asks for: where its faces are small, and whether any are very large."""

import threading
from collections.abc import Sequence

from rekognition_local.engine.detector import Tile, tiles
from rekognition_local.engine.types import DetectedFace

_SMALL = 36
"""Pixels of face height below which the detector misses one in twelve faces or more, and half of them at 24."""

_OFTEN = 3
"""Small faces seen in a part of the picture until it is searched enlarged."""

_LARGE = 300
_LARGE_EVERY = 8
"""Pixels of face height from which a look for very large faces pays in every frame; otherwise in each so-manieth."""


class Room:
    """Learns from the faces of each frame how to look at the next; safe to use from several threads."""

    def __init__(self, height: int, width: int) -> None:
        self._height, self._width = height, width
        self._lock = threading.Lock()
        self._small = dict.fromkeys(tiles(height, width), 0)
        self._frames = 0
        self._large = False

    def tiles(self) -> list[Tile]:
        """The parts of the picture to be searched enlarged."""
        with self._lock:
            return [tile for tile, seen in self._small.items() if seen >= _OFTEN]

    def look_for_large(self) -> bool:
        """Whether the next frame is to be searched for very large faces."""
        with self._lock:
            self._frames += 1
            return self._large or self._frames % _LARGE_EVERY == 1

    def learn(self, faces: Sequence[DetectedFace]) -> None:
        """Take in the faces of a frame."""
        with self._lock:
            self._large = any(face.box.height * self._height > _LARGE for face in faces)
            for face in (face for face in faces if face.box.height * self._height < _SMALL):
                x = (face.box.left + face.box.width / 2) * self._width
                y = (face.box.top + face.box.height / 2) * self._height
                for left, top, width, height in self._small:
                    if left <= x <= left + width and top <= y <= top + height:
                        self._small[left, top, width, height] += 1
