"""Who is in a video: joins tracks of the same person by embedding and place, and asks the gallery for their names."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from rekognition_local.engine.embedder import BATCH, unit_rows
from rekognition_local.engine.face_engine import FaceEngine, Look
from rekognition_local.engine.gallery import DIMENSIONS, Gallery
from rekognition_local.engine.naming import named
from rekognition_local.engine.person import Person, weighted
from rekognition_local.engine.tracks import Track
from rekognition_local.engine.types import PersonSighting

SAME_ELSEWHERE = 0.5
SAME_AFTER = 0.4
SAME_PLACE = 0.3
"""Least cosine of two to be one person: anywhere in the video, where one track followed the other, and at the end, with
all looks pooled, at one place at other times. One photo each, 1,000 strangers: one in a hundred reaches 0.48 with
somebody; with one certain other person, as at one place, far fewer do."""


class People:
    """The persons of one video; give it tracks in the order they ended, then ask for the sightings."""

    def __init__(self, engine: FaceEngine, pool: ThreadPoolExecutor) -> None:
        self._engine, self._pool = engine, pool
        self._persons: list[Person] = []
        self._owners: dict[Track, Person] = {}

    def join(self, tracks: Sequence[Track]) -> None:
        """Give each track to the person it shows, new or known; embeds all looks that are needed together."""
        doubtful = [track for track in tracks if not self._trusted(track)]
        rows = self._embedded([kept.look for track in doubtful for kept in track.looks])
        start = 0
        for track in doubtful:
            own = rows[start : start + len(track.looks)]
            start += len(track.looks)
            person = self._owner(track, own)
            person.join(track, own)
            self._keep(track, person)

    @property
    def count(self) -> int:
        """How many people were told apart so far; some may turn out to be one."""
        return len(self._persons)

    def sightings(self, gallery: Gallery, threshold: float) -> tuple[PersonSighting, ...]:
        """All sightings by time, persons numbered by first appearance, with matches of at least `threshold` (0-100)."""
        persons = sorted(linked(self._persons), key=lambda person: min(person.faces))
        matches = named(persons, gallery, threshold)
        found = [
            PersonSighting(moment, index, face.box, face, matches[index])
            for index, person in enumerate(persons)
            for moment, face in person.faces.items()
        ]
        return tuple(sorted(found, key=lambda sighting: (sighting.timestamp_ms, sighting.index)))

    def _trusted(self, track: Track) -> bool:
        before = self._before(track)
        if before is None or not before.trust(track):
            return False
        self._keep(track, before)
        return True

    def _before(self, track: Track) -> Person | None:
        return self._owners.get(track.before) if track.before is not None else None

    def _keep(self, track: Track, person: Person) -> None:
        """Remember whose track it is, for the one that may follow it; let go what is no longer needed."""
        self._owners[track] = person
        if track.before is not None:  # nobody follows that a second time
            self._owners.pop(track.before, None)
            track.before = None
        track.looks.clear()

    def _embedded(self, looks: Sequence[Look]) -> NDArray[np.float32]:
        parts = [looks[start : start + BATCH] for start in range(0, len(looks), BATCH)]
        rows = list(self._pool.map(self._engine.embed_looks, parts))
        return np.concatenate(rows) if rows else np.empty((0, DIMENSIONS), np.float32)

    def _owner(self, track: Track, rows: NDArray[np.float32]) -> Person:
        before = self._before(track)
        pooled = unit_rows(weighted(track, rows)[None])[0]
        if before is not None and not before.meets(track.moments):
            unknown = not before.looks or not len(rows)
            if unknown or float(before.pooled @ pooled) >= SAME_AFTER:
                return before
        for person in self._alike(pooled) if len(rows) else ():
            if not person.meets(track.moments):
                return person
        self._persons.append(Person())
        return self._persons[-1]

    def _alike(self, pooled: NDArray[np.float32]) -> list[Person]:
        """Persons who could be the same as somebody with this embedding, most alike first."""
        cosines = [float(person.pooled @ pooled) for person in self._persons]
        alike = [number for number, cosine in enumerate(cosines) if cosine >= SAME_ELSEWHERE]
        return [self._persons[number] for number in sorted(alike, key=lambda number: -cosines[number])]


def linked(persons: Sequence[Person]) -> list[Person]:
    """Joins those who are one person but were not known to be while the video ran, the surest first.

    Never two who are seen together. Who was never seen well stays apart.
    """
    left = [person for person in persons if person.looks]
    places = np.array([person.place for person in left]).reshape(len(left), 4)
    rows = np.array([person.pooled for person in left]).reshape(len(left), DIMENSIONS)
    surplus = rows @ rows.T - _needed(places, places)
    surplus[np.tri(len(left), dtype=bool)] = -np.inf
    gone: set[int] = set()
    while surplus.size and surplus.max() >= 0:
        one, other = (int(number) for number in np.unravel_index(surplus.argmax(), surplus.shape))
        surplus[one, other] = -np.inf
        if left[one].meets(left[other].faces):
            continue
        left[one].take(left[other])
        gone.add(other)
        rows[one], places[one] = left[one].pooled, left[one].place
        fresh = rows @ rows[one] - _needed(places[one : one + 1], places)[0]
        surplus[one, one + 1 :], surplus[:one, one] = fresh[one + 1 :], fresh[:one]
        surplus[sorted(gone)] = surplus[:, sorted(gone)] = -np.inf
    return [person for n, person in enumerate(left) if n not in gone] + [one for one in persons if not one.looks]


def _needed(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """The least cosine for each pair of places (n, 4) and (m, 4) to be one person's: (n, m)."""
    size = np.maximum(one[:, None, 2:], other[None, :, 2:])
    apart = np.abs(one[:, None, :2] - other[None, :, :2]) / size
    ratio = np.minimum(one[:, None, 2:], other[None, :, 2:]) / size
    here = (apart < 1).all(axis=2) & (ratio > 0.5).all(axis=2)  # neighbours sit further apart than a face
    return np.where(here, SAME_PLACE, SAME_ELSEWHERE)
