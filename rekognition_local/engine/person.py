"""One person of a video: the sightings, and what the looks together say of the face."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rekognition_local.engine.embedder import unit_rows
from rekognition_local.engine.gallery import DIMENSIONS
from rekognition_local.engine.tracks import Track
from rekognition_local.engine.types import DetectedFace

_KNOWN_LOOKS = 4
_TRUSTED = 2
"""Looks after which a person is known well, and tracks then taken on trust, one after the other, for being where that
person just was. The next is looked at again, so whoever took a known person's place is found out."""


@dataclass(slots=True, eq=False)
class Person:
    """Everything seen of one person: sightings by moment, and the looks' embeddings summed by their worth."""

    faces: dict[int, DetectedFace] = field(default_factory=dict)
    looks: int = 0
    trusted: int = 0
    total: NDArray[np.float32] = field(default_factory=lambda: np.zeros(DIMENSIONS, np.float32))

    @property
    def pooled(self) -> NDArray[np.float32]:
        """The direction of the mean embedding, a unit vector; zero without looks."""
        return np.asarray(unit_rows(self.total[None])[0], np.float32)

    @property
    def place(self) -> NDArray[np.float64]:
        """Where the face mostly is: its middle and its size, (x, y, width, height) as ratios of the picture."""
        boxes = [face.box for face in self.faces.values()]
        rows = [(box.left + box.width / 2, box.top + box.height / 2, box.width, box.height) for box in boxes]
        return np.asarray(np.median(np.array(rows), axis=0), np.float64)

    def join(self, track: Track, rows: NDArray[np.float32]) -> None:
        """Take in a track and the embeddings (n, 128) of its looks."""
        self.faces.update(track.faces)
        self.looks += len(rows)
        self.trusted = 0
        self.total = self.total + weighted(track, rows)

    def trust(self, track: Track) -> bool:
        """Take in a track that came right after this person's at the same place without a look, if that is safe."""
        if self.looks < _KNOWN_LOOKS or self.trusted >= _TRUSTED or track.is_small or self.meets(track.moments):
            return False
        self.faces.update(track.faces)
        self.trusted += 1
        return True

    def take(self, other: "Person") -> None:
        """Take in somebody who turned out to be the same."""
        self.faces.update(other.faces)
        self.looks += other.looks
        self.total = self.total + other.total

    def meets(self, moments: Iterable[int]) -> bool:
        """Whether this person is seen at any of these moments: then somebody else there is another person."""
        return any(moment in self.faces for moment in moments)


def weighted(track: Track, rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The embeddings (n, 128) of a track's looks, summed by their worth."""
    worth = np.array([kept.worth for kept in track.looks], np.float32)
    return np.asarray(worth @ rows, np.float32)
