"""The service as a process: what it keeps when it dies, and how it ends."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.parity.conftest import DEADLINE_SECONDS, ROOT, eventually, running_service

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def test_faces_and_finished_searches_survive_kill_9(
    tmp_path: Path, s3_url: str, s3: "S3Client", pictures: Path
) -> None:
    s3.put_object(Bucket="class-videos", Key="survivor.mp4", Body=(pictures / "man.mp4").read_bytes())
    target: Any = {"S3Object": {"Bucket": "class-videos", "Name": "survivor.mp4"}}
    photo: Any = {"Bytes": (pictures / "man.jpg").read_bytes()}
    with running_service(tmp_path, s3_url) as running:
        client = running.client
        client.create_collection(CollectionId="class")
        job_id = client.start_face_search(Video=target, CollectionId="class")["JobId"]
        eventually(lambda: client.get_face_search(JobId=job_id)["JobStatus"] == "SUCCEEDED")
        finished = client.get_face_search(JobId=job_id)["Persons"]
        (record,) = client.index_faces(CollectionId="class", Image=photo)["FaceRecords"]
        interrupted = client.start_face_search(Video=target, CollectionId="class")["JobId"]
        running.process.kill()
        running.process.wait()
    with running_service(tmp_path, s3_url) as running:
        client = running.client
        (match,) = client.search_faces_by_image(CollectionId="class", Image=photo)["FaceMatches"]
        assert match["Face"] == record["Face"]
        assert client.get_face_search(JobId=job_id)["Persons"] == finished
        eventually(lambda: client.get_face_search(JobId=interrupted)["JobStatus"] == "SUCCEEDED")
        assert any("FaceMatches" in person for person in client.get_face_search(JobId=interrupted)["Persons"])


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_service_cleanly(tmp_path: Path, s3_url: str, stop: signal.Signals) -> None:
    with running_service(tmp_path, s3_url) as running:
        running.process.send_signal(stop)
        assert running.process.wait(DEADLINE_SECONDS) == 0


def test_two_services_cannot_share_a_data_folder(tmp_path: Path, s3_url: str) -> None:
    with running_service(tmp_path, s3_url):
        told = _refusal("--home", str(tmp_path), "--port", "0")
    assert "Another face service works in" in told


def test_a_folder_with_other_files_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    for name in ("videos/lecture.mp4", "lock", "notes.txt"):
        (tmp_path / name).write_bytes(b"mine")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    told = _refusal("--home", str(tmp_path), "--port", "0")
    assert "holds other files: give the face service a folder of its own" in told
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    assert (tmp_path / "videos" / "lecture.mp4").read_bytes() == b"mine"


def test_a_home_of_an_earlier_version_goes_on_without_what_that_left_behind(tmp_path: Path, s3_url: str) -> None:
    left_behind, recording = tmp_path / "videos/tmpk3_x9a0b/video", tmp_path / "videos/lecture.mp4"
    left_behind.parent.mkdir(parents=True)
    for path in (left_behind, recording, tmp_path / "collections.sqlite3", tmp_path / "lock"):
        path.touch()
    with running_service(tmp_path, s3_url) as running:
        running.client.create_collection(CollectionId="class")
    assert not left_behind.exists()
    assert recording.exists()
    with running_service(tmp_path, s3_url) as running:
        assert running.client.list_collections()["CollectionIds"] == ["class"]


def test_a_first_start_that_was_killed_at_once_is_begun_again(tmp_path: Path, s3_url: str) -> None:
    (tmp_path / "lock").touch()
    (tmp_path / "models").mkdir()
    with running_service(tmp_path, s3_url) as running:
        assert running.client.list_collections()["CollectionIds"] == []


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        told = _refusal("--home", str(tmp_path), "--port", str(taken.getsockname()[1]))
    assert "Address already in use" in told


def _refusal(*arguments: str) -> str:
    ended = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "rekognition_local", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_it_listens_on_this_machine_only_and_tells_its_health(tmp_path: Path, s3_url: str) -> None:
    with running_service(tmp_path, s3_url) as running:
        assert running.url.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(f"{running.url}/healthz") as response:  # noqa: S310 - our own URL
            health = json.load(response)
    assert health["status"] == "ok"
    assert health["model_version"]
    assert health["jobs"] == {"IN_PROGRESS": 0, "SUCCEEDED": 0, "FAILED": 0}


def test_s3_out_of_reach_is_an_internal_error(tmp_path: Path) -> None:
    with running_service(tmp_path, "http://127.0.0.1:9") as running:
        client = running.client
        photo: Any = {"S3Object": {"Bucket": "class-videos", "Name": "a.jpg"}}
        with pytest.raises(client.exceptions.InternalServerError, match="S3 cannot be read"):
            client.detect_faces(Image=photo)
