"""A face service that follows a script, for answers the real one cannot be made to give: throttling, limits, faults.

It speaks the real protocol, parsed and serialised by the real service's own code, so that a wrong request is refused.
"""

import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rekognition_local import protocol
from rekognition_local.errors import RekognitionError, ResourceNotFoundError
from tests.serving import QuietHandler, http_server

MODEL = "7.0"


def refusal(code: str, status: int = 400) -> RekognitionError:
    """An error of that code, also one the real service never answers."""
    error = RekognitionError(f"scripted {code}")
    error.code, error.status = code, status
    return error


def detection(timestamp_ms: int, person: int, similarity_by_student: Mapping[str, float]) -> dict[str, Any]:
    """One person at one moment, as GetFaceSearch tells it."""
    box = {"Left": 0.1, "Top": 0.2, "Width": 0.1, "Height": 0.2}
    return {
        "Timestamp": timestamp_ms,
        "Person": {"Index": person, "Face": {"BoundingBox": box, "Confidence": 99.5}},
        "FaceMatches": [
            {"Similarity": similarity, "Face": {"FaceId": f"face-of-{student_id}", "ExternalImageId": student_id}}
            for student_id, similarity in similarity_by_student.items()
        ],
    }


@dataclass
class Script:
    """How one video's search goes.

    Attributes:
        start_errors: the answers to the first calls of StartFaceSearch; a client's own retries of a call get the same.
        polls: how often the search is still in progress when asked.
        status: how it ends.
        message: why, for FAILED.
        persons: what it found.
        page: detections a page.
    """

    start_errors: Sequence[str] = ()
    polls: int = 0
    status: str = "SUCCEEDED"
    message: str | None = None
    persons: Sequence[Mapping[str, Any]] = ()
    page: int = 1000


@dataclass
class _Job:
    script: Script
    asked: int = 0


@dataclass
class FaceDouble:
    """The scripted service: scripts by object key, and what was asked of it."""

    scripts: dict[str, Script] = field(default_factory=dict)
    jobs: dict[str, _Job] = field(default_factory=dict)
    calls_of_start: dict[str, list[str]] = field(default_factory=dict)
    thresholds: dict[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, operation: str, parameters: Mapping[str, Any], call: str) -> dict[str, Any]:
        """The result of one request; `call` names the client's call, the same for its own retries."""
        with self.lock:
            if operation == "StartFaceSearch":
                return self._start(parameters, call)
            if operation == "GetFaceSearch":
                return self._get(parameters)
            if operation == "CreateCollection":
                return {"StatusCode": 200}
            return {"FaceModelVersion": MODEL}

    def _start(self, parameters: Mapping[str, Any], call: str) -> dict[str, Any]:
        key = parameters["Video"]["S3Object"]["Name"]
        script = self.scripts[key]
        calls = self.calls_of_start.setdefault(key, [])
        if call not in calls:
            calls.append(call)
        number = calls.index(call)
        if number < len(script.start_errors):
            raise refusal(script.start_errors[number])
        self.thresholds[key] = parameters["FaceMatchThreshold"]
        job_id = hashlib.sha256(parameters["ClientRequestToken"].encode()).hexdigest()
        self.jobs.setdefault(job_id, _Job(script))
        return {"JobId": job_id}

    def _get(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        job = self.jobs.get(parameters["JobId"])
        if job is None:
            raise ResourceNotFoundError("Request has invalid JobId")
        job.asked += 1
        script = job.script
        if job.asked <= script.polls:
            return {"JobStatus": "IN_PROGRESS"}
        if script.status != "SUCCEEDED":
            return {"JobStatus": script.status, "StatusMessage": script.message}
        size = min(parameters.get("MaxResults", 1000), script.page)
        first = int(parameters.get("NextToken", "0"))
        rest = len(script.persons) > first + size
        return {
            "JobStatus": "SUCCEEDED",
            "VideoMetadata": {"DurationMillis": 60_000, "FrameRate": 25.0, "FrameHeight": 720, "FrameWidth": 1280},
            "Persons": list(script.persons[first : first + size]),
            "NextToken": str(first + size) if rest else None,
        }


@contextmanager
def serving(double: FaceDouble) -> Iterator[str]:
    """Serve the double on a free port; its address."""

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:  # noqa: N802 (the base class calls it so)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                operation = protocol.operation_model(self.headers.get("X-Amz-Target", ""))
                call = self.headers.get("amz-sdk-invocation-id", "")
                result = double.answer(operation.name, protocol.parse(operation, body), call)
                self._send(200, protocol.serialise(operation, result))
            except RekognitionError as error:
                self._send(error.status, protocol.serialise_error(error))

        def _send(self, status: int, body: bytes) -> None:
            self.answer(status, {"Content-Type": protocol.CONTENT_TYPE}, body)

    with http_server(Handler) as address:
        yield address
