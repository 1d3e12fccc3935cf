"""Lectures played through the real handlers, on the emulated AWS with its tables and buckets.

Only the face service is another one: it has found in each course's video what the course's `Lecture` says. Each handler
runs in a process of its own, one after another as the machine's definition has them.
"""

import json
import tempfile
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from bench.lecture import PRESENT_AT, REVIEW_AT, Lecture, student_id
from bench.machine import Visit, follow
from bench.step import Ran, run
from local.environment import ACCESS_KEY, SECRET_KEY, clean_environment
from local.home import Endpoints, Home
from local.supervisor import LocalStack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

DATE = "2026-11-20"
_BATCH = 25
"""Items DynamoDB takes in one BatchWriteItem."""


@dataclass(frozen=True)
class Played:
    """One video's way through the handlers: the tasks in order, and each function's run by its folder."""

    visits: tuple[Visit, ...]
    ran: Mapping[str, Ran]


@dataclass
class Hall:
    """A running stack in which lectures are played."""

    endpoints: Endpoints
    temporary: Path
    lectures: dict[str, Lecture] = field(default_factory=dict)

    def play(self, course: str, lecture: Lecture) -> Played:
        """Enrol the course's roster and run the handlers on its video."""
        self.lectures[course] = lecture
        environment = {**clean_environment(self.temporary), **self.endpoints.client_environment}
        ran: dict[str, Ran] = {}
        create(self.endpoints, course)
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            enrolled = pool.submit(enrol, self.endpoints, course, lecture)  # beside the steps that need none

            def call(step: str, given: dict[str, Any]) -> dict[str, Any]:
                if step == "resolve_names":
                    enrolled.result()
                ran[step] = run(step, given, environment)
                return ran[step].answer

            visits = tuple(follow(call, uploaded(self.endpoints.bucket, f"videos/{course}/{DATE}/lecture.mp4")))
        return Played(visits, ran)


@contextmanager
def open_hall() -> Iterator[Hall]:
    """A stack of its own, gone with all its data at the end."""
    lectures: dict[str, Lecture] = {}
    with (
        tempfile.TemporaryDirectory(prefix="hall-") as home,
        tempfile.TemporaryDirectory(prefix="hall-tmp-") as temporary,
        _serving(lectures) as rekognition,
        LocalStack(Home(Path(home)), rekognition_url=rekognition, web=False) as stack,
    ):
        yield Hall(stack.endpoints, Path(temporary), lectures)


def uploaded(bucket: str, key: str) -> dict[str, Any]:
    """What the machine reads of the event of an upload."""
    made = {"key": key, "size": 1_000_000_000, "etag": "e" * 32, "version-id": "1"}
    detail = {"bucket": {"name": bucket}, "object": made}
    return {"source": "aws.s3", "detail-type": "Object Created", "time": f"{DATE}T16:00:00Z", "detail": detail}


def create(endpoints: Endpoints, course: str) -> None:
    """Create a course with the thresholds that lectures are made for."""
    words = {"course_id": course, "course_name": course, "time_zone": "UTC", "created_at": DATE}
    limits = {"present_threshold": PRESENT_AT, "review_threshold": REVIEW_AT}
    item: dict[str, Any] = {name: {"S": word} for name, word in words.items()}
    item |= {name: {"N": f"{limit:g}"} for name, limit in limits.items()}
    tables(endpoints).put_item(TableName=endpoints.settings["COURSES_TABLE"], Item=item)


def enrol(endpoints: Endpoints, course: str, lecture: Lecture) -> None:
    """Put a lecture's students on a course's roster."""
    dynamodb = tables(endpoints)
    for first in range(0, lecture.roster, _BATCH):
        numbers = range(first, min(first + _BATCH, lecture.roster))
        requests: Any = [
            {"PutRequest": {"Item": _enrolment(course, number, lecture.name(number))}} for number in numbers
        ]
        dynamodb.batch_write_item(RequestItems={endpoints.settings["ROSTERS_TABLE"]: requests})


def tables(endpoints: Endpoints) -> "DynamoDBClient":
    """DynamoDB in its own notation, which is several times quicker for tens of thousands of items."""
    session = boto3.Session(ACCESS_KEY, SECRET_KEY, region_name=endpoints.region)
    return session.client("dynamodb", endpoint_url=endpoints.aws)


def _enrolment(course: str, number: int, name: str) -> dict[str, Any]:
    values = {"course_id": course, "student_id": student_id(number), "student_name": name}
    return {name: {"S": value} for name, value in values.items()}


_ANSWERS = {"CreateCollection": b'{"StatusCode": 200}', "DescribeCollection": b'{"FaceModelVersion": "7.0"}'}


def _answer(lectures: Mapping[str, Lecture], operation: str, request: Any) -> bytes:
    """A job is named after the course of its video; text goes out as it is made, since serialising takes longer."""
    if operation == "StartFaceSearch":
        return json.dumps({"JobId": request["Video"]["S3Object"]["Name"].split("/")[1]}).encode()
    if operation != "GetFaceSearch":
        return _ANSWERS[operation]
    if request["MaxResults"] == 1:
        return b'{"JobStatus": "SUCCEEDED"}'
    return lectures[request["JobId"]].page(int(request.get("NextToken", "0")))


@contextmanager
def _serving(lectures: Mapping[str, Lecture]) -> Iterator[str]:
    """A face service on a free port that has found what the lectures say; its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Answer one operation."""
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = _answer(lectures, self.headers["X-Amz-Target"].partition(".")[2], request)
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
