"""Face search in a recorded video: who of the gallery is seen, when and where."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rekognition_local.engine.face_engine import FaceEngine
from rekognition_local.engine.gallery import Gallery
from rekognition_local.engine.people import People
from rekognition_local.engine.tracks import Sighting, Track, Tracker, fit_to_recognise
from rekognition_local.engine.types import VideoSearchResult
from rekognition_local.engine.video import Frame, frames, probe

_TOGETHER = 16
"""Tracks whose faces are embedded in one go: large batches are faster, but hold the crops in memory."""


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
    metadata = probe(path)
    tracker, people = Tracker(), People(engine)
    waiting: list[Track] = []
    percent, last_ms = -1, 0
    for frame in frames(path, sampling_interval_ms(metadata.duration_ms)):
        waiting += tracker.update(_sightings(frame, engine))
        if len(waiting) >= _TOGETHER:
            people.join(waiting)
            waiting = []
        last_ms = frame.timestamp_ms
        done = min(99, 100 * last_ms // max(metadata.duration_ms, last_ms, 1))
        if done > percent and metadata.duration_ms:
            percent = done
            on_progress(percent)
    people.join(waiting + tracker.finish())
    persons = people.sightings(gallery, threshold)
    on_progress(100)
    return VideoSearchResult(replace(metadata, duration_ms=metadata.duration_ms or last_ms), persons)


def sampling_interval_ms(duration_ms: int) -> int:
    """How far apart to look: half a second up to half a minute, a second up to ten minutes, then two.

    A student stays for minutes, so a long recording needs fewer looks per minute to see everybody well a few times.
    """
    if duration_ms <= 30_000:
        return 500
    return 1000 if duration_ms <= 600_000 else 2000


def _sightings(frame: Frame, engine: FaceEngine) -> list[Sighting]:
    faces = engine.detect(frame.image)
    fit = [face for face in faces if fit_to_recognise(face, frame.image.shape[0])]
    crops = dict(zip(map(id, fit), engine.crops(frame.image, fit), strict=True))
    return [Sighting(frame.timestamp_ms, face, crops.get(id(face))) for face in faces]
