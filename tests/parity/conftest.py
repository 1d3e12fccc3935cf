"""The real service with the real engine, an S3 over HTTP, and a boto3 client that judges every answer."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.model import ListShape, OperationModel, Shape, StructureShape
from botocore.validate import ParamValidator

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient
    from mypy_boto3_s3 import S3Client

ROOT = Path(__file__).parent.parent.parent
DEADLINE_SECONDS = 60.0
REGION = "us-east-1"


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def client_for(url: str) -> "RekognitionClient":
    """A boto3 client, parameter validation on, that fails the test on any answer outside of botocore's model."""
    client = boto3.client(
        "rekognition",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=DEADLINE_SECONDS),
    )
    client.meta.events.register("before-parse.rekognition", _judge)
    return client


def _judge(operation_model: OperationModel, response_dict: dict[str, Any], **_: Any) -> None:
    """Check the body as it came, before boto3 drops what it does not know."""
    assert response_dict["headers"]["x-amzn-requestid"]
    assert response_dict["headers"]["content-type"] == "application/x-amz-json-1.1"
    body = json.loads(response_dict["body"])
    if response_dict["status_code"] == 200:
        assert operation_model.output_shape is not None
        report = ParamValidator().validate(body, operation_model.output_shape)
        assert not report.has_errors(), report.generate_report()
        _judge_constraints(operation_model.output_shape, body)


def _judge_constraints(shape: Shape, value: Any) -> None:
    """Patterns, enums and upper limits, which botocore's validator leaves to the service."""
    if isinstance(shape, StructureShape):
        for name, item in value.items():
            _judge_constraints(shape.members[name], item)
    elif isinstance(shape, ListShape):
        for item in value:
            _judge_constraints(shape.member, item)
    elif isinstance(value, str):
        assert re.fullmatch(shape.metadata.get("pattern", ".*"), value), f"{shape.name}: {value}"
        assert value in (shape.metadata.get("enum") or [value])
        assert len(value) <= shape.metadata.get("max", len(value))
    else:
        assert value <= shape.metadata.get("max", value), f"{shape.name}: {value}"


@dataclass
class Running:
    """A service in a process of its own."""

    process: "subprocess.Popen[str]"
    url: str

    @property
    def client(self) -> "RekognitionClient":
        return client_for(self.url)


@contextmanager
def running_service(home: Path, s3_url: str, **environment: str) -> Iterator[Running]:
    """`python -m rekognition_local` until the block ends."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "rekognition_local", "--port", "0", "--home", str(home)],
        cwd=ROOT,
        env={**os.environ, "AWS_ENDPOINT_URL": s3_url, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "http://127.0.0.1:" in line, f"the service did not start: {line!r}"
        yield Running(process, line.split()[-1])
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def s3_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The emulator's S3."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("emulator")
    environment = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": f"unix://{folder / 'no-docker.sock'}",
        "TMPDIR": str(folder),
        "LOG_LEVEL": "WARNING",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "ministack"],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: _answers(f"{url}/_ministack/health"))
        yield url
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as response:  # noqa: S310 - our own URL
            return bool(response.status == 200)
    except OSError:
        return False


@pytest.fixture(scope="session")
def s3(s3_url: str) -> "S3Client":
    client = boto3.client(
        "s3", endpoint_url=s3_url, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
    )
    client.create_bucket(Bucket="class-videos")
    client.put_bucket_versioning(Bucket="class-videos", VersioningConfiguration={"Status": "Enabled"})
    return client


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory, s3_url: str) -> Iterator[Running]:
    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
    with running_service(tmp_path_factory.mktemp("faces"), s3_url, **credentials) as running:
        yield running


@pytest.fixture
def rekognition(service: Running) -> "RekognitionClient":
    return service.client


@pytest.fixture
def collection(rekognition: "RekognitionClient", request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty collection of the test's own."""
    name = re.sub(r"[^a-zA-Z0-9_.\-]", "-", request.node.name)[:255]
    rekognition.create_collection(CollectionId=name)
    yield name
    rekognition.delete_collection(CollectionId=name)


@pytest.fixture
def enrol(rekognition: "RekognitionClient", collection: str, pictures: Path) -> Callable[..., str]:
    """Index the one face of a picture; its face id."""

    def index(name: str, external_image_id: str | None = None) -> str:
        answer = rekognition.index_faces(
            CollectionId=collection,
            Image={"Bytes": (pictures / name).read_bytes()},
            ExternalImageId=external_image_id or name,
            MaxFaces=1,
        )
        (record,) = answer["FaceRecords"]
        return record["Face"]["FaceId"]

    return index
