"""Search in galleries up to a million faces, each size in a process of its own."""

import sys
from collections.abc import Sequence

from bench.report import Row
from bench.speed import measured

SIZES = (1_000, 10_000, 100_000, 1_000_000)


def run(sizes: Sequence[int] = SIZES) -> list[Row]:
    """Latency of one search and of adding a face until it is found, memory, and how long filling took."""
    rows: list[Row] = []
    for size in sizes:
        one = measured([sys.executable, "-m", "bench.worker", "search", "--faces", str(size)])
        rows.append(
            {
                "faces": size,
                "search ms": one["search"]["median_ms"],
                "p95 ms": one["search"]["p95_ms"],
                "30 at once ms": one["class"]["median_ms"],
                "numpy ms": one["numpy"]["median_ms"],
                "numpy p95 ms": one["numpy"]["p95_ms"],
                "add and find ms": one["add_and_find"]["median_ms"],
                "slowest add ms": one["slowest_add_ms"],
                "fill s": one["fill_s"],
                "peak MB": one["peak_mb"],
            }
        )
    return rows
