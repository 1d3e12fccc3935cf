"""How right the register is: classrooms with known truth, searched by the engine, judged by the product's own rules."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import pairwise, starmap
from pathlib import Path
from typing import Any

from attendance.matching import Tally
from attendance.model import Enrolment, Sighting, Status, Thresholds, Video
from attendance.rollcall import decide
from bench.classroom import Classroom, embed, make
from bench.figures import Register
from bench.people import Person
from bench.report import Row
from bench.scene import Options
from rekognition_local.engine import FaceEngine, Gallery, VideoSearchResult, search_video

BANDS = {"40-110 px": (40.0, 110.0), "24-40 px": (24.0, 40.0)}
"""Face heights of the acceptance: last row to first."""

EDGES = (0.0, 24.0, 32.0, 40.0, 64.0, 1000.0)

_DATE = "2026-01-05"
_VIDEO = Video("bench", "videos/bench.mp4", None, "", "bench", "bench", _DATE, f"bench#{_DATE}", _DATE)


@dataclass(frozen=True, slots=True)
class Judged:
    """One classroom's register: all students, and those there by the height of their face (edges of `EDGES`)."""

    total: Register
    by_size: dict[str, Register]


def run(
    people: Sequence[Person], base: Options, engine: FaceEngine, thresholds: Thresholds, seeds: Sequence[int]
) -> Iterator[tuple[int, Judged]]:
    """Generate, search and judge one classroom per seed; videos are deleted at once."""
    for seed in seeds:
        with classroom(people, replace(base, seed=seed), engine) as made:
            yield seed, judge(made, search(made, engine, thresholds), thresholds)


@contextmanager
def classroom(people: Sequence[Person], options: Options, engine: FaceEngine) -> Iterator[Classroom]:
    """A generated classroom that exists as long as the context."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        yield make(people, options, engine, Path(folder))


def search(made: Classroom, engine: FaceEngine, thresholds: Thresholds) -> VideoSearchResult:
    """The engine's answer, asked as the product asks: from the review threshold up."""
    return search_video(made.video, engine, Gallery(*embed(made, engine)), thresholds.review, lambda _: None)


def judge(made: Classroom, result: VideoSearchResult, thresholds: Thresholds) -> Judged:
    """Compare the register that the product's rules make of the answer with the truth."""
    seen = {one.student_id: one for one in tallied(result)}
    rows = decide([Enrolment(one, one) for one in made.enrolled], [seen.values()], thresholds, _DATE)
    heights = {one.student_id: one.seat.face for one in made.shown}
    total, by_size = Register(), dict.fromkeys(starmap(_name, pairwise(EDGES)), Register())
    for row in rows:
        one = _counted(made, row.student_id, row.status, seen.get(row.student_id))
        total += one
        if row.student_id in made.present:
            size = heights[row.student_id]
            band = next(_name(low, high) for low, high in pairwise(EDGES) if low <= size < high)
            by_size[band] += one
    return Judged(total, {name: counts for name, counts in by_size.items() if counts.there})


def tallied(result: VideoSearchResult) -> tuple[Sighting, ...]:
    """What the product's own matching makes of the engine's answer, given the form of a GetFaceSearch page."""
    tally = Tally(_VIDEO)
    tally.add(
        {
            "VideoMetadata": {"DurationMillis": result.metadata.duration_ms},
            "Persons": [
                {
                    "Timestamp": one.timestamp_ms,
                    "Person": {
                        "Index": one.index,
                        "BoundingBox": {
                            "Left": one.box.left,
                            "Top": one.box.top,
                            "Width": one.box.width,
                            "Height": one.box.height,
                        },
                    },
                    "FaceMatches": [
                        {"Similarity": match.similarity, "Face": {"ExternalImageId": match.face_id.split(":")[0]}}
                        for match in one.matches
                    ],
                }
                for one in result.persons
            ],
        }
    )
    return tally.matches().students


def summary(name: str, judged: Sequence[Judged]) -> dict[str, Any]:
    """One row of a table for several classrooms together."""
    total = sum((one.total for one in judged), Register())
    return {"classroom": name, "videos": len(judged), **rates(total), **asdict(total)}


def sizes(name: str, judged: Sequence[Judged]) -> list[Row]:
    """Recall by face height, one row per band that occurred."""
    bands = dict.fromkeys(band for one in judged for band in one.by_size)
    rows: list[Row] = []
    for band in bands:
        counts = sum((one.by_size[band] for one in judged if band in one.by_size), Register())
        rows.append({"classroom": name, "face": band, "students": counts.there, "recall": counts.recall,
                     "sure": counts.sure, "missed": counts.missed})  # fmt: skip
    return rows


def rates(counts: Register) -> dict[str, float]:
    """The shares that a register is judged by."""
    return {"precision": counts.precision, "recall": counts.recall, "sure": counts.sure}


def _counted(made: Classroom, student_id: str, status: Status, sighting: Sighting | None) -> Register:
    there = student_id in made.present
    if status == Status.ABSENT:
        return Register(missed=int(there))
    if status == Status.REVIEW:
        return Register(review=int(there), doubted=int(not there))
    owner = _owner(made, sighting)
    return Register(
        right=int(there),
        wrong=int(not there),
        strangers=int(owner == "stranger"),
        others=int(owner not in {student_id, "stranger", None}),
    )


def _owner(made: Classroom, sighting: Sighting | None) -> str | None:
    """Whose face the evidence shows: a student's id, "stranger", or None where nobody sits."""
    if sighting is None or sighting.evidence.box is None:
        return None
    box, options = sighting.evidence.box, made.options
    x = (box["Left"] + box["Width"] / 2) * options.width
    y = (box["Top"] + box["Height"] / 2) * options.height
    shown = made.at(x, y, sighting.evidence.timestamp_ms / 1000)
    return None if shown is None else shown.student_id or "stranger"


def _name(low: float, high: float) -> str:
    return f"{low:g}-{high:g} px" if high < EDGES[-1] else f"{low:g} px and more"
