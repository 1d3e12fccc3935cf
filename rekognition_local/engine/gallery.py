"""The enrolled faces, searched exactly: no enrolled face that belongs among the best is ever passed over."""

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rekognition_local.engine.rows import BLOCK_ROWS, DIMENSIONS, Rows
from rekognition_local.engine.similarity import cosine_of, similarity_of
from rekognition_local.engine.types import Match

__all__ = ["DIMENSIONS", "Gallery"]


class Gallery:
    """An inner-product index over unit vectors of 128 numbers; safe to search and change from several threads.

    A search looks at every face roughly, by scores of known error, then exactly at all who may be among the best. With
    an error of at most e, whoever's rough score is more than e below the threshold, or more than 2e below the k-th
    best rough score, cannot be among the k best: k faces are then exactly better. So the answer is that of comparing
    the stored vectors in float64 with everyone.

    In memory a face takes 648 bytes of numbers and about 200 of ids.
    """

    def __init__(self, face_ids: Sequence[str] = (), matrix: NDArray[np.float32] | None = None) -> None:
        self._lock = threading.Lock()
        self._ids: list[str] = []
        self._places: dict[str, int] = {}
        self._rows = Rows()
        self.add(face_ids, np.empty((0, DIMENSIONS), np.float32) if matrix is None else matrix)

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, face_id: object) -> bool:
        return face_id in self._places

    def add(self, face_ids: Sequence[str], matrix: NDArray[np.float32]) -> None:
        """Enrol one unit row of `matrix` (n, 128) per face id; the next search sees them.

        Raises:
            ValueError: the shapes do not agree, a number is not finite, or a face id is enrolled already.
        """
        if matrix.shape != (len(face_ids), DIMENSIONS) or not np.isfinite(matrix).all():
            raise ValueError(f"expected {len(face_ids)} finite rows of {DIMENSIONS}, not {matrix.shape}")
        with self._lock:
            if len(set(face_ids)) != len(face_ids) or not self._places.keys().isdisjoint(face_ids):
                raise ValueError("a face id is enrolled already")
            start = len(self._ids)
            self._rows.append(matrix)
            self._places.update((face_id, start + offset) for offset, face_id in enumerate(face_ids))
            self._ids.extend(face_ids)

    def remove(self, face_ids: Sequence[str]) -> tuple[str, ...]:
        """Forget these faces; returns those that were enrolled."""
        with self._lock:
            known = tuple(face_id for face_id in dict.fromkeys(face_ids) if face_id in self._places)
            for face_id in known:
                place, last = self._places.pop(face_id), self._ids.pop()
                self._rows.remove(place)
                if last != face_id:  # the last row takes the freed place, so that rows stay dense
                    self._ids[place], self._places[last] = last, place
            return known

    def search(
        self, embeddings: NDArray[np.float32], limit: int, threshold_similarity: float
    ) -> list[tuple[Match, ...]]:
        """For each unit row of `embeddings` (m, 128), the `limit` most similar faces at or above the threshold (0-100).

        Best first; empty where nobody is similar enough.
        """
        least = cosine_of(threshold_similarity)
        with self._lock:
            return [
                match
                for start in range(0, len(embeddings), _TOGETHER)
                for match in self._search(embeddings[start : start + _TOGETHER], limit, least)
            ]

    def _search(self, sought: NDArray[np.float32], limit: int, least: float) -> list[tuple[Match, ...]]:
        kept = [_Candidates(limit, least) for _ in sought]
        for start in range(0, len(self._ids), BLOCK_ROWS):
            scores, errors = self._rows.scores(sought, start // BLOCK_ROWS)
            for candidates, row, error in zip(kept, scores, errors, strict=True):
                candidates.add(row, start, float(error))
        return [
            self._best(row, candidates.places(), limit, least) for row, candidates in zip(sought, kept, strict=True)
        ]

    def _best(
        self, sought: NDArray[np.float32], places: NDArray[np.int64], limit: int, least: float
    ) -> tuple[Match, ...]:
        if not len(places):
            return ()
        cosines = self._rows.take(places).astype(np.float64) @ sought.astype(np.float64)
        ranked = np.argsort(-cosines, kind="stable")[:limit]
        return tuple(
            Match(self._ids[places[rank]], similarity_of(float(cosines[rank])))
            for rank in ranked
            if cosines[rank] >= least
        )


_TOGETHER = 64
"""Embeddings searched in one pass over the faces: their scores of one block take 8 MB."""


class _Candidates:
    """The faces that may be among the best `limit` of one search, by rough scores that are added block by block."""

    def __init__(self, limit: int, least: float) -> None:
        self._limit = limit
        self._floor = least
        self._places = np.empty(0, np.int64)
        self._scores = np.empty(0, np.float32)

    def add(self, scores: NDArray[np.float32], start: int, error: float) -> None:
        """Consider the rows from `start` on; scores are off by at most `error`, the same in all blocks."""
        near = np.flatnonzero(scores >= self._floor - error)
        if not self._limit or not len(near):
            return
        self._places = np.concatenate([self._places, near + start])
        self._scores = np.concatenate([self._scores, scores[near]])
        if len(self._scores) > self._limit:
            last = float(np.partition(self._scores, -self._limit)[-self._limit])
            self._floor = max(self._floor, last - error)
            chosen = self._scores >= self._floor - error
            self._places, self._scores = self._places[chosen], self._scores[chosen]

    def places(self) -> NDArray[np.int64]:
        """Their rows, ascending."""
        return self._places
