"""Pictures of a run's results: `.venv-bench/bin/python -m bench.plots build/bench` reads results.json, writes PNG."""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

Rows = list[dict[str, Any]]


def identification(rows: Rows, path: Path) -> None:
    """FPIR and FNIR over the similarity, a line per size of gallery."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
    for size in dict.fromkeys(row["enrolled"] for row in rows):
        own = [row for row in rows if row["enrolled"] == size]
        measured = own[0]["FPIR"] is not None
        xs = [row["similarity"] for row in own]
        wrong = [100 * row["FPIR" if measured else "FPIR if independent"] for row in own]
        left.plot(xs, wrong, "-o" if measured else "--", label=f"{size:,} enrolled{'' if measured else ' (expected)'}")
        if measured:
            right.plot(xs, [100 * row["FNIR"] for row in own], "-o", label=f"{size:,} enrolled")
    for axes, title in ((left, "strangers given a name, %"), (right, "enrolled people not named, %")):
        axes.set(title=title, xlabel="similarity")
        axes.grid(alpha=0.3)
        axes.legend()
    left.set_yscale("symlog", linthresh=0.1)
    figure.savefig(path, dpi=110, bbox_inches="tight")


def speed(rows: Rows, path: Path) -> None:
    """Wall clock of everybody on the same video."""
    figure, axes = plt.subplots(figsize=(8, 3))
    bars = axes.barh([row["what"] for row in rows], [row["s"] for row in rows])
    axes.bar_label(bars, fmt="%.1f s", padding=3)
    axes.set(xscale="log", xlabel="seconds", title="the same video")
    axes.invert_yaxis()
    figure.savefig(path, dpi=110, bbox_inches="tight")


def sizes(rows: Rows, path: Path) -> None:
    """Share of students found by face height."""
    figure, axes = plt.subplots(figsize=(8, 3))
    labels = [f"{row['face']}\n({row['classroom']})" for row in rows]
    axes.bar(labels, [100 * row["recall"] for row in rows], label="found", alpha=0.5)
    axes.bar(labels, [100 * row["sure"] for row in rows], label="present without review", width=0.5)
    axes.set(ylabel="% of students in the room", ylim=(0, 105))
    axes.tick_params(axis="x", labelsize=7)
    axes.legend()
    figure.savefig(path, dpi=110, bbox_inches="tight")


DRAWN = {"identification": identification, "speed": speed, "register_by_size": sizes}


def main(folder: Path) -> None:
    """Draw whatever the results hold."""
    tables = json.loads((folder / "results.json").read_text(encoding="utf-8"))["tables"]
    for name, draw in DRAWN.items():
        if tables.get(name):
            draw(tables[name], folder / f"{name}.png")
            print(folder / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
