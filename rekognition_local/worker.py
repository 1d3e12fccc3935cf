"""Runs the queued face searches, one at a time, first come first served."""

import logging
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

from rekognition_local import shapes
from rekognition_local.collections import Collection, CollectionStore
from rekognition_local.engine.errors import EngineError
from rekognition_local.engine.gallery import Gallery
from rekognition_local.engine.types import SearchProgress, VideoSearchResult
from rekognition_local.errors import RekognitionError, ResourceNotFoundError
from rekognition_local.jobs import Job, JobStore
from rekognition_local.objects import S3UnavailableError
from rekognition_local.ports import Objects, VideoSearch

# A video that brought the whole process down this often would do so for ever.
MAX_ATTEMPTS = 3
# The service may be up before the S3 it reads from; within ten minutes a person would have noticed.
S3_ATTEMPTS = 120
S3_PAUSE_SECONDS = 5.0
# Far longer than one percent of a six-hour video takes on a slow machine.
STALL_SECONDS = 900.0
# After a fault of the store itself (a full disk), so that the worker does not spin.
FAULT_PAUSE_SECONDS = 5.0
# A result took hours to find: within ten minutes somebody may have made room for it on the disk.
STORE_ATTEMPTS = 120
# How often jobs and results that were kept long enough are looked for while nothing else is to be done.
PURGE_SECONDS = 3600.0

_log = logging.getLogger(__name__)


class StalledError(Exception):
    """A search gave no sign of life for so long that it is given up."""


class ResultNotStoredError(Exception):
    """A search is done, but its result could not be written to the disk for long."""


class _StoppedError(Exception):
    """The service stops: the job stays in progress and runs again at the next start."""


@dataclass(frozen=True)
class _Progress:
    job: Job
    search: SearchProgress


