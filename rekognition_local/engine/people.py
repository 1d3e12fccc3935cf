"""Who is in a video: joins tracks of the same person by embedding and gives each person names from the gallery."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rekognition_local.engine.embedder import unit_rows
from rekognition_local.engine.face_engine import FaceEngine
from rekognition_local.engine.gallery import DIMENSIONS, Gallery
from rekognition_local.engine.tracks import Track
from rekognition_local.engine.types import DetectedFace, Match, PersonSighting

MATCHES = 5
"""Most enrolled faces listed per person, as Rekognition does."""

_SAME_ELSEWHERE = 0.5
_SAME_HERE = 0.4
"""Least cosine of two tracks to be one person: anywhere in the video, and at the place where one followed the other.
One photo each, 1,000 strangers: one in a hundred reaches 0.48 with somebody; 40 strangers: 0.40."""

_BEST = 8
"""Embeddings pooled per person: those of the best looks of the whole video."""


@dataclass(slots=True, eq=False)
class Person:
    """Everything seen of one person: sightings by moment, and (worth, embedding) of the best looks."""

    faces: dict[int, DetectedFace] = field(default_factory=dict)
    looks: list[tuple[float, NDArray[np.float32]]] = field(default_factory=list)
    pooled: NDArray[np.float32] = field(default_factory=lambda: np.zeros(DIMENSIONS, np.float32))

    def join(self, track: Track, rows: NDArray[np.float32]) -> None:
        """Take in a track and the embeddings (n, 128) of its looks."""
        self.faces.update(track.faces)
        self.looks.extend((look.worth, row) for look, row in zip(track.looks, rows, strict=True))
        self.looks = sorted(self.looks, key=lambda look: -look[0])[:_BEST]
        if self.looks:
            self.pooled = pool(np.stack([row for _, row in self.looks]))

    def meets(self, moments: Sequence[int] | dict[int, DetectedFace]) -> bool:
        """Whether this person is seen at any of these moments: then somebody else there is another person."""
        return any(moment in self.faces for moment in moments)


class People:
    """The persons of one video; give it tracks in the order they ended, then ask for the sightings."""

    def __init__(self, engine: FaceEngine) -> None:
        self._engine = engine
        self._persons: list[Person] = []
        self._owners: dict[Track, Person] = {}

    def join(self, tracks: Sequence[Track]) -> None:
        """Give each track to the person it shows, new or known; embeds all their looks together."""
        crops = [look.crop for track in tracks for look in track.looks]
        rows = self._engine.embed_crops(np.stack(crops)) if crops else np.empty((0, DIMENSIONS), np.float32)
        start = 0
        for track in tracks:
            own = rows[start : start + len(track.looks)]
            start += len(track.looks)
            person = self._owner(track, own)
            person.join(track, own)
            self._owners[track] = person
            if track.before is not None:  # nobody follows it a second time: let its memory go
                self._owners.pop(track.before, None)
                track.before = None
            track.looks.clear()

    def sightings(self, gallery: Gallery, threshold: float) -> tuple[PersonSighting, ...]:
        """All sightings by time, persons numbered by first appearance, with matches of at least `threshold` (0-100)."""
        persons = sorted(self._persons, key=lambda person: min(person.faces))
        matches = named(persons, gallery, threshold)
        found = [
            PersonSighting(moment, index, face.box, face, matches[index])
            for index, person in enumerate(persons)
            for moment, face in person.faces.items()
        ]
        return tuple(sorted(found, key=lambda sighting: (sighting.timestamp_ms, sighting.index)))

    def _owner(self, track: Track, rows: NDArray[np.float32]) -> Person:
        moments = [moment for moment, _ in track.faces]
        before = self._owners.get(track.before) if track.before is not None else None
        pooled = pool(rows)
        if before is not None and not before.meets(moments):
            unknown = not before.looks or not len(rows)
            if unknown or float(before.pooled @ pooled) >= _SAME_HERE:
                return before
        for person in self._alike(pooled) if len(rows) else ():
            if not person.meets(moments):
                return person
        self._persons.append(Person())
        return self._persons[-1]

    def _alike(self, pooled: NDArray[np.float32]) -> list[Person]:
        """Persons who could be the same as somebody with this embedding, most alike first."""
        cosines = [float(person.pooled @ pooled) for person in self._persons]
        alike = [number for number, cosine in enumerate(cosines) if cosine >= _SAME_ELSEWHERE]
        return [self._persons[number] for number in sorted(alike, key=lambda number: -cosines[number])]


def pool(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The direction of the mean of unit rows (n, 128); zero without rows."""
    return unit_rows(rows.sum(axis=0, keepdims=True)).reshape(-1)


def named(persons: Sequence[Person], gallery: Gallery, threshold: float) -> list[tuple[Match, ...]]:
    """Each person's matches, best first.

    Two people in one picture are not the same: an enrolled face goes to the person most like it, and to no other who is
    ever seen together with that person.
    """
    pooled = np.stack([person.pooled for person in persons]) if persons else np.empty((0, DIMENSIONS), np.float32)
    found = gallery.search(pooled, MATCHES, threshold)
    claims = [
        (match, number)
        for number, matches in enumerate(found)
        for match in matches
        if persons[number].looks  # threshold 0 would match even somebody whose face was never seen well
    ]
    holders: dict[str, list[Person]] = {}
    granted: list[list[Match]] = [[] for _ in persons]
    for match, number in sorted(claims, key=lambda claim: -claim[0].similarity):
        rivals = holders.setdefault(match.face_id, [])
        if not any(rival.meets(persons[number].faces) for rival in rivals):
            rivals.append(persons[number])
            granted[number].append(match)
    return [tuple(matches) for matches in granted]
