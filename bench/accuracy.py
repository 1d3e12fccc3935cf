"""How well faces are told apart: from raw pictures through detection, alignment and embedding to decisions."""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, zip_longest

import numpy as np
from numpy.typing import NDArray

from bench import figures
from bench.figures import NO_FACE, Scores, Search
from bench.people import Person, portrait
from bench.report import Row
from rekognition_local.engine import FaceEngine, cosine_of, refusal_reasons

FOLDS = 10
PAIRS = 300
"""Same and different pairs per fold, as in the LFW protocol; a person's pairs are all in one fold."""

FALSE_ACCEPTS = 1e-3
GALLERIES = (40, 200, 1_000, 10_000)
SIMILARITIES = (80.0, 85.0, 90.0, 92.0, 95.0, 97.0, 99.0)
_SEARCHES = 20_000
"""Strangers' searches per gallery size, at least, from random galleries: 60 are then 0.3 %."""

_LEAST_STRANGERS = 20


@dataclass(frozen=True, slots=True)
class Described:
    """All n pictures of a folder.

    Attributes:
        rows: unit vectors (n, 128), zero where no face was found.
        owners: number of the person (n,).
        found: whether a face was found; `fit` whether it is good enough to be enrolled.
    """

    rows: Scores
    owners: NDArray[np.int64]
    found: NDArray[np.bool_]
    fit: NDArray[np.bool_]


def describe(people: Sequence[Person], engine: FaceEngine) -> Described:
    """Find and embed the main face of each picture; rows without a face are zero."""
    rows: list[Scores] = []
    fit: list[bool] = []
    for path in (path for person in people for path in person.pictures):
        seen = portrait(path, engine)
        if seen is None:
            rows.append(np.zeros((1, 128), np.float32))
            fit.append(False)
        else:
            rows.append(engine.embed(seen.image, [seen.face]))
            fit.append(not refusal_reasons(seen.face, (seen.image.shape[0], seen.image.shape[1]), "AUTO"))
    owners = np.repeat(np.arange(len(people)), [len(person.pictures) for person in people])
    matrix = np.concatenate(rows)
    return Described(matrix, owners, np.asarray(matrix.any(axis=1)), np.array(fit))


def verification(described: Described, people: Sequence[Person]) -> Row:
    """The pairs protocol and the share of true pairs accepted where one in a thousand false ones is."""
    first, second, fold = pairs(described.owners, people)
    same = described.owners[first] == described.owners[second]
    scores = _cosines(described, first, second)
    judged = figures.verification(scores, same, fold)
    genuine, impostors = all_scores(described)
    threshold = figures.threshold_at(impostors, FALSE_ACCEPTS)
    return {
        "people": len(people),
        "pictures": len(described.rows),
        "no face found": int(np.sum(~described.found)),
        "pairs": len(scores),
        "accuracy": judged.accuracy,
        "± between folds": judged.deviation,
        "cosine": judged.threshold,
        "TAR at FAR 1e-3": figures.share_reaching(genuine, threshold),
        "at cosine": threshold,
    }


