"""The maths of the measurements."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import figures
from bench.figures import NO_FACE, Register, Search


def scores(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def test_separable_pairs_are_verified_without_error() -> None:
    same = np.array([True, False] * 20)
    values = np.where(same, 0.7, 0.1).astype(np.float32)
    judged = figures.verification(values, same, np.arange(40) // 4)
    assert judged.accuracy == 1.0
    assert judged.deviation == 0.0
    assert judged.threshold == pytest.approx(0.4)


def test_a_fold_is_judged_by_the_other_folds_threshold() -> None:
    # The second fold's scores are all higher: its different pairs pass the threshold chosen on the first.
    same = np.array([True, False, True, False])
    judged = figures.verification(scores(0.5, 0.1, 0.9, 0.6), same, np.array([0, 0, 1, 1]))
    assert judged.accuracy == 0.5


def test_one_fold_cannot_be_verified() -> None:
    with pytest.raises(ValueError, match="two"):
        figures.verification(scores(0.5), np.array([True]), np.array([0]))


def test_the_best_threshold_never_lies_between_equal_scores() -> None:
    assert figures.best_threshold(scores(0.3, 0.3, 0.3), np.array([True, False, False])) > 0.3


@given(st.lists(st.tuples(st.floats(-1, 1, width=32), st.booleans()), min_size=1, max_size=40))
def test_no_threshold_beats_the_best(pairs: list[tuple[float, bool]]) -> None:
    values, same = scores(*(value for value, _ in pairs)), np.array([kind for _, kind in pairs])

    def right(threshold: np.float32) -> int:
        return int(np.sum((values >= threshold) == same))

    best = right(np.float32(figures.best_threshold(values, same)))
    assert all(right(np.float32(candidate)) <= best + 1 for candidate in (*values, -2, 2))
    if len(set(values.tolist())) == len(values) and np.min(np.diff(np.sort(values)), initial=1) > 1e-3:
        assert all(right(np.float32(candidate)) <= best for candidate in (*values, -2, 2))


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=200), st.floats(0, 1))
def test_at_most_the_allowed_share_reaches_the_threshold(values: list[float], rate: float) -> None:
    impostors = scores(*values)
    assert figures.share_reaching(impostors, figures.threshold_at(impostors, rate)) <= rate or rate == 1


def test_a_threshold_for_no_false_accepts_lies_just_above_the_best_impostor() -> None:
    assert 0.5 < figures.threshold_at(scores(0.1, 0.5), 0.0) < 0.5001


def test_strangers_and_enrolled_people_are_told_apart_by_their_searches() -> None:
    gallery = np.eye(3, dtype=np.float32)
    probes = np.array([[1, 0, 0], [0, 0.6, 0.8], [0.6, 0.8, 0]], np.float32)
    found = figures.searched(gallery, np.array([7, 8, 9]), probes, np.array([7, 8, 1]))
    assert found.own == pytest.approx([1.0, 0.6])
    assert found.other == pytest.approx([0.0, 0.8])
    assert found.strangers == pytest.approx([0.8])
    assert figures.fpir(found, 0.7) == 1.0
    assert figures.fpir(found, 0.9) == 0.0
    assert figures.fnir(found, 0.5) == 0.5, "the second is found, but somebody else is nearer"


def test_a_person_with_two_photos_is_found_by_the_better() -> None:
    gallery = np.array([[1, 0], [0, 1]], np.float32)
    found = figures.searched(gallery, np.array([5, 5]), np.array([[0.6, 0.8]], np.float32), np.array([5]))
    assert found.own == pytest.approx([0.8])
    assert found.other == pytest.approx([NO_FACE])


def test_galleries_are_joined() -> None:
    one = Search(scores(0.1), scores(0.2), scores(0.3, 0.4))
    assert len(figures.joined([one, one]).strangers) == 4


def test_the_expected_fpir_grows_with_the_gallery() -> None:
    impostors = scores(*([0.0] * 999), 0.9)
    small, large = (figures.expected_fpir(impostors, 0.5, size) for size in (1, 1000))
    assert small == pytest.approx(0.001)
    assert large == pytest.approx(1 - 0.999**1000)
    assert figures.expected_fpir(scores(0.9), 0.5, 10) == pytest.approx(1.0)
    assert figures.expected_fpir(impostors, 0.95, 10**9) == 0.0


def test_review_counts_as_found_but_not_as_present() -> None:
    counts = Register(right=7, review=2, missed=1, wrong=1) + Register(doubted=3, strangers=1)
    assert counts.precision == 7 / 8
    assert counts.recall == 0.9
    assert counts.sure == 0.7
    assert counts.there == 10
    assert counts.doubted == 3


def test_an_empty_register_makes_no_mistake() -> None:
    assert (Register().precision, Register().recall) == (1.0, 1.0)


def test_latency_is_told_in_milliseconds() -> None:
    told = figures.latency([0.001] * 99 + [1.0])
    assert told["median_ms"] == pytest.approx(1.0)
    assert told["p95_ms"] == pytest.approx(1.0)
    with pytest.raises(ValueError, match="nothing"):
        figures.latency([])


@given(st.floats(-1, 3), st.floats(0.01, 100))
def test_growth_is_the_exponent(exponent: float, factor: float) -> None:
    sizes = [1.0, 10.0, 50.0]
    assert figures.growth(sizes, [factor * size**exponent for size in sizes]) == pytest.approx(exponent, abs=1e-6)


@pytest.mark.parametrize(("sizes", "costs"), [([1, 1], [1, 2]), ([1, 2], [0, 1]), ([0, 1], [1, 1])])
def test_growth_needs_different_positive_sizes(sizes: list[float], costs: list[float]) -> None:
    with pytest.raises(ValueError, match="growth"):
        figures.growth(sizes, costs)
