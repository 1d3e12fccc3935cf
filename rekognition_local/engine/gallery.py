"""The enrolled faces, searched exactly: every embedding is compared with every enrolled one."""

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rekognition_local.engine.similarity import cosine_of, similarity_of
from rekognition_local.engine.types import Match

DIMENSIONS = 128


class Gallery:
    """An inner-product index over unit vectors of 128 numbers; safe to search and change from several threads."""

    def __init__(self, face_ids: Sequence[str] = (), matrix: NDArray[np.float32] | None = None) -> None:
        self._lock = threading.Lock()
        self._ids: list[str] = []
        self._rows: dict[str, int] = {}
        self._matrix = np.empty((0, DIMENSIONS), np.float32)
        self.add(face_ids, np.empty((0, DIMENSIONS), np.float32) if matrix is None else matrix)

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, face_id: object) -> bool:
        return face_id in self._rows

    def add(self, face_ids: Sequence[str], matrix: NDArray[np.float32]) -> None:
        """Enrol one unit row of `matrix` (n, 128) per face id; the next search sees them.

        Raises:
            ValueError: the shapes do not agree, a number is not finite, or a face id is enrolled already.
        """
        if matrix.shape != (len(face_ids), DIMENSIONS) or not np.isfinite(matrix).all():
            raise ValueError(f"expected {len(face_ids)} finite rows of {DIMENSIONS}, not {matrix.shape}")
        with self._lock:
            if len(set(face_ids)) != len(face_ids) or not self._rows.keys().isdisjoint(face_ids):
                raise ValueError("a face id is enrolled already")
            start = len(self._ids)
            self._reserve(start + len(face_ids))
            self._matrix[start : start + len(face_ids)] = matrix
            self._rows.update((face_id, start + offset) for offset, face_id in enumerate(face_ids))
            self._ids.extend(face_ids)

    def remove(self, face_ids: Sequence[str]) -> tuple[str, ...]:
        """Forget these faces; returns those that were enrolled."""
        with self._lock:
            known = tuple(face_id for face_id in dict.fromkeys(face_ids) if face_id in self._rows)
            for face_id in known:
                row, last = self._rows.pop(face_id), self._ids.pop()
                if last != face_id:  # the last row takes the freed place, so that rows stay dense
                    self._matrix[row] = self._matrix[len(self._ids)]
                    self._ids[row], self._rows[last] = last, row
            return known

    def search(
        self, embeddings: NDArray[np.float32], limit: int, threshold_similarity: float
    ) -> list[tuple[Match, ...]]:
        """For each unit row of `embeddings` (m, 128), the `limit` most similar faces at or above the threshold (0-100).

        Best first; empty where nobody is similar enough.
        """
        least = cosine_of(threshold_similarity)
        with self._lock:
            cosines = embeddings @ self._matrix[: len(self._ids)].T
            return [self._best(row, limit, least) for row in cosines]

    def _best(self, cosines: NDArray[np.float32], limit: int, least: float) -> tuple[Match, ...]:
        candidates = np.flatnonzero(cosines >= least)
        if len(candidates) > limit:
            candidates = (
                candidates[np.argpartition(-cosines[candidates], limit - 1)[:limit]] if limit else candidates[:0]
            )
        ordered = candidates[np.argsort(-cosines[candidates], kind="stable")]
        return tuple(Match(self._ids[row], similarity_of(float(cosines[row]))) for row in ordered)

    def _reserve(self, rows: int) -> None:
        if rows > len(self._matrix):  # doubling keeps many single additions cheap
            grown = np.empty((max(rows, 2 * len(self._matrix)), DIMENSIONS), np.float32)
            grown[: len(self._ids)] = self._matrix[: len(self._ids)]
            self._matrix = grown
