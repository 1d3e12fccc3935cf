"""The parts of a running face service, put together."""

from dataclasses import dataclass

from rekognition_local.collections import CollectionStore
from rekognition_local.jobs import JobStore
from rekognition_local.ports import FaceModel, Objects, VideoSearch
from rekognition_local.settings import Settings
from rekognition_local.worker import JobWorker

# Emptied at each start, so a name that nobody gives a folder of recordings.
VIDEO_FOLDER = "videos-being-searched"
MARKER = "collections.sqlite3"

# How long a stop waits for the running search to notice; it runs again from its beginning at the next start.
STOP_SECONDS = 5.0


@dataclass(frozen=True)
class FaceService:
    """What the operations work with."""

    region: str
    model: FaceModel
    collections: CollectionStore
    jobs: JobStore
    worker: JobWorker
    objects: Objects

    def close(self) -> None:
        """Stop the worker and close the stores."""
        self.worker.stop(STOP_SECONDS)
        self.collections.close()
        self.jobs.close()


def assemble(settings: Settings, model: FaceModel, objects: Objects, search: VideoSearch) -> FaceService:
    """Open the stores of the data folder and begin with the jobs in progress."""
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    collections = CollectionStore(settings.home / MARKER, model.model_version)
    jobs = JobStore(settings.home / "jobs.sqlite3")
    worker = JobWorker(jobs, collections, objects, search, settings.home / VIDEO_FOLDER)
    worker.start()
    return FaceService(settings.region, model, collections, jobs, worker, objects)
