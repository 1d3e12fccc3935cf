"""Face search in a recorded video: who of the gallery is seen, when and where."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias, TypeVar

from rekognition_local.engine.detector import Tile
from rekognition_local.engine.face_engine import FaceEngine
from rekognition_local.engine.gallery import Gallery
from rekognition_local.engine.people import People
from rekognition_local.engine.room import Room
from rekognition_local.engine.runtime import CORES
from rekognition_local.engine.similarity import cosine_of
from rekognition_local.engine.tracks import Sighting, Track, Tracker, fit_to_recognise
from rekognition_local.engine.types import OnProgress, SearchProgress, VideoSearchResult
from rekognition_local.engine.video import Frame, frames, probe

_TOGETHER = 16
"""Tracks whose faces are embedded in one go: large batches are faster, but hold the close-ups in memory."""

_Task: TypeAlias = tuple[Frame, Sequence[Tile], bool]
"""A frame, its parts to be searched unshrunk, and whether to search it for very large faces."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def search_video(
    path: Path, engine: FaceEngine, gallery: Gallery, threshold: float, on_progress: OnProgress
) -> VideoSearchResult:
    """Find the people of a video and which enrolled faces they match with at least `threshold` (Similarity 0-100).

    People are told apart by their whole track, and everyone seen is reported, known or not; a face too small or too
    turned to be recognised has no matches. `on_progress` gets a rising percent, 100 at the end.

    Raises:
        InvalidVideoError: no video, or not one frame of it can be decoded.
        ValueError: the threshold is not within 0-100.
    """
    cosine_of(threshold)
    metadata = probe(path)
    tracker, room = Tracker(), Room(metadata.height, metadata.width, metadata.duration_ms)
    percent = -1
    with ThreadPoolExecutor(CORES) as pool:
        people = People(engine, pool)
        waiting: list[Track] = []

        def look(task: _Task) -> tuple[int, list[Sighting]]:
            return _sightings(engine, *task)

        for frame_ms, sightings in ordered(pool, look, _tasks(path, room)):
            room.learn([sighting.face for sighting in sightings])
            waiting += tracker.update(sightings)
            if len(waiting) >= _TOGETHER:
                people.join(waiting)
                waiting = []
            done = min(99, 100 * frame_ms // max(metadata.duration_ms, frame_ms, 1))
            if done > percent:
                percent = done
                on_progress(SearchProgress(percent, people.count))
        people.join(waiting + tracker.finish())
    persons = people.sightings(gallery, threshold)
    on_progress(SearchProgress(100, people.count))
    return VideoSearchResult(metadata, persons)


def ordered(
    pool: ThreadPoolExecutor, function: Callable[[_Item], _Result], items: Iterable[_Item]
) -> Iterator[_Result]:
    """The results in the order of the items, computed by the pool's threads while the next items are made.

    At most `CORES` + 1 items wait or are worked on, whatever the number of items. An item is made when the results of
    all items more than `CORES` + 1 before it were taken, neither earlier nor later: so what is learnt from results may
    steer the making of items, and the outcome does not depend on the speed of threads.
    """
    running: deque[Future[_Result]] = deque()
    try:
        for item in items:
            running.append(pool.submit(function, item))
            if len(running) > CORES:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        for future in running:
            future.cancel()


def _tasks(path: Path, room: Room) -> Iterator[_Task]:
    """The frames to look at and how, as the room asks for by then."""
    for frame in frames(path, room.interval_ms):
        yield frame, room.tiles(), room.look_for_large()


def _sightings(engine: FaceEngine, frame: Frame, small: Sequence[Tile], large: bool) -> tuple[int, list[Sighting]]:
    height = frame.image.shape[0]
    seen = engine.glance(frame.image, small, large=large)
    return frame.timestamp_ms, [
        Sighting(frame.timestamp_ms, face, look if fit_to_recognise(face, height) else None) for face, look in seen
    ]
