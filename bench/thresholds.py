"""What moving a threshold does: false matches and misses, and how the Similarity scale came about.

A probe is one person of a session, described by one look or by the mean of several, as the engine pools a track.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench import figures
from bench.accuracy import GALLERIES, Described, all_scores
from bench.figures import Scores, Search
from bench.report import Row
from rekognition_local.engine import cosine_of, similarity_of

SIMILARITIES = (70.0, 80.0, 85.0, 90.0, 92.0, 95.0, 97.0, 99.0)
LOOKS = (1, 3)
STRANGERS = 5
"""People of a session who are not enrolled: visitors, a teacher, passers-by behind the glass."""

ANCHORS = ((80.0, 1e-2), (99.0, 5e-5))
"""The scale by definition: a class of 40, one photo each, and the share of strangers who reach this Similarity."""

_CLASS = 40
_LEAST_STRANGERS = 20
_SEARCHES = 20_000


@dataclass(frozen=True, slots=True)
class Scale:
    """Similarity = 100 / (1 + exp(-steepness (cosine - centre)))."""

    steepness: float
    centre: float


def scale(impostors: Scores) -> Scale | None:
    """The scale through both anchors, from cosines of pairs of different people; None where these are too few."""
    (low, low_rate), (high, high_rate) = ANCHORS
    low_cosine, high_cosine = (figures.threshold_at(impostors, _pair_rate(rate)) for rate in (low_rate, high_rate))
    if len(impostors) * _pair_rate(high_rate) < 1:
        return None
    steepness = (_logit(high) - _logit(low)) / (high_cosine - low_cosine)
    return Scale(steepness, low_cosine - _logit(low) / steepness)


def calibration(described: Described) -> list[Row]:
    """The fitted scale, and what the scale in use makes of each anchor and of the defaults."""
    _, impostors = all_scores(described)
    fitted = scale(impostors)
    rows: list[Row] = []
    if fitted is not None:
        rows.append({"what": "fitted", "steepness": fitted.steepness, "centre": fitted.centre})
    for rate in (1e-2, 3e-3, 1e-3, 5e-5):
        cosine = figures.threshold_at(impostors, _pair_rate(rate))
        rows.append(
            {"what": f"FPIR {rate:.3%} in a class of {_CLASS}", "cosine": cosine, "similarity": similarity_of(cosine)}
        )
    return rows


def table(described: Described) -> list[Row]:
    """For each number of looks, gallery and Similarity: false matches of a session and misses.

    FPIR is counted where the people suffice, otherwise computed from pairs as if these were independent, beside the
    misses of the largest gallery that was counted.
    """
    rows: list[Row] = []
    for looks in LOOKS:
        impostors, counted = _impostors(described, looks), {size: outcome(described, size, looks) for size in GALLERIES}
        misses = next((one for one in reversed(counted.values()) if one is not None), None)
        for size in GALLERIES:
            rows += [_row(looks, size, similarity, counted[size], misses, impostors) for similarity in SIMILARITIES]
    return rows


def outcome(described: Described, size: int, looks: int) -> Search | None:
    """Search everybody with that many looks in random galleries of `size` people; None where too few are left."""
    able, draw = np.unique(described.owners[described.fit]), np.random.default_rng((size, looks))
    if len(able) - size < _LEAST_STRANGERS:
        return None
    outcomes: list[Search] = []
    done = 0
    while done < _SEARCHES:
        enrolled = draw.choice(able, size, replace=False)
        photos = np.array([draw.choice(np.flatnonzero(described.fit & (described.owners == one))) for one in enrolled])
        probes, people = _probes(described, set(photos.tolist()), looks, draw)
        found = figures.searched(described.rows[photos], described.owners[photos], probes, people)
        if not len(found.strangers):
            return None
        outcomes.append(found)
        done += len(found.strangers)
    return figures.joined(outcomes)


def _row(
    looks: int, size: int, similarity: float, counted: Search | None, misses: Search | None, impostors: Scores
) -> Row:
    cosine, nearest = cosine_of(similarity), counted or misses
    fpir = figures.expected_fpir(impostors, cosine, size) if counted is None else figures.fpir(counted, cosine)
    return {
        "looks": looks,
        "enrolled": size,
        "similarity": similarity,
        "FPIR": fpir,
        f"false matches, {STRANGERS} strangers": STRANGERS * fpir,
        "FNIR": None if nearest is None else figures.fnir(nearest, cosine),
        "counted": "yes" if counted is not None else "no",
    }


def _probes(
    described: Described, enrolled: set[int], looks: int, draw: np.random.Generator
) -> tuple[Scores, NDArray[np.int64]]:
    """One probe for each person of whom so many other pictures with a face exist: unit rows and their people."""
    rows, people = [], []
    for person in np.unique(described.owners):
        others = [int(n) for n in np.flatnonzero(described.found & (described.owners == person)) if n not in enrolled]
        if len(others) >= looks:
            rows.append(described.rows[draw.choice(others, looks, replace=False)].sum(axis=0))
            people.append(int(person))
    if not rows:
        return np.empty((0, described.rows.shape[1]), np.float32), np.empty(0, np.int64)
    matrix = np.stack(rows)
    return np.asarray(matrix / np.linalg.norm(matrix, axis=1, keepdims=True), np.float32), np.array(people)


def _impostors(described: Described, looks: int) -> Scores:
    """Cosines of everybody's probe with all pictures of all others."""
    probes, people = _probes(described, set(), looks, np.random.default_rng(looks))
    different = people[:, None] != described.owners[None, :]
    return np.asarray((probes @ described.rows.T)[different & described.found], np.float32)


def _pair_rate(rate: float) -> float:
    """Share of pairs that makes this FPIR in the class."""
    return -math.expm1(math.log1p(-rate) / _CLASS)


def _logit(similarity: float) -> float:
    return math.log(similarity / (100.0 - similarity))