class JobWorker:
    """One thread that searches the videos of the jobs in progress."""

    def __init__(
        self,
        jobs: JobStore,
        collections: CollectionStore,
        objects: Objects,
        search: VideoSearch,
        folder: Path,
        pause_seconds: float = S3_PAUSE_SECONDS,
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        """Prepare the worker; `folder` holds the one video being searched and is emptied first.

        `pause_seconds` pass between two attempts to reach S3 or the disk, `stall_seconds` until a search is given up.
        """
        self._jobs = jobs
        self._collections = collections
        self._objects = objects
        self._search = search
        self._folder = folder
        self._pause_seconds = pause_seconds
        self._stall_seconds = stall_seconds
        self._progress: _Progress | None = None
        self._wanted = Event()
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="face-search", daemon=True)

    def start(self) -> None:
        """Begin with the jobs that were in progress when the service last ended."""
        shutil.rmtree(self._folder, ignore_errors=True)  # a killed process leaves its video behind
        self._folder.mkdir(parents=True)
        self._thread.start()

    def wake(self) -> None:
        """Tell that there is a new job."""
        self._wanted.set()

    def stop(self, seconds: float) -> None:
        """End the running search at its next sign of progress, and wait for that at most so long."""
        self._stopping.set()
        self._wanted.set()
        self._thread.join(seconds)
        progress = self._progress
        if progress is not None:  # an attempt that ended on purpose does not count
            self._jobs.attempt(progress.job, -1)

    def progress(self, job_id: str) -> SearchProgress | None:
        """How far the search of the job's video has come; None when it has not begun."""
        progress = self._progress
        return progress.search if progress is not None and progress.job.job_id == job_id else None

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wanted.clear()
            try:
                self._jobs.purge()
                job = self._jobs.next()
                if job is None:
                    self._wanted.wait(PURGE_SECONDS)
                else:
                    self._work(job)
            except Exception:
                _log.exception("the job store does not work; trying again")
                self._stopping.wait(FAULT_PAUSE_SECONDS)

    def _work(self, job: Job) -> None:
        if job.attempts >= MAX_ATTEMPTS:
            self._jobs.fail(job, f"The service ended unexpectedly {MAX_ATTEMPTS} times while it searched this video.")
            return
        self._jobs.attempt(job, +1)
        self._progress = _Progress(job, SearchProgress(0, 0))
        try:
            collection = self._collections.get(job.request.collection_id)
            self._store(job, collection, self._searched(job))
        except _StoppedError:
            return
        except (RekognitionError, EngineError, StalledError, ResultNotStoredError) as error:
            self._jobs.fail(job, str(error))
        except Exception as error:
            _log.exception("job %s failed", job.job_id)
            self._jobs.fail(job, f"The service failed to search the video ({type(error).__name__}); see its log.")
        self._progress = None

    def _searched(self, job: Job) -> VideoSearchResult:
        gallery = self._collections.gallery(job.request.collection_id)
        with self._downloaded(job) as path:
            return self._watched(job, path, gallery)

    def _watched(self, job: Job, path: Path, gallery: Gallery) -> VideoSearchResult:
        """Search in a thread of its own, which is left behind where a decoder hangs in it: nothing can end it."""
        search: Future[VideoSearchResult] = Future()
        signs, given_up = [time.monotonic()], Event()

        def on_progress(progress: SearchProgress) -> None:
            if self._stopping.is_set() or given_up.is_set():
                raise _StoppedError
            self._progress = _Progress(job, progress)
            signs[0] = time.monotonic()

        def run() -> None:
            try:
                search.set_result(self._search(path, gallery, job.request.threshold, on_progress))
            except BaseException as error:
                search.set_exception(error)

        Thread(target=run, name=f"face-search-{job.seq}", daemon=True).start()
        while (left := signs[0] + self._stall_seconds - time.monotonic()) > 0:
            if wait([search], left).done:
                return search.result()
        given_up.set()
        raise StalledError(
            f"The search of this video did not advance for {self._stall_seconds:.0f} seconds and was given up."
            " Export the recording again as H.264 in MP4 and upload that."
        )

    @contextmanager
    def _downloaded(self, job: Job) -> Iterator[Path]:
        """The video as a file, for as long as the block runs."""
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            path = Path(folder) / "video"
            for attempt in range(1, S3_ATTEMPTS + 1):
                try:
                    self._objects.download(job.request.video, job.etag, path)
                    break
                except S3UnavailableError as error:
                    if attempt == S3_ATTEMPTS:
                        raise
                    _log.warning("job %s waits for S3: %s", job.job_id, error)
                if self._stopping.wait(self._pause_seconds):
                    raise _StoppedError
            yield path

    def _store(self, job: Job, collection: Collection, result: VideoSearchResult) -> None:
        """End the job with its result; a disk that is full is waited for, instead of searching the video again."""
        for _ in range(STORE_ATTEMPTS):
            try:
                self._finish(job, collection, result)
            except sqlite3.OperationalError as error:
                _log.warning("the result of job %s cannot be stored yet: %s", job.job_id, error)
                reason = str(error)
            else:
                return
            if self._stopping.wait(self._pause_seconds):
                raise _StoppedError
        raise ResultNotStoredError(
            f"The result of this search could not be stored on the face service's disk ({reason})."
            " Make room on the disk, then run the video again."
        )

    def _finish(self, job: Job, collection: Collection, result: VideoSearchResult) -> None:
        """Keep the result as it is now: faces that are deleted later stay in it, as on AWS."""
        face_ids = sorted({match.face_id for sighting in result.persons for match in sighting.matches})
        faces = self._collections.faces(collection.collection_id, face_ids)
        if self._collections.get(collection.collection_id).seq != collection.seq:
            raise ResourceNotFoundError(
                f"The collection id: {collection.collection_id} was deleted and made again while the video was"
                " searched, so nobody would be recognised. Run the video again."
            )
        persons = [shapes.person_match(sighting, faces) for sighting in result.persons]
        self._jobs.finish(job, shapes.video_metadata(result.metadata), persons)
