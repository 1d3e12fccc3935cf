"""StartFaceSearch as time goes by, which the real service's clock does not let a test see."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rekognition_local.collections import CollectionStore
from rekognition_local.errors import IdempotentParameterMismatchError, ResourceNotFoundError
from rekognition_local.jobs import IN_PROGRESS, KEPT_SECONDS, JobStore
from rekognition_local.operations.videos import get_face_search, start_face_search
from rekognition_local.service import FaceService
from rekognition_local.worker import JobWorker
from tests.unit.rekognition_local.conftest import VIDEO
from tests.unit.rekognition_local.doubles import ColourModel, DictObjects, ScriptedSearch

REQUEST: dict[str, Any] = {
    "Video": {"S3Object": {"Bucket": VIDEO.bucket, "Name": VIDEO.name}},
    "CollectionId": "class",
    "ClientRequestToken": "token",
}


class Clock:
    """Stands still until it is moved."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(tmp_path: Path, collections: CollectionStore, objects: DictObjects, clock: Clock) -> Iterator[FaceService]:
    """A service whose worker does not run, so that searches end when the test says so."""
    jobs = JobStore(tmp_path / "jobs.sqlite3", clock)
    worker = JobWorker(jobs, collections, objects, ScriptedSearch(), tmp_path / "videos")
    yield FaceService("us-east-1", ColourModel(), collections, jobs, worker, objects)
    jobs.close()


def test_a_token_of_a_forgotten_search_starts_another(service: FaceService, clock: Clock) -> None:
    job_id = start_face_search(service, REQUEST)["JobId"]
    service.jobs.fail(service.jobs.get(job_id), "broken")
    clock.seconds = KEPT_SECONDS
    assert start_face_search(service, REQUEST) == {"JobId": job_id}
    assert get_face_search(service, {"JobId": job_id})["JobStatus"] == "FAILED"
    clock.seconds = KEPT_SECONDS + 1
    with pytest.raises(ResourceNotFoundError):
        get_face_search(service, {"JobId": job_id})
    again = start_face_search(service, REQUEST)["JobId"]
    assert get_face_search(service, {"JobId": again})["JobStatus"] == IN_PROGRESS


def test_a_token_of_a_search_that_runs_for_long_stays_its_own(service: FaceService, clock: Clock) -> None:
    job_id = start_face_search(service, REQUEST)["JobId"]
    clock.seconds = 10 * KEPT_SECONDS
    assert start_face_search(service, REQUEST) == {"JobId": job_id}
    with pytest.raises(IdempotentParameterMismatchError):
        start_face_search(service, {**REQUEST, "FaceMatchThreshold": 99.0})


def test_a_token_of_a_forgotten_search_is_free_for_another_request(service: FaceService, clock: Clock) -> None:
    job_id = start_face_search(service, REQUEST)["JobId"]
    service.jobs.finish(service.jobs.get(job_id), {}, [])
    clock.seconds = KEPT_SECONDS + 1
    other = start_face_search(service, {**REQUEST, "FaceMatchThreshold": 99.0})["JobId"]
    assert other != job_id
    assert get_face_search(service, {"JobId": other})["JobStatus"] == IN_PROGRESS
