import base64
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from rekognition_local.app import MAX_BODY_BYTES, create_app
from rekognition_local.jobs import MAX_JOBS_IN_PROGRESS
from rekognition_local.operations.videos import MAX_VIDEO_BYTES
from rekognition_local.ports import Picture
from rekognition_local.service import FaceService, assemble
from rekognition_local.settings import Settings
from tests.unit.rekognition_local.conftest import VIDEO
from tests.unit.rekognition_local.doubles import ColourModel, DictObjects, Gate, ScriptedSearch, a_face, a_picture

ADA = a_picture(10)
VIDEO_MEMBER = {"S3Object": {"Bucket": VIDEO.bucket, "Name": VIDEO.name}}


class Calls:
    """Operations called by their name, as raw HTTP."""

    def __init__(self, http: FlaskClient) -> None:
        self.http = http

    def raw(self, operation: str, body: bytes) -> tuple[int, dict[str, Any]]:
        headers = {"X-Amz-Target": f"RekognitionService.{operation}"}
        response = self.http.post("/", data=body, headers=headers)
        assert response.content_type == "application/x-amz-json-1.1"
        assert response.headers["x-amzn-RequestId"]
        return response.status_code, json.loads(response.data)

    def __call__(self, operation: str, **members: Any) -> dict[str, Any]:
        status, body = self.raw(operation, json.dumps(members).encode())
        return body if status == 200 else {"code": body["__type"], "message": body["message"]}


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def service(tmp_path: Path, objects: DictObjects, gate: Gate) -> Iterator[FaceService]:
    service = assemble(Settings(home=tmp_path / "home"), ColourModel(), objects, ScriptedSearch(gate))
    service.collections.create("class")
    yield service
    service.close()


@pytest.fixture
def call(service: FaceService) -> Calls:
    return Calls(create_app(service).test_client())


def image(content: bytes) -> dict[str, str]:
    return {"Bytes": base64.b64encode(content).decode()}


def test_an_unknown_operation_is_told(call: Calls) -> None:
    assert call("DropTables")["code"] == "UnknownOperationException"


def test_an_operation_that_is_not_offered_is_told_with_those_that_are(call: Calls) -> None:
    answer = call("DetectLabels")
    assert answer["code"] == "AccessDeniedException"
    assert "does not offer DetectLabels" in answer["message"]
    assert "IndexFaces" in answer["message"]


def test_a_request_that_is_too_large_is_told(call: Calls) -> None:
    status, body = call.raw("DetectFaces", b'{"Image": {"Bytes": "' + b"A" * MAX_BODY_BYTES + b'"}}')
    assert (status, body["__type"]) == (400, "ImageTooLargeException")


def test_a_fault_is_an_internal_error_without_a_trace_of_itself(
    call: Calls, service: FaceService, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_self: ColourModel, _image: Picture) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(ColourModel, "detect", broken)
    with caplog.at_level(logging.ERROR):
        status, body = call.raw("DetectFaces", json.dumps({"Image": image(ADA)}).encode())
    assert (status, body["__type"]) == (500, "InternalServerError")
    assert "secret" not in json.dumps(body)
    assert "a secret detail" in caplog.text
    assert image(ADA)["Bytes"][:40] not in caplog.text


@pytest.mark.parametrize("host", ["rollcall.example", "127.0.0.1.example:4567", "", "[", "localhost.example"])
def test_a_caller_by_a_foreign_name_is_refused(call: Calls, host: str) -> None:
    for answer in (call.http.get("/healthz", headers={"Host": host}), call.http.post("/", headers={"Host": host})):
        assert answer.status_code == 400
        assert json.loads(answer.data)["__type"] == "AccessDeniedException"


@pytest.mark.parametrize("host", ["localhost:4567", "172.17.0.1:4567", "[::1]:4567", "host.docker.internal:4567"])
def test_a_caller_by_an_address_or_a_local_name_is_answered(call: Calls, host: str) -> None:
    assert call.http.get("/healthz", headers={"Host": host}).status_code == 200


def test_health_tells_the_model_and_the_jobs(call: Calls) -> None:
    response = call.http.get("/healthz", headers={"Host": "127.0.0.1:4567"})
    assert response.status_code == 200
    assert response.json == {
        "status": "ok",
        "model_version": "1.0",
        "jobs": {"IN_PROGRESS": 0, "SUCCEEDED": 0, "FAILED": 0},
    }


