"""What the geometry of a room asks for: how often to look, where its faces are small, whether any are very large."""

from collections.abc import Sequence

from rekognition_local.engine.detector import Tile, scale_of, tiles
from rekognition_local.engine.types import DetectedFace

_SMALL = 36
"""Pixels of face height, as the detector sees the picture, below which it misses one in twelve or more; at 24 half."""

_SMALL_SHARE = 0.25
"""Of a frame's faces that are small: from here on the room is one of small faces, which are to be seen more often."""

_TINY = 20
"""Pixels of face height, as the detector sees the picture, below which searching it unshrunk finds more students; with
larger ones it only takes twice the time (tried with 4K rooms of 18 to 32 such pixels)."""

_OFTEN = 3
"""Tiny faces seen in a part of the picture until it is searched unshrunk."""

_LARGE = 300
_LARGE_EVERY = 8
"""Pixels of face height from which a look for very large faces pays in every frame; otherwise in each so-manieth."""

_LOOKS, _SMALL_LOOKS = 20, 30
"""Looks at a short recording; more in a room of small faces, where the mean of many is steadier."""

_SHORTEST_MS, _LONGEST_MS = 500, 5000


class Room:
    """Learns from the faces of each frame how to look at those to come. Sizes in pixels, `duration_ms` of the video."""

    def __init__(self, height: int, width: int, duration_ms: int) -> None:
        self._height, self._width, self._duration_ms = height, width, duration_ms
        self._scale = scale_of(height, width)
        self._tiny = dict.fromkeys(tiles(height, width), 0)
        self._looks = _LOOKS
        self._frames = 0
        self._large = False

    def interval_ms(self) -> int:
        """How far apart to look: so many times in a short recording, and every five seconds in a long one.

        A student stays for minutes, so a long recording needs fewer looks a minute to see everybody well many times.
        """
        return min(_LONGEST_MS, max(_SHORTEST_MS, self._duration_ms // self._looks))

    def tiles(self) -> list[Tile]:
        """The parts of the picture to be searched unshrunk."""
        return [tile for tile, seen in self._tiny.items() if seen >= _OFTEN]

    def look_for_large(self) -> bool:
        """Whether the next frame is to be searched for very large faces."""
        self._frames += 1
        return self._large or self._frames % _LARGE_EVERY == 1

    def learn(self, faces: Sequence[DetectedFace]) -> None:
        """Take in the faces of a frame."""
        self._large = any(face.box.height * self._height > _LARGE for face in faces)
        heights = [face.box.height * self._height * self._scale for face in faces]
        small = sum(height < _SMALL for height in heights)
        self._looks = _SMALL_LOOKS if small > _SMALL_SHARE * len(faces) else _LOOKS
        for face in (face for face, height in zip(faces, heights, strict=True) if height < _TINY):
            x = (face.box.left + face.box.width / 2) * self._width
            y = (face.box.top + face.box.height / 2) * self._height
            for left, top, width, height in self._tiny:
                if left <= x <= left + width and top <= y <= top + height:
                    self._tiny[left, top, width, height] += 1
