"""Names for the people of a video: each enrolled face goes to one person of a moment, the best way for all together."""

from collections.abc import Sequence

import numpy as np

from rekognition_local.engine.gallery import DIMENSIONS, Gallery
from rekognition_local.engine.person import Person
from rekognition_local.engine.types import Match

MATCHES = 5
"""Most enrolled faces listed per person, as Rekognition does."""


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