def pairs(
    owners: NDArray[np.int64], people: Sequence[Person]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Pictures to compare (first, second) and the fold of each pair, at most `PAIRS` of a kind in each fold."""
    by_hash = sorted(range(len(people)), key=lambda number: hashlib.sha256(people[number].name.encode()).digest())
    folds = max(2, min(FOLDS, len(people) // 2))
    chosen: list[tuple[int, int, int]] = []
    for fold in range(folds):
        members = set(by_hash[fold::folds])
        pictures = [number for number, owner in enumerate(owners) if owner in members]
        draw = random.Random(f"pairs {fold}")  # noqa: S311 - repeatable, not secret
        for kind in (True, False):
            chosen += [(one, other, fold) for one, other in _drawn(pictures, owners, kind, draw)]
    if not chosen:
        return (np.empty(0, np.int64),) * 3
    first, second, fold_of = np.array(chosen, np.int64).T
    return first, second, fold_of


def all_scores(described: Described) -> tuple[Scores, Scores]:
    """Cosines of all pairs of pictures: (of the same person, of two people)."""
    cosines = described.rows @ described.rows.T
    cosines[~described.found] = cosines[:, ~described.found] = NO_FACE
    upper = np.triu_indices(len(cosines), 1)
    same = described.owners[upper[0]] == described.owners[upper[1]]
    values = cosines[upper]
    return values[same], values[~same]


def identification(described: Described, people: int) -> list[Row]:
    """FPIR and FNIR for each size of gallery and each similarity; where people are too few, only what to expect."""
    _, impostors = all_scores(described)
    rows: list[Row] = []
    for size in GALLERIES if people > GALLERIES[0] + _LEAST_STRANGERS else (max(1, people // 2), *GALLERIES):
        outcome = searches(described, people, size)
        for similarity in SIMILARITIES:
            cosine = cosine_of(similarity)
            rows.append(
                {
                    "enrolled": size,
                    "similarity": similarity,
                    "cosine": cosine,
                    "FPIR": None if outcome is None else figures.fpir(outcome, cosine),
                    "FPIR if independent": figures.expected_fpir(impostors, cosine, size),
                    "FNIR": None if outcome is None else figures.fnir(outcome, cosine),
                    "strangers' searches": 0 if outcome is None else len(outcome.strangers),
                }
            )
    return rows


def searches(described: Described, people: int, size: int) -> Search | None:
    """Search everybody in random galleries of `size` people, one photo each; None where no strangers would be left."""
    able = np.unique(described.owners[described.fit])
    if size > len(able) or people - size < min(_LEAST_STRANGERS, people // 3):
        return None
    draw = np.random.default_rng(size)
    outcomes: list[Search] = []
    done = 0
    while done < _SEARCHES:
        enrolled = draw.choice(able, size, replace=False)
        photos = np.array([draw.choice(np.flatnonzero(described.fit & (described.owners == one))) for one in enrolled])
        others = described.found.copy()
        others[photos] = False
        outcome = figures.searched(
            described.rows[photos], described.owners[photos], described.rows[others], described.owners[others]
        )
        outcomes.append(outcome)
        done += max(1, len(outcome.strangers))
    return figures.joined(outcomes)


def _cosines(described: Described, first: NDArray[np.int64], second: NDArray[np.int64]) -> Scores:
    scores = np.einsum("ij,ij->i", described.rows[first], described.rows[second])
    return np.where(described.found[first] & described.found[second], scores, np.float32(NO_FACE))


def _drawn(
    pictures: Sequence[int], owners: NDArray[np.int64], same: bool, draw: random.Random
) -> list[tuple[int, int]]:
    """Up to `PAIRS` different pairs of one kind."""
    return _same(pictures, owners, draw) if same else _different(pictures, owners, draw)


def _same(pictures: Sequence[int], owners: NDArray[np.int64], draw: random.Random) -> list[tuple[int, int]]:
    """Taken from one person after the other, again and again, so that those with many pictures do not decide alone."""
    of_person: dict[int, list[int]] = {}
    for one in pictures:
        of_person.setdefault(int(owners[one]), []).append(one)
    shuffled = [draw.sample(every, len(every)) for own in of_person.values() if (every := list(combinations(own, 2)))]
    turns = zip_longest(*shuffled)
    return [pair for turn in turns for pair in turn if pair is not None][:PAIRS]


def _different(pictures: Sequence[int], owners: NDArray[np.int64], draw: random.Random) -> list[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for _ in range(20 * PAIRS if len(pictures) > 1 else 0):
        one, other = sorted(draw.sample(list(pictures), 2))
        if owners[one] != owners[other]:
            found.add((one, other))
        if len(found) == PAIRS:
            break
    return sorted(found)
