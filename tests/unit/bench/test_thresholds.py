"""What moving a threshold does, on people whose likeness is known."""

import numpy as np
import pytest

from bench import thresholds
from bench.accuracy import Described
from rekognition_local.engine import similarity_of


def crowd(people: int, pictures: int, noise: float) -> Described:
    """People whose pictures lie around a direction of their own, the farther the more noise."""
    draw = np.random.default_rng(0)
    centres = np.repeat(draw.standard_normal((people, 128)), pictures, axis=0)
    rows = centres + noise * draw.standard_normal(centres.shape)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    every = np.ones(len(rows), bool)
    return Described(rows.astype(np.float32), np.repeat(np.arange(people), pictures), every, every)


def test_the_scale_through_the_shares_it_was_made_from_is_the_scale_in_use() -> None:
    """Impostors that reach cosine 0.409 as often as one in a hundred in a class of 40, and 0.553 as one in 20,000."""
    count, rates = 4_000_000, [1 - (1 - rate) ** (1 / 40) for rate in (1e-2, 5e-5)]
    low, high = (int(count * rate) + 1 for rate in rates)
    scores = np.concatenate([np.full(high, 0.553), np.full(low - high, 0.409), np.zeros(count - low)])
    fitted = thresholds.scale(scores.astype(np.float32))
    assert fitted is not None
    assert fitted.steepness == pytest.approx(22.3, abs=0.2)
    assert fitted.centre == pytest.approx(0.347, abs=0.002)


def test_too_few_pairs_fit_no_scale() -> None:
    described = crowd(5, 3, 0.5)
    assert thresholds.scale(np.zeros(500, np.float32)) is None
    assert all("steepness" not in row for row in thresholds.calibration(described))


def test_each_similarity_of_the_calibration_belongs_to_its_cosine() -> None:
    rows = [row for row in thresholds.calibration(crowd(70, 4, 0.9)) if "cosine" in row]
    assert len(rows) == 4
    assert [row["similarity"] for row in rows] == [similarity_of(row["cosine"]) for row in rows]
    assert sorted(row["cosine"] for row in rows) == [row["cosine"] for row in rows]


def test_a_higher_threshold_never_makes_more_false_matches_nor_fewer_misses() -> None:
    rows = thresholds.table(crowd(70, 5, 1.3))
    assert {(row["looks"], row["enrolled"]) for row in rows} == {
        (looks, size) for looks in thresholds.LOOKS for size in (40, 200, 1_000, 10_000)
    }
    for start in range(0, len(rows), len(thresholds.SIMILARITIES)):
        part = rows[start : start + len(thresholds.SIMILARITIES)]
        assert [row["FPIR"] for row in part] == sorted((row["FPIR"] for row in part), reverse=True)
        assert [row["FNIR"] for row in part] == sorted(row["FNIR"] for row in part)


def test_more_looks_at_a_person_miss_fewer() -> None:
    described = crowd(70, 5, 1.3)
    one, three = (thresholds.outcome(described, 40, looks) for looks in (1, 3))
    assert one is not None
    assert three is not None
    assert np.median(three.own) > np.median(one.own)


def test_nobody_is_a_stranger_where_all_are_enrolled() -> None:
    assert thresholds.outcome(crowd(50, 4, 0.5), 40, 1) is None
    assert {row["counted"] for row in thresholds.table(crowd(50, 4, 0.5))} == {"no"}
    assert {row["FNIR"] for row in thresholds.table(crowd(50, 4, 0.5))} == {None}


def test_people_with_too_few_pictures_are_no_probes() -> None:
    assert thresholds.outcome(crowd(70, 2, 0.5), 40, 3) is None
