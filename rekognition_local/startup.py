"""The face service with its real engine and S3."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from rekognition_local.engine.face_engine import FaceEngine
from rekognition_local.engine.gallery import Gallery
from rekognition_local.engine.search import search_video
from rekognition_local.engine.types import OnProgress, VideoSearchResult
from rekognition_local.engine.video import probe
from rekognition_local.errors import VideoTooLargeError
from rekognition_local.objects import S3Objects
from rekognition_local.ports import VideoSearch
from rekognition_local.service import MARKER, FaceService, assemble
from rekognition_local.settings import Settings

# Rekognition's quota for stored video.
MAX_DURATION_MS = 6 * 3600 * 1000
# What a start that was killed before its first collection may have left in its folder.
_BEGUN = frozenset({"lock", "models"})


class ForeignFolderError(Exception):
    """The data folder holds files that are none of a face service's."""


class HomeInUseError(Exception):
    """Another face service works in the same data folder."""


@contextmanager
def running_service(settings: Settings) -> Iterator[FaceService]:
    """The service for as long as the block runs, alone in its data folder.

    Raises:
        ForeignFolderError: the data folder is used for something else; nothing in it was touched.
        HomeInUseError: another face service works in the same data folder.
        ModelUnavailableError: the face models are not installed.
    """
    _claim(settings.home)
    with _locked(settings.home / "lock"):
        engine = FaceEngine(settings.home / "models")
        Thread(target=engine.warm_up, name="warm-up").start()
        service = assemble(settings, engine, S3Objects(settings.region), engine_search(engine))
        try:
            yield service
        finally:
            service.close()


def engine_search(engine: FaceEngine) -> VideoSearch:
    """The engine's video search, behind Rekognition's limit on a video's length."""

    def search(path: Path, gallery: Gallery, threshold: float, on_progress: OnProgress) -> VideoSearchResult:
        if probe(path).duration_ms > MAX_DURATION_MS:
            raise VideoTooLargeError("The video is longer than 6 hours; cut it into parts.")
        return search_video(path, engine, gallery, threshold, on_progress)

    return search


def _claim(home: Path) -> None:
    """Make the folder unless it is there; one that is there must be a face service's own, or empty."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (home / MARKER).exists() and any(entry.name not in _BEGUN for entry in home.iterdir()):
        raise ForeignFolderError(f"{home} holds other files: give the face service a folder of its own with --home.")
    # Where an earlier version kept the video being searched, and left it when it was killed.
    for video in home.glob("videos/tmp????????/video"):
        video.unlink()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock file; the system lets go of it when the process ends, however it ends."""
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise HomeInUseError(
                f"Another face service works in {path.parent}: stop it, or use another folder."
            ) from error
        yield
