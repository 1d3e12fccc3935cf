"""From pictures to decisions."""

import numpy as np
import pytest

from bench import accuracy
from bench.accuracy import Described
from bench.people import Person
from rekognition_local.engine import FaceEngine


def crowd(people: int, pictures: int, noise: float = 0.3) -> tuple[Described, list[Person]]:
    """People whose pictures lie around a direction of their own."""
    draw = np.random.default_rng(0)
    centres = np.repeat(draw.standard_normal((people, 128)), pictures, axis=0)
    rows = centres + noise * draw.standard_normal(centres.shape)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    every = np.ones(len(rows), bool)
    owners = np.repeat(np.arange(people), pictures)
    return Described(rows.astype(np.float32), owners, every, every), [Person(f"p{n}", ()) for n in range(people)]


def test_a_persons_pictures_are_all_in_one_fold() -> None:
    described, people = crowd(60, 3)
    first, second, fold = accuracy.pairs(described.owners, people)
    assert len(np.unique(fold)) == accuracy.FOLDS
    for one in np.unique(described.owners):
        own = np.isin(first, np.flatnonzero(described.owners == one))
        assert len(np.unique(fold[own])) <= 1
    assert len({tuple(pair) for pair in zip(first, second, strict=True)}) == len(first)


def test_pairs_of_both_kinds_are_drawn_and_never_too_many() -> None:
    described, people = crowd(40, 30)
    first, second, fold = accuracy.pairs(described.owners, people)
    same = described.owners[first] == described.owners[second]
    for one in np.unique(fold):
        assert same[fold == one].sum() == accuracy.PAIRS
        assert (~same)[fold == one].sum() == accuracy.PAIRS


def test_people_with_one_picture_each_make_no_same_pairs() -> None:
    described, people = crowd(20, 1)
    first, second, _ = accuracy.pairs(described.owners, people)
    assert len(first) > 0
    assert not (described.owners[first] == described.owners[second]).any()


def test_clear_people_are_verified_without_error() -> None:
    described, people = crowd(40, 4)
    row = accuracy.verification(described, people)
    assert (row["accuracy"], row["TAR at FAR 1e-3"], row["no face found"]) == (1.0, 1.0, 0)


def test_a_picture_without_a_face_is_never_the_same_person() -> None:
    described, people = crowd(40, 2)
    described.found[:20] = False
    row = accuracy.verification(described, people)
    assert row["no face found"] == 20
    assert row["TAR at FAR 1e-3"] == pytest.approx(0.75)


def test_a_gallery_as_large_as_the_folder_has_no_strangers_and_is_not_measured() -> None:
    described, _ = crowd(70, 2)
    assert accuracy.searches(described, 70, 70) is None
    assert accuracy.searches(described, 70, 60) is None
    found = accuracy.searches(described, 70, 40)
    assert found is not None
    assert len(found.strangers) >= 20_000
    assert found.own.min() > found.other.max()


def test_only_pictures_fit_to_be_enrolled_are_enrolled() -> None:
    described, _ = crowd(70, 2)
    described.fit[::2] = False  # one of each person's two
    found = accuracy.searches(described, 70, 40)
    assert found is not None
    assert len(found.own) % 40 == 0
    described.fit[:] = False
    assert accuracy.searches(described, 70, 40) is None


def test_where_people_are_too_few_only_the_expectation_is_told() -> None:
    described, _ = crowd(70, 2)
    rows = accuracy.identification(described, 70)
    assert {row["enrolled"] for row in rows} == set(accuracy.GALLERIES)
    assert all((row["FPIR"] is None) == (row["enrolled"] > 40) for row in rows)
    expected = [row["FPIR if independent"] for row in rows if row["similarity"] == 80]
    assert expected == sorted(expected)


def test_the_demo_class_is_described_from_its_pictures(people: tuple[Person, ...], engine: FaceEngine) -> None:
    described = accuracy.describe(people, engine)
    assert len(described.rows) == sum(len(person.pictures) for person in people)
    assert described.found.all()
    assert np.linalg.norm(described.rows, axis=1) == pytest.approx(np.ones(len(described.rows)), abs=1e-5)
    assert accuracy.verification(described, people)["accuracy"] == 1.0
