"""One measurement in a process of its own, so that its time and memory are nobody else's: prints JSON.

Run by `bench.speed` and `bench.searching` as `python -m bench.worker`, in the product's environment.
"""

import argparse
import json
import time
import uuid
from pathlib import Path
from typing import Any

import av
import numpy as np

from bench import stages
from bench.figures import latency
from bench.memory import peak_mb
from rekognition_local.engine import FaceEngine, Gallery, VideoSearchResult, cosine_of, search_video
from rekognition_local.memory import limit_held_memory

_SEARCHES = 200
_REPEATED = 21
_SEATED = 30
"""People of a class, searched together."""

_CHUNK = 50_000


def engine(video: Path, gallery: Path, cache: Path, threshold: float) -> dict[str, Any]:
    """Search a video twice: first with the networks just loaded, then again, as the running service does."""
    limit_held_memory()  # as the service does
    began = time.perf_counter()
    face_engine = FaceEngine(cache)
    face_engine.warm_up()  # as the service does
    start = time.perf_counter() - began
    with np.load(gallery) as stored:
        enrolled = Gallery([str(one) for one in stored["ids"]], stored["rows"])
    before = peak_mb()
    walls: list[float] = []
    for _ in range(2):
        began, cpu = time.perf_counter(), time.process_time()
        with stages.measured() as clock:
            best = _best(search_video(video, face_engine, enrolled, threshold, lambda _: None))
        walls.append(time.perf_counter() - began)
        cpu = time.process_time() - cpu
    return {"start_s": start, "wall_s": walls[0], "again_s": walls[1], "cpu_s": cpu, "before_mb": before,
            "peak_mb": peak_mb(), "stages": clock.seconds, "best": best}  # fmt: skip


def _best(result: VideoSearchResult) -> dict[str, float]:
    """The largest similarity of each face that was somebody's best match."""
    best: dict[str, float] = {}
    for match in (match for person in result.persons for match in person.matches[:1]):
        best[match.face_id] = max(best.get(match.face_id, 0.0), match.similarity)
    return best


def decode(video: Path) -> dict[str, Any]:
    """Decode every frame on all cores and do nothing with them: what a player costs at least."""
    began, cpu, count = time.perf_counter(), time.process_time(), 0
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "AUTO", 0
        for _ in container.decode(stream):
            count += 1
    wall = time.perf_counter() - began
    return {"wall_s": wall, "cpu_s": time.process_time() - cpu, "frames": count, "peak_mb": peak_mb()}


def search(faces: int) -> dict[str, Any]:
    """Latency of one search in so many enrolled faces, and of adding one until a search finds it."""
    draw = np.random.default_rng(faces)
    began = time.perf_counter()
    gallery = Gallery()
    for start in range(0, faces, _CHUNK):
        count = min(_CHUNK, faces - start)
        gallery.add([str(uuid.UUID(int=start + number)) for number in range(count)], _rows(draw, count))
    filled = time.perf_counter() - began
    alone, added = [], []
    for number in range(_SEARCHES):
        probe = _rows(draw, 1)
        began = time.perf_counter()
        gallery.search(probe, 5, 80.0)
        alone.append(time.perf_counter() - began)
        name = f"new-{number}"
        began = time.perf_counter()
        gallery.add([name], probe)
        found = gallery.search(probe, 5, 80.0)
        added.append(time.perf_counter() - began)
        if found[0][0].face_id != name:
            raise RuntimeError("a face just added is not the best match of its own search")
    peak = peak_mb()  # before the peer's matrix
    seated = _timed(lambda: gallery.search(_rows(draw, _SEATED), 5, 80.0))
    return {"faces": faces, "fill_s": filled, "search": latency(alone), "add_and_find": latency(added),
            "slowest_add_ms": 1000 * max(added), "peak_mb": peak, "class": latency(seated),
            "numpy": latency(_timed(_plain(_rows(draw, faces), _rows(draw, 1))))}  # fmt: skip


def _plain(matrix: np.ndarray[Any, np.dtype[np.float32]], probe: np.ndarray[Any, np.dtype[np.float32]]) -> Any:
    """The search anybody writes first: all inner products, then the best five above the threshold."""

    def run() -> list[int]:
        cosines = (probe @ matrix.T)[0]
        best = np.argpartition(-cosines, 5)[:5]
        return [int(row) for row in best if cosines[row] >= cosine_of(80.0)]

    return run


def _timed(run: Any) -> list[float]:
    run()  # the first touches memory that the others find in place
    seconds = []
    for _ in range(_REPEATED):
        began = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - began)
    return seconds


def _rows(draw: np.random.Generator, count: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    rows = draw.standard_normal((count, 128), np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("engine", "decode", "search"))
    parser.add_argument("--video", type=Path)
    parser.add_argument("--gallery", type=Path)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--threshold", type=float, default=80.0)
    parser.add_argument("--faces", type=int, default=10_000)
    args = parser.parse_args()
    if args.what == "engine":
        figures = engine(args.video, args.gallery, args.cache, args.threshold)
    elif args.what == "decode":
        figures = decode(args.video)
    else:
        figures = search(args.faces)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
