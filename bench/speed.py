"""How fast the engine is and what memory it takes, beside what others would use, on the same video in the same run."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from attendance.model import Thresholds
from bench.classroom import Classroom, embed, make
from bench.encode import cut
from bench.figures import growth
from bench.people import Person
from bench.report import Row
from bench.scene import Options
from rekognition_local.engine import FaceEngine
from rekognition_local.engine.models import sface_path, yunet_path

ROOT = Path(__file__).resolve().parents[1]
PEERS_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
KEY_SECONDS = (2.0, 1.0, 10.0, 0.0)
COLLECTIONS = (40, 1_000, 10_000)
LENGTHS = (10, 20, 50)
"""Minutes of a lecture: of ten or more, since the engine looks more often at short videos."""

_LONGEST = 3600


class MeasurementError(Exception):
    """A process that should have measured something failed; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Lab:
    """A classroom on disk with all that the measuring processes need: enrolment photos, gallery, prepared models."""

    made: Classroom
    folder: Path
    cache: Path
    thresholds: Thresholds

    def engine(self, collection: int = 0, video: Path | None = None) -> dict[str, Any]:
        """The engine, with as many strangers enrolled beside the class as make `collection`."""
        with np.load(self.folder / "class.npz") as stored:
            ids, rows = list(stored["ids"]), stored["rows"]
        gallery = self.folder / f"gallery-{collection}.npz"
        fill = np.random.default_rng(1).standard_normal((max(0, collection - len(ids)), rows.shape[1]), np.float32)
        fill /= np.linalg.norm(fill, axis=1, keepdims=True)
        np.savez(gallery, ids=[*ids, *(f"filler:{n}" for n in range(len(fill)))], rows=np.concatenate([rows, fill]))
        return measured(
            [sys.executable, "-m", "bench.worker", "engine", "--video", str(video or self.made.video),
             "--gallery", str(gallery), "--cache", str(self.cache), "--threshold", str(self.thresholds.review)]
        )  # fmt: skip

    def decode(self, video: Path | None = None) -> dict[str, Any]:
        """Merely decoding the whole file."""
        return measured([sys.executable, "-m", "bench.worker", "decode", "--video", str(video or self.made.video)])

    def peer(self, name: str) -> dict[str, Any]:
        """One of `bench.peers`."""
        files = ["--yunet", str(yunet_path(self.cache)), "--sface", str(sface_path(self.cache))]
        models = files if name == "opencv" else []
        return measured(
            [str(PEERS_PYTHON), "-W", "ignore", "-m", "bench.peers", name, "--video", str(self.made.video),
             "--photos", str(self.folder / "photos"), *models]
        )  # fmt: skip


