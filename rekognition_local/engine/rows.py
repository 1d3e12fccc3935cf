"""Unit vectors in blocks that grow without moving, with 8-bit copies by which they are looked through.

Reading a quarter of the bytes is what counts: one search in many faces is bound by memory, not by arithmetic.
"""

from dataclasses import dataclass, field

import numpy as np
import simsimd
from numpy.typing import NDArray

DIMENSIONS = 128
BLOCK_ROWS = 32_768
"""Rows of a block: 16 MB as floats, 4 MB as codes, 128 KB as scores, which stay in the cache."""

CODES_UP_TO = 8
"""Vectors sought at once; more are bound by arithmetic, which floats are faster at, and no longer by memory."""

_LEVELS = 127
_ROUNDING = 1e-5
"""Relative error of a float32 inner product of 128 terms, at most 128 * 2^-24 = 7.7e-6, and of scaling the codes."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Codes:
    """Rows as 8-bit numbers: row ≈ scale * levels, in each number off by at most half a scale."""

    levels: NDArray[np.int8]
    scales: Floats
    lengths: Floats
    """Of the coded rows."""
    residuals: Floats
    """Lengths of the differences between the rows and the coded rows."""


@dataclass(slots=True)
class _Block:
    floats: Floats = field(default_factory=lambda: np.empty((BLOCK_ROWS, DIMENSIONS), np.float32))
    levels: NDArray[np.int8] = field(default_factory=lambda: np.empty((BLOCK_ROWS, DIMENSIONS), np.int8))
    scales: Floats = field(default_factory=lambda: np.empty(BLOCK_ROWS, np.float32))


class Rows:
    """A dense matrix (n, 128) that grows and shrinks at its end. Not safe for several threads."""

    def __init__(self) -> None:
        self._count = 0
        self._blocks: list[_Block] = []
        # Of all rows ever held: removing a row leaves the bounds true, if a little wide.
        self._longest = 0.0
        self._worst_residual = 0.0

    def append(self, matrix: Floats) -> None:
        """Add finite rows (n, 128)."""
        while len(matrix):
            number, offset = divmod(self._count, BLOCK_ROWS)
            if number == len(self._blocks):
                self._blocks.append(_Block())
            part, matrix = matrix[: BLOCK_ROWS - offset], matrix[BLOCK_ROWS - offset :]
            codes = coded(part)
            block, rows = self._blocks[number], slice(offset, offset + len(part))
            block.floats[rows], block.levels[rows], block.scales[rows] = part, codes.levels, codes.scales
            self._longest = max(self._longest, float(codes.lengths.max()))
            self._worst_residual = max(self._worst_residual, float(codes.residuals.max()))
            self._count += len(part)

    def remove(self, place: int) -> None:
        """Put the last row in this one's place; nothing of the removed row stays in memory."""
        self._count -= 1
        (block, row), (end, last) = self._at(place), self._at(self._count)
        for kept, moved in ((block.floats, end.floats), (block.levels, end.levels), (block.scales, end.scales)):
            kept[row] = moved[last]
            moved[last] = 0
        if self._count % BLOCK_ROWS == 0:
            self._blocks.pop()

    def take(self, places: NDArray[np.int64]) -> Floats:
        """Copies of the rows at these places, (len(places), 128)."""
        taken = np.empty((len(places), DIMENSIONS), np.float32)
        numbers, rows = np.divmod(places, BLOCK_ROWS)
        for number in np.unique(numbers):
            here = numbers == number
            taken[here] = self._blocks[number].floats[rows[here]]
        return taken

    def scores(self, sought: Floats, number: int) -> tuple[Floats, NDArray[np.float64]]:
        """Inner products of `sought` (m, 128) with the rows of a block, (m, rows), and the most they are off by, (m,).

        With codes (see `CODES_UP_TO`), q x - q' x' = q (x - x') + (q - q') x', at most |q| |x - x'| + |q - q'| |x'| by
        Cauchy-Schwarz; the inner product of the levels is exact, at most 128 * 127^2 < 2^24.
        """
        block, count = self._blocks[number], min(BLOCK_ROWS, self._count - number * BLOCK_ROWS)
        lengths = np.linalg.norm(sought.astype(np.float64), axis=1)
        rounding = _ROUNDING * lengths * (self._longest + self._worst_residual)
        if len(sought) > CODES_UP_TO:
            return sought @ block.floats[:count].T, rounding
        codes = coded(sought)
        levels = simsimd.cdist(codes.levels, block.levels[:count], metric="dot", out_dtype="float32")
        scores = np.asarray(levels).reshape(len(sought), count)
        scores *= block.scales[:count]
        scores *= codes.scales[:, None]
        return scores, lengths * self._worst_residual + codes.residuals * self._longest + rounding

    def _at(self, place: int) -> tuple[_Block, int]:
        number, row = divmod(place, BLOCK_ROWS)
        return self._blocks[number], row


def coded(matrix: Floats) -> Codes:
    """Rows (n, 128) as 8-bit numbers, each row scaled so that its largest number is 127."""
    scales = np.abs(matrix).max(axis=1) / _LEVELS
    safe = np.where(scales > 0, scales, np.float32(1))
    levels = np.rint(matrix / safe[:, None]).clip(-_LEVELS, _LEVELS).astype(np.int8)
    rows = levels * safe[:, None]
    return Codes(levels, safe, np.linalg.norm(rows, axis=1), np.linalg.norm(matrix - rows, axis=1))
