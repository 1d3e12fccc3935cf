"""The maths of the measurements: values in, values out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]
"""Cosines; a picture without a face scores below every threshold (-2)."""

NO_FACE = -2.0


@dataclass(frozen=True, slots=True)
class Verification:
    """Accuracy of same-or-different decisions (share, mean and spread over folds) and the mean threshold (cosine)."""

    accuracy: float
    deviation: float
    threshold: float


def verification(scores: Scores, same: NDArray[np.bool_], fold: NDArray[np.int64]) -> Verification:
    """The pairs protocol: each fold is judged by the threshold that is best on all the others.

    Raises:
        ValueError: fewer than two folds.
    """
    folds = np.unique(fold)
    if len(folds) < 2:
        raise ValueError("a threshold can only be chosen on other folds: at least two are needed")
    thresholds = [best_threshold(scores[fold != one], same[fold != one]) for one in folds]
    right = [
        float(np.mean((scores[fold == one] >= threshold) == same[fold == one]))
        for one, threshold in zip(folds, thresholds, strict=True)
    ]
    return Verification(float(np.mean(right)), float(np.std(right)), float(np.mean(thresholds)))


def best_threshold(scores: Scores, same: NDArray[np.bool_]) -> float:
    """The cosine from which calling pairs the same is right most often; the middle between two scores."""
    order = np.argsort(scores, kind="stable")
    ranked, is_same = scores[order], same[order]
    different_below = np.concatenate([[0], np.cumsum(~is_same)])
    same_above = is_same.sum() - np.concatenate([[0], np.cumsum(is_same)])
    right = different_below + same_above
    tied = np.concatenate([[False], ranked[1:] == ranked[:-1], [False]])  # no threshold lies between equal scores
    cut = int(np.argmax(np.where(tied, -1, right)))
    low = ranked[cut - 1] if cut else ranked[0] - 0.1
    high = ranked[cut] if cut < len(ranked) else ranked[-1] + 0.1
    return float(low + high) / 2


def threshold_at(impostors: Scores, rate: float) -> float:
    """The least threshold that at most this share of the scores reaches; just above the best when the share is 0."""
    ranked = np.sort(impostors)[::-1]
    allowed = int(np.floor(rate * len(ranked)))
    if allowed >= len(ranked):
        return float(ranked[-1])
    return float(np.nextafter(ranked[allowed], np.float32(np.inf)))


def share_reaching(scores: Scores, threshold: float) -> float:
    """Share of the scores at or above the threshold; 0 for none."""
    return float(np.mean(scores >= threshold)) if len(scores) else 0.0


@dataclass(frozen=True, slots=True)
class Search:
    """Outcome of searches in one gallery: for people enrolled, their own score and the best other; strangers' best."""

    own: Scores
    other: Scores
    strangers: Scores


def searched(gallery: Scores, owners: NDArray[np.int64], probes: Scores, people: NDArray[np.int64]) -> Search:
    """Search unit rows `probes` (m, d) of `people` (m,) in the unit rows `gallery` (n, d) of `owners` (n,)."""
    cosines = probes @ gallery.T
    mine = people[:, None] == owners[None, :]
    enrolled = mine.any(axis=1)
    own = np.where(mine, cosines, NO_FACE).max(axis=1)
    other = np.where(mine, NO_FACE, cosines).max(axis=1)
    return Search(own[enrolled], other[enrolled], other[~enrolled])


def joined(searches: Iterable[Search]) -> Search:
    """The outcomes of several galleries together."""
    all_of = list(searches)
    return Search(
        np.concatenate([one.own for one in all_of]),
        np.concatenate([one.other for one in all_of]),
        np.concatenate([one.strangers for one in all_of]),
    )


def fpir(search: Search, threshold: float) -> float:
    """False positive identification rate: share of strangers' searches that return anybody."""
    return share_reaching(search.strangers, threshold)


def fnir(search: Search, threshold: float) -> float:
    """False negative identification rate: share of enrolled people's searches that do not return them first."""
    if not len(search.own):
        return 0.0
    return float(np.mean((search.own < threshold) | (search.own < search.other)))


def expected_fpir(impostors: Scores, threshold: float, gallery: int) -> float:
    """FPIR to expect in a gallery of this size, were its comparisons independent: 1 - (1 - FMR)^n."""
    return float(-np.expm1(gallery * np.log1p(-min(share_reaching(impostors, threshold), 1 - 1e-12))))


@dataclass(frozen=True, slots=True)
class Register:
    """Counts of registers against the truth; each is a number of students but `strangers`.

    Attributes:
        right: present and called present; `review` present and left to a person; `missed` present and called absent.
        wrong: absent and called present; `doubted` absent and left to a person.
        strangers: strangers by whose face somebody was called present; `others` students by whose face another was.
    """

    right: int = 0
    review: int = 0
    missed: int = 0
    wrong: int = 0
    doubted: int = 0
    strangers: int = 0
    others: int = 0

    def __add__(self, other: Self) -> "Register":
        return Register(**{one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(self)})

    @property
    def precision(self) -> float:
        """Of those called present, the share who were."""
        return _ratio(self.right, self.right + self.wrong)

    @property
    def recall(self) -> float:
        """Of those who were there, the share found: present or review."""
        return _ratio(self.right + self.review, self.there)

    @property
    def sure(self) -> float:
        """Of those who were there, the share called present without a person's help."""
        return _ratio(self.right, self.there)

    @property
    def there(self) -> int:
        """How many students were in the room."""
        return self.right + self.review + self.missed


def latency(seconds: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile, in milliseconds.

    Raises:
        ValueError: nothing was measured.
    """
    if not seconds:
        raise ValueError("nothing was measured")
    median, high = np.percentile(np.asarray(seconds), [50, 95]) * 1000
    return {"median_ms": float(median), "p95_ms": float(high)}


def growth(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The exponent k of cost = c * size^k that fits best: 1 is linear, 0 is independent of size.

    Raises:
        ValueError: fewer than two sizes, or a size or cost that is not above 0.
    """
    if len(set(sizes)) < 2 or min(*sizes, *costs) <= 0:
        raise ValueError("growth needs two different sizes, and sizes and costs above 0")
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