@contextmanager
def lab(
    people: Sequence[Person], options: Options, engine: FaceEngine, cache: Path, thresholds: Thresholds
) -> Iterator[Lab]:
    """Make a classroom and all files; everything is deleted at the end of the context."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        made = make(people, options, engine, folder)
        ids, rows = embed(made, engine)
        np.savez(folder / "class.npz", ids=ids, rows=rows)
        (folder / "photos").mkdir()
        for number, (student_id, one) in enumerate(made.photos):
            cv2.imwrite(
                str(folder / "photos" / f"{student_id}_{number}.png"), cv2.cvtColor(one.image, cv2.COLOR_RGB2BGR)
            )
        yield Lab(made, folder, cache, thresholds)


def measured(command: Sequence[str]) -> dict[str, Any]:
    """Run a measuring process and read the JSON on its last line.

    Raises:
        MeasurementError: it failed or took over an hour.
    """
    try:
        done = subprocess.run(list(command), cwd=ROOT, capture_output=True, text=True, timeout=_LONGEST, check=False)
    except subprocess.TimeoutExpired as error:
        raise MeasurementError(f"{' '.join(command[1:5])} took over {_LONGEST} s") from error
    if done.returncode:
        raise MeasurementError(f"{' '.join(command[1:5])} failed: {done.stderr.strip()[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def beside_peers(place: Lab, with_peers: bool) -> tuple[list[Row], list[Row]]:
    """Everybody on the same video: (a row for each, the engine's stages)."""
    engine, decode = place.engine(), place.decode()
    peers = {name: place.peer(name) for name in ("opencv", "dlib")} if with_peers and PEERS_PYTHON.exists() else {}
    found = {one.split(":")[0] for one, similarity in engine["best"].items() if similarity >= place.thresholds.present}
    rows = [
        _row("Rollcall, first video", place, engine["wall_s"], engine, decode, peers, found),
        _row("Rollcall, next video", place, engine["again_s"], engine, decode, peers, found),
        _row("decoding all frames", place, decode["wall_s"], decode, decode, peers, None),
    ]
    for name, label in (("opencv", "YuNet + SFace in OpenCV, 1 frame/s"), ("dlib", "face_recognition, 1 frame/s")):
        if name in peers:
            own = peers[name]
            rows.append(_row(label, place, own["wall_s"], own, decode, peers, set(own["present"])))
    return rows, stage_rows(engine)


def key_frames(labs: Iterator[Lab]) -> Iterator[Row]:
    """The engine and mere decoding on videos that differ in their key frames only."""
    for place in labs:
        engine, decode = place.engine(), place.decode()
        seconds = place.made.options.key_seconds
        yield {
            "key frames every": f"{seconds:g} s" if seconds else "0.5-12 s, irregular",
            "first s": engine["wall_s"],
            "next s": engine["again_s"],
            "decoding s": decode["wall_s"],
            "first / decoding": engine["wall_s"] / decode["wall_s"],
            "next / decoding": engine["again_s"] / decode["wall_s"],
            "x real time": place.made.options.seconds / engine["again_s"],
            "peak MB": engine["peak_mb"],
        }


def collections(place: Lab, sizes: Sequence[int] = COLLECTIONS) -> list[Row]:
    """The same video against collections of different size; the last row is the exponent of growth."""
    runs = {size: place.engine(size) for size in sizes}
    rows: list[Row] = [
        {"enrolled": size, "first s": one["wall_s"], "next s": one["again_s"], "search s": one["stages"].get("search"),
         "peak MB": one["peak_mb"]} for size, one in runs.items()
    ]  # fmt: skip
    return [*rows, {"enrolled": "grows as n^", "next s": growth(list(runs), [one["again_s"] for one in runs.values()])}]


def lengths(place: Lab, minutes: Sequence[float]) -> list[Row]:
    """The first minutes of one long lecture; the last row is the exponent of growth."""
    rows: list[dict[str, Any]] = []
    for number in minutes:
        video = place.folder / f"part{place.made.video.suffix}"
        cut(place.made.video, 60 * number, video)
        engine, decode = place.engine(video=video), place.decode(video)
        rows.append({"minutes": number, "first s": engine["wall_s"], "next s": engine["again_s"],
                     "decoding s": decode["wall_s"], "x real time": 60 * number / engine["wall_s"],
                     "peak MB": engine["peak_mb"]})  # fmt: skip
        video.unlink()
    exponent = growth([row["minutes"] for row in rows], [row["first s"] for row in rows]) if len(rows) > 1 else None
    return [*rows, {"minutes": "grows as n^", "first s": exponent}]


def stage_rows(engine: Mapping[str, Any]) -> list[Row]:
    """Seconds and share of each stage of the second run; what no stage covers is the rest."""
    stages: dict[str, float] = engine["stages"]
    whole = sum(seconds for stage, seconds in stages.items() if not stage.startswith("-"))
    rows: list[Row] = [
        {"stage": stage, "s": seconds, "share of wall": seconds / engine["again_s"]}
        for stage, seconds in stages.items()
    ]
    rest = max(0.0, engine["again_s"] - whole)
    return [*rows, {"stage": "the rest", "s": rest, "share of wall": rest / engine["again_s"]}]


def variants(options: Options) -> Iterator[Options]:
    """The same class with other key-frame intervals."""
    return (replace(options, key_seconds=seconds) for seconds in KEY_SECONDS)


def _row(
    what: str,
    place: Lab,
    wall: float,
    own: Mapping[str, Any],
    decode: Mapping[str, Any],
    peers: Mapping[str, Mapping[str, Any]],
    found: set[str] | None,
) -> Row:
    dlib = peers.get("dlib")
    present = place.made.present
    right = len(found & present) if found is not None else 0
    return {
        "what": what,
        "s": wall,
        "CPU s": own["cpu_s"],
        "x real time": place.made.options.seconds / wall,
        "of decoding": wall / decode["wall_s"],
        "faster than face_recognition": dlib["wall_s"] / wall if dlib else None,
        "peak MB": own["peak_mb"],
        "precision": None if found is None else right / max(1, len(found)),
        "recall": None if found is None else right / max(1, len(present)),
    }
