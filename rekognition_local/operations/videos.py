"""The asynchronous search of a stored video."""

from collections.abc import Mapping
from typing import Any

from rekognition_local import tokens
from rekognition_local.errors import InvalidParameterError, VideoTooLargeError
from rekognition_local.jobs import IN_PROGRESS, SUCCEEDED, Job, SearchRequest
from rekognition_local.operations.search import DEFAULT_THRESHOLD
from rekognition_local.ports import S3Reference
from rekognition_local.service import FaceService

# Rekognition's quota for stored video: 10 GB.
MAX_VIDEO_BYTES = 10 * 1024**3
# "If you specify a value greater than 1000, a maximum of 1000 results is returned."
MAX_PAGE = 1000


def start_face_search(service: FaceService, request: Mapping[str, Any]) -> dict[str, Any]:
    """StartFaceSearch: the job is on disk when its id is returned."""
    if "NotificationChannel" in request:
        raise InvalidParameterError("This service sends no notifications; ask GetFaceSearch for the job's status.")
    if "S3Object" not in request["Video"]:
        raise InvalidParameterError("The Video must have an S3Object.")
    search = SearchRequest(
        video=S3Reference.of(request["Video"]["S3Object"]),
        collection_id=service.collections.get(request["CollectionId"]).collection_id,
        threshold=float(request.get("FaceMatchThreshold", DEFAULT_THRESHOLD)),
        job_tag=request.get("JobTag"),
    )
    token = request.get("ClientRequestToken")
    started = service.jobs.started_before(token, search)
    if started is not None:
        return {"JobId": started}
    facts = service.objects.describe(search.video)
    if facts.size > MAX_VIDEO_BYTES:
        raise VideoTooLargeError("The video is larger than 10 GB; cut it into parts or compress it more.")
    job_id = service.jobs.create(token, search, facts.etag)
    service.worker.wake()
    return {"JobId": job_id}


def get_face_search(service: FaceService, request: Mapping[str, Any]) -> dict[str, Any]:
    """GetFaceSearch: how far the job is, or a page of what it found."""
    job = service.jobs.get(request["JobId"])
    sort_by = request.get("SortBy", "TIMESTAMP")
    scope = ("persons", job.job_id, sort_by)
    start = tokens.decode(request.get("NextToken"), *scope)
    limit = min(request.get("MaxResults", MAX_PAGE), MAX_PAGE)
    found = service.jobs.persons(job, sort_by, start, limit + 1) if job.status == SUCCEEDED else []
    return {
        "JobId": job.job_id,
        "JobStatus": job.status,
        "StatusMessage": _status_message(service, job),
        "Video": {"S3Object": _s3_object(job.request.video)},
        "JobTag": job.request.job_tag,
        "VideoMetadata": job.metadata,
        "Persons": found[:limit],
        "NextToken": tokens.encode(start + limit, *scope) if len(found) > limit else None,
    }


def _status_message(service: FaceService, job: Job) -> str | None:
    """AWS gives only the reason of a failure; progress is told here too, because a person is waiting."""
    if job.status != IN_PROGRESS:
        return job.message
    progress = service.worker.progress(job.job_id)
    if progress is not None:
        return f"{progress.percent} percent of the video searched, people seen: {progress.people}"
    return f"Waiting; earlier searches in progress: {service.jobs.earlier(job)}"


def _s3_object(video: S3Reference) -> dict[str, Any]:
    return {"Bucket": video.bucket, "Name": video.name, "Version": video.version}
