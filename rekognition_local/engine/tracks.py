"""Following faces from sample to sample: short tracks of one face at one place."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import cos, radians

import cv2
import numpy as np
from numpy.typing import NDArray

from rekognition_local.engine.face_engine import Look
from rekognition_local.engine.types import BoundingBox, DetectedFace

LEAST_HEIGHT = 20
"""Pixels a face must be tall to be recognised: below, SFace knows fewer than every second face even by many looks."""

_LEAST_CONFIDENCE = 60.0
_MOST_YAW = 60.0
_LEAST_OVERLAP = 0.2
"""Of two boxes, intersection over union, to be the same face a sample later: heads move in a second or two."""

_SAME_LOOK = 0.7
"""Correlation of two small grey crops to be likely the same face. A wrong "no" only costs one more look."""

_LOOKS = 1
_SMALL_LOOKS = 3
_SMALL = 36
"""Looks kept per track: the best; more of a face below so many pixels, where the mean of many is steadier."""

_LENGTH = 5
"""Sightings per track: so a person is described by one look in five, and a face that changes unnoticed at one place
stays a small mistake."""

_MISSES = 2
"""Samples a face may be hidden before its track ends."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A face at one moment, with its look if it is fit to be recognised."""

    timestamp_ms: int
    face: DetectedFace
    look: Look | None


@dataclass(frozen=True, slots=True, order=True)
class Kept:
    """A look and how much it is worth for recognition, comparable within a video."""

    worth: float
    order: int
    look: Look = field(compare=False)


@dataclass(slots=True, eq=False)
class Track:
    """Consecutive sightings of one face at one place; `before` is the track that was there until this one."""

    before: "Track | None" = None
    faces: list[tuple[int, DetectedFace]] = field(default_factory=list)
    looks: list[Kept] = field(default_factory=list)
    small: NDArray[np.float32] | None = None
    misses: int = 0

    @property
    def box(self) -> BoundingBox:
        """Where the face was last seen."""
        return self.faces[-1][1].box

    @property
    def moments(self) -> list[int]:
        """When the face was seen, milliseconds from the video's start."""
        return [moment for moment, _ in self.faces]

    @property
    def is_small(self) -> bool:
        """Whether it takes many looks to know this face."""
        return any(kept.look.height < _SMALL for kept in self.looks)

    def add(self, sighting: Sighting) -> None:
        """Extend by a sighting, keeping only the best looks."""
        self.faces.append((sighting.timestamp_ms, sighting.face))
        self.misses = 0
        if sighting.look is not None:
            self.small = _small(sighting.look.crop)
            heapq.heappush(self.looks, Kept(_worth(sighting.face), len(self.faces), sighting.look))
            if len(self.looks) > (_SMALL_LOOKS if sighting.look.height < _SMALL else _LOOKS):
                heapq.heappop(self.looks)

    def continues(self, sighting: Sighting) -> bool:
        """Whether the sighting surely shows the face of this track, which has room for it."""
        if len(self.faces) >= _LENGTH:
            return False
        if self.small is None or sighting.look is None:
            return True
        return float(self.small @ _small(sighting.look.crop)) >= _SAME_LOOK


class Tracker:
    """Turns the sightings of one sample after another into tracks."""

    def __init__(self) -> None:
        self._live: list[Track] = []

    def update(self, sightings: Sequence[Sighting]) -> list[Track]:
        """Take in all sightings of the next sample; returns the tracks that ended."""
        pairs = best_pairs(
            [track.box for track in self._live], [sighting.face.box for sighting in sightings], _LEAST_OVERLAP
        )
        followers = {new: self._live[old] for old, new in pairs}
        live = []
        for number, sighting in enumerate(sightings):
            track = followers.get(number)
            if track is None or not track.continues(sighting):
                track = Track(before=track)
            track.add(sighting)
            live.append(track)
        return self._retire(live, followers)

    def finish(self) -> list[Track]:
        """End and return all tracks still running."""
        ended, self._live = self._live, []
        return ended

    def _retire(self, live: list[Track], followers: dict[int, Track]) -> list[Track]:
        kept, ended, matched = {id(track) for track in live}, [], {id(track) for track in followers.values()}
        for track in self._live:
            track.misses += 1 if id(track) not in matched else 0
            if id(track) in kept:
                continue
            if id(track) in matched or track.misses > _MISSES:
                ended.append(track)
            else:
                live.append(track)
        self._live = live
        return ended


def fit_to_recognise(face: DetectedFace, image_height: int) -> bool:
    """Whether a face is large, clear and frontal enough that its embedding means anything."""
    return (
        face.box.height * image_height >= LEAST_HEIGHT
        and face.confidence >= _LEAST_CONFIDENCE
        and abs(face.pose.yaw) <= _MOST_YAW
    )


def overlap(one: BoundingBox, other: BoundingBox) -> float:
    """Intersection over union, 0-1."""
    wide = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    high = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    shared = max(0.0, wide) * max(0.0, high)
    union = one.width * one.height + other.width * other.height - shared
    return shared / union if union > 0 else 0.0


def best_pairs(before: Sequence[BoundingBox], after: Sequence[BoundingBox], least: float) -> list[tuple[int, int]]:
    """Pairs (index before, index after) overlapping by at least `least`, the best first, no box in two pairs."""
    candidates = sorted(
        ((overlap(old, new), i, j) for i, old in enumerate(before) for j, new in enumerate(after)), reverse=True
    )
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for shared, i, j in candidates:
        if shared >= least and i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    return list(pairs.items())


def _worth(face: DetectedFace) -> float:
    return face.confidence * cos(radians(face.pose.yaw)) * face.quality.sharpness * min(face.box.height, 0.2)


def _small(crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The crop's inner part as a unit vector without its mean, so that an inner product is a correlation."""
    grey = cv2.cvtColor(cv2.resize(crop[16:104, 16:96], (20, 22), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    vector = grey.astype(np.float32).ravel()
    vector -= vector.mean()
    return vector / np.float32(max(float(np.linalg.norm(vector)), 1e-6))