@pytest.mark.parametrize(
    ("operation", "members", "code"),
    [
        ("CreateCollection", {"CollectionId": "class"}, "ResourceAlreadyExistsException"),
        ("CreateCollection", {"CollectionId": "new", "Tags": {"a": "b"}}, "InvalidParameterException"),
        ("DescribeCollection", {"CollectionId": "nobody"}, "ResourceNotFoundException"),
        ("DeleteCollection", {"CollectionId": "nobody"}, "ResourceNotFoundException"),
        ("IndexFaces", {"CollectionId": "nobody", "Image": image(ADA)}, "ResourceNotFoundException"),
        ("IndexFaces", {"CollectionId": "class", "Image": {}}, "InvalidParameterException"),
        ("IndexFaces", {"CollectionId": "class", "Image": image(b"text")}, "InvalidImageFormatException"),
        ("ListFaces", {"CollectionId": "class", "UserId": "ada"}, "ResourceNotFoundException"),
        ("ListFaces", {"CollectionId": "class", "NextToken": "forged"}, "InvalidPaginationTokenException"),
        ("ListCollections", {"NextToken": "forged"}, "InvalidPaginationTokenException"),
        ("SearchFacesByImage", {"CollectionId": "class", "Image": image(a_picture(0))}, "InvalidParameterException"),
        ("CompareFaces", {"SourceImage": image(a_picture(0)), "TargetImage": image(ADA)}, "InvalidParameterException"),
        ("CompareFaces", {"SourceImage": image(ADA), "TargetImage": image(a_picture(0))}, "InvalidParameterException"),
        ("StartFaceSearch", {"CollectionId": "nobody", "Video": VIDEO_MEMBER}, "ResourceNotFoundException"),
        ("StartFaceSearch", {"CollectionId": "class", "Video": {}}, "InvalidParameterException"),
        (
            "StartFaceSearch",
            {"CollectionId": "class", "Video": {"S3Object": {"Bucket": "videos", "Name": "gone.mp4"}}},
            "InvalidS3ObjectException",
        ),
        (
            "StartFaceSearch",
            {
                "CollectionId": "class",
                "Video": VIDEO_MEMBER,
                "NotificationChannel": {
                    "SNSTopicArn": "arn:aws:sns:us-east-1:123456789012:topic",
                    "RoleArn": "arn:aws:iam::123456789012:role/sender",
                },
            },
            "InvalidParameterException",
        ),
        ("GetFaceSearch", {"JobId": "nothing"}, "ResourceNotFoundException"),
    ],
)
def test_a_request_that_cannot_be_met_is_a_typed_error(
    call: Calls, operation: str, members: dict[str, Any], code: str
) -> None:
    assert call(operation, **members)["code"] == code


def test_a_video_of_more_than_ten_gigabytes_is_refused(call: Calls, objects: DictObjects) -> None:
    objects.sizes[VIDEO.bucket, VIDEO.name] = MAX_VIDEO_BYTES + 1
    assert call("StartFaceSearch", CollectionId="class", Video=VIDEO_MEMBER)["code"] == "VideoTooLargeException"


def test_at_most_twenty_searches_are_in_progress(call: Calls, gate: Gate) -> None:
    for _ in range(MAX_JOBS_IN_PROGRESS):
        assert "JobId" in call("StartFaceSearch", CollectionId="class", Video=VIDEO_MEMBER)
    assert call("StartFaceSearch", CollectionId="class", Video=VIDEO_MEMBER)["code"] == "LimitExceededException"


def test_a_token_starts_its_search_once_even_when_the_video_is_gone(call: Calls, objects: DictObjects) -> None:
    search = {"CollectionId": "class", "Video": VIDEO_MEMBER, "ClientRequestToken": "token"}
    started = call("StartFaceSearch", **search)
    objects.contents.clear()
    assert call("StartFaceSearch", **search) == started
    mismatch = call("StartFaceSearch", **search, FaceMatchThreshold=99)
    assert mismatch["code"] == "IdempotentParameterMismatchException"


def test_a_search_tells_its_progress_and_its_place_in_the_queue(call: Calls, gate: Gate) -> None:
    running = call("StartFaceSearch", CollectionId="class", Video=VIDEO_MEMBER, JobTag="tag")["JobId"]
    waiting = call("StartFaceSearch", CollectionId="class", Video=VIDEO_MEMBER)["JobId"]
    gate.wait_reached()
    assert call("GetFaceSearch", JobId=running) == {
        "JobId": running,
        "JobStatus": "IN_PROGRESS",
        "StatusMessage": "37 percent of the video searched, people seen: 5",
        "Video": VIDEO_MEMBER,
        "JobTag": "tag",
        "Persons": [],
    }
    assert call("GetFaceSearch", JobId=waiting)["StatusMessage"] == "Waiting; earlier searches in progress: 1"


def test_the_smallest_faces_give_way_when_there_are_too_many(call: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = [a_face(left=number / 200) for number in range(101)]
    monkeypatch.setattr(ColourModel, "detect", lambda _self, _image: crowd)
    answer = call("IndexFaces", CollectionId="class", Image=image(ADA), MaxFaces=2)
    assert [record["Face"]["BoundingBox"]["Left"] for record in answer["FaceRecords"]] == [0.0, 0.005]
    assert len(answer["UnindexedFaces"]) == 98
    assert {tuple(face["Reasons"]) for face in answer["UnindexedFaces"]} == {("EXCEEDS_MAX_FACES",)}
    assert len(call("IndexFaces", CollectionId="class", Image=image(ADA), MaxFaces=4096)["FaceRecords"]) == 100
