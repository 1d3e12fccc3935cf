"""Face search in a recorded video: who of the gallery is seen, when and where."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from rekognition_local.engine.face_engine import FaceEngine
from rekognition_local.engine.gallery import Gallery
from rekognition_local.engine.people import People
from rekognition_local.engine.room import Room
from rekognition_local.engine.runtime import CORES
from rekognition_local.engine.similarity import cosine_of
from rekognition_local.engine.tracks import Sighting, Track, Tracker, fit_to_recognise
from rekognition_local.engine.types import VideoSearchResult
from rekognition_local.engine.video import Frame, frames, probe

_TOGETHER = 16
"""Tracks whose faces are embedded in one go: large batches are faster, but hold the close-ups in memory."""

_SAMPLES = 30
_SHORTEST_MS = 500
_LONGEST_MS = 5000

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def search_video(
    path: Path, engine: FaceEngine, gallery: Gallery, threshold: float, on_progress: Callable[[int], None]
) -> VideoSearchResult:
    """Find the people of a video and which enrolled faces they match with at least `threshold` (Similarity 0-100).

    People are told apart by their whole track, and everyone seen is reported, known or not; a face too small or too
    turned to be recognised has no matches. `on_progress` gets the percent done, rising, 100 at the end.

    Raises:
        InvalidVideoError: no video, or not one frame of it can be decoded.
        ValueError: the threshold is not within 0-100.
    """
    cosine_of(threshold)
    metadata = probe(path)
    tracker, room = Tracker(), Room(metadata.height, metadata.width)
    percent, last_ms = -1, 0
    with ThreadPoolExecutor(CORES) as pool:
        people = People(engine, pool)
        waiting: list[Track] = []

        def look(frame: Frame) -> tuple[int, list[Sighting]]:
            return _sightings(frame, engine, room)

        samples = frames(path, sampling_interval_ms(metadata.duration_ms))
        for frame_ms, sightings in ordered(pool, look, samples):
            waiting += tracker.update(sightings)
            if len(waiting) >= _TOGETHER:
                people.join(waiting)
                waiting = []
            last_ms = frame_ms
            done = min(99, 100 * last_ms // max(metadata.duration_ms, last_ms, 1))
            if done > percent and metadata.duration_ms:
                percent = done
                on_progress(percent)
        people.join(waiting + tracker.finish())
    persons = people.sightings(gallery, threshold)
    on_progress(100)
    return VideoSearchResult(replace(metadata, duration_ms=metadata.duration_ms or last_ms), persons)


def sampling_interval_ms(duration_ms: int) -> int:
    """How far apart to look: thirty times in a short recording, and every five seconds in one of 150 seconds or more.

    A student stays for minutes, so a long recording needs fewer looks per minute to see everybody well many times.
    """
    return min(_LONGEST_MS, max(_SHORTEST_MS, duration_ms // _SAMPLES))


def ordered(
    pool: ThreadPoolExecutor, function: Callable[[_Item], _Result], items: Iterable[_Item]
) -> Iterator[_Result]:
    """The results in the order of the items, computed by the pool's threads while the next items are made.

    At most `CORES` + 1 items wait or are worked on, whatever the number of items.
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


def _sightings(frame: Frame, engine: FaceEngine, room: Room) -> tuple[int, list[Sighting]]:
    height = frame.image.shape[0]
    seen = engine.glance(frame.image, room.tiles(), large=room.look_for_large())
    room.learn([face for face, _ in seen])
    return frame.timestamp_ms, [
        Sighting(frame.timestamp_ms, face, look if fit_to_recognise(face, height) else None) for face, look in seen
    ]
