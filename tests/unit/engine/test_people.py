from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rekognition_local.engine import BoundingBox, DetectedFace, Gallery, Pose, Quality
from rekognition_local.engine.face_engine import Look
from rekognition_local.engine.gallery import DIMENSIONS
from rekognition_local.engine.naming import named
from rekognition_local.engine.people import linked
from rekognition_local.engine.person import Person
from rekognition_local.engine.tracks import Sighting, Track

FACE = DetectedFace(BoundingBox(0.1, 0.1, 0.1, 0.2), (), 95.0, Quality(55.0, 75.0), Pose(0.0, 0.0, 0.0))


def between(cosine: float, axis: int, towards: int) -> NDArray[np.float32]:
    """A unit vector with this cosine to `axis`, the rest pointing along `towards`."""
    row = np.zeros(DIMENSIONS, np.float32)
    row[axis], row[towards] = cosine, np.sqrt(1 - cosine**2)
    return row


def person(row: NDArray[np.float32], *moments: int) -> Person:
    return Person(faces=dict.fromkeys(moments, FACE), looks=1, total=row)


@pytest.fixture
def gallery() -> Gallery:
    return Gallery(["ann", "bea"], np.eye(2, DIMENSIONS, dtype=np.float32))


def names(persons: list[Person], gallery: Gallery) -> list[list[str]]:
    return [[match.face_id for match in matches] for matches in named(persons, gallery, 80)]


def test_one_name_goes_to_the_most_alike_of_two_seen_together(gallery: Gallery) -> None:
    lookalike, ann = person(between(0.6, 0, 5), 1, 2), person(between(0.8, 0, 6), 2, 3)
    assert names([lookalike, ann], gallery) == [[], ["ann"]]


def test_two_tracks_never_seen_together_may_be_the_same_student(gallery: Gallery) -> None:
    assert names([person(between(0.6, 0, 5), 1), person(between(0.8, 0, 6), 2)], gallery) == [["ann"], ["ann"]]


def test_who_loses_one_name_keeps_the_next(gallery: Gallery) -> None:
    both = np.zeros(DIMENSIONS, np.float32)
    both[:2] = 0.6, np.sqrt(1 - 0.36)
    assert names([person(both, 1), person(between(0.9, 0, 5), 1)], gallery) == [["bea"], ["ann"]]


def test_who_lost_a_name_does_not_keep_it_from_others(gallery: Gallery) -> None:
    best, loser, elsewhere = (
        person(between(0.9, 0, 5), 1),
        person(between(0.8, 0, 6), 1, 2),
        person(between(0.7, 0, 7), 2),
    )
    assert names([best, loser, elsewhere], gallery) == [["ann"], [], ["ann"]]


def test_somebody_never_seen_well_has_no_name_even_at_threshold_zero(gallery: Gallery) -> None:
    assert named([Person(faces={1: FACE})], gallery, 0) == [()]


def test_nobody_gives_nothing(gallery: Gallery) -> None:
    assert named([], gallery, 80) == []
    assert named([person(between(0.9, 0, 5), 1)], Gallery(), 80) == [()]


def test_a_person_is_described_by_the_direction_of_the_mean_of_all_looks() -> None:
    one, other = person(between(0.6, 0, 5), 1), person(2 * between(0.6, 0, 6), 2)
    one.take(other)
    mean = between(0.6, 0, 5) + 2 * between(0.6, 0, 6)
    assert one.pooled == pytest.approx(mean / np.linalg.norm(mean))
    assert (one.looks, list(one.faces)) == (2, [1, 2])
    assert not Person().pooled.any()


def test_a_track_without_looks_adds_sightings_only() -> None:
    somebody = person(between(0.9, 0, 5), 1)
    somebody.join(Track(faces=[(2, FACE)]), np.empty((0, DIMENSIONS), np.float32))
    assert list(somebody.faces) == [1, 2]
    assert somebody.looks == 1


def track(moment: int, height: int = 60) -> Track:
    part = np.zeros((height, height, 3), np.uint8)
    look = Look(
        np.zeros((112, 112, 3), np.uint8),
        part,
        np.array([0, 0, height, height], np.float32),
        np.zeros((5, 2), np.float32),
    )
    track = Track()
    track.add(Sighting(moment, FACE, look))
    return track


def known(looks: int = 4) -> Person:
    return replace(person(between(1.0, 0, 1), 1), looks=looks)


def test_somebody_known_well_is_taken_on_trust_twice_and_then_looked_at() -> None:
    one = known()
    assert [one.trust(track(moment)) for moment in (2, 3, 4)] == [True, True, False]
    assert sorted(one.faces) == [1, 2, 3]
    one.join(track(4), between(1.0, 0, 1)[None])
    assert one.trust(track(5))


@pytest.mark.parametrize(
    ("one", "following"),
    [(known(looks=3), track(2)), (known(), track(1)), (known(), track(2, height=30))],
    ids=["known too little", "seen elsewhere at that moment", "a small face"],
)
def test_nobody_is_taken_on_trust_without_need(one: Person, following: Track) -> None:
    assert not one.trust(following)
    assert list(one.faces) == [1]


def moved(left: float, *moments: int, cosine: float) -> Person:
    """Somebody at another place, with this cosine to those made with axis 0."""
    face = replace(FACE, box=BoundingBox(left, 0.1, 0.1, 0.2))
    return Person(faces=dict.fromkeys(moments, face), looks=1, total=between(cosine, 0, 7))


def test_who_sits_where_somebody_alike_sat_is_the_same_person_and_elsewhere_must_be_more_alike() -> None:
    sitting = person(between(1, 0, 5), 1)
    assert len(linked([sitting, moved(0.1, 2, cosine=0.35)])) == 1
    assert len(linked([person(between(1, 0, 5), 1), moved(0.6, 2, cosine=0.35)])) == 2
    assert len(linked([person(between(1, 0, 5), 1), moved(0.6, 2, cosine=0.55)])) == 1
    assert len(linked([person(between(1, 0, 5), 1), moved(0.1, 2, cosine=0.25)])) == 2


@given(st.lists(st.tuples(st.sets(st.integers(0, 6), min_size=1, max_size=3), st.integers(0, 3)), max_size=8))
def test_linking_loses_nobody_and_never_joins_two_seen_together(people: list[tuple[set[int], int]]) -> None:
    persons = [person(between(0.8, axis, 9), *sorted(moments)) for moments, axis in people]
    sightings = sorted(moment for one in persons for moment in one.faces)
    joined = linked(persons)
    assert sorted(moment for one in joined for moment in one.faces) == sightings
    assert sum(one.looks for one in joined) == len(people)
