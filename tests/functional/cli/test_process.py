"""Uploading and following: a real S3, EventBridge and Step Functions of the emulated AWS."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from attendance.aws.following import Searched
from attendance.errors import BadVideoKeyError
from attendance.keys import video_id
from attendance.model import VideoObject
from cli.follow import ProcessingFailedError, Step, VideoFileError, process_video
from tests.functional.cli.conftest import Rollcall
from tests.functional.web.tables import put, row_item, session_item


class Pipeline:
    """Writes what the functions would write for an upload, at the first step that is told."""

    def __init__(self, key: str, status: str = "complete", error: dict[str, str] | None = None) -> None:
        self.steps: list[Step] = []
        self._key = key
        self._status = status
        self._error = error

    def __call__(self, step: Step) -> None:
        self.steps.append(step)
        if len(self.steps) == 1:
            self._write()

    def _write(self) -> None:
        _, course_id, date, *slot, _ = self._key.split("/")
        made = boto3.client("s3").head_object(Bucket="rollcall-videos", Key=self._key)
        # The emulator's events name no version.
        etag, at = made["ETag"].strip('"'), made["LastModified"]
        uploaded = VideoObject("rollcall-videos", self._key, None, etag, 1, at)
        session = "_".join((date, *slot))
        item = session_item(course_id, session, status=self._status)
        item["videos"] = {video_id(uploaded): {"status": self._status, "error": self._error}}
        put("sessions", item)
        for student_id, status in (("s1", "absent"), ("s2", "present"), ("s3", "review")):
            put("attendance", row_item(course_id, session, student_id, status))


@pytest.fixture(autouse=True)
def course(in_stack: dict[str, str]) -> None:
    put("courses", {"course_id": "physics", "course_name": "Physics", "time_zone": "UTC"})


def _video(folder: Path, name: str = "a léc+ture 1.mp4") -> Path:
    file = folder / name
    file.write_bytes(b"video")
    return file


def test_a_video_becomes_a_register_that_is_followed_live(in_stack: dict[str, str], tmp_path: Path) -> None:
    pipeline = Pipeline("videos/physics/2026-03-02/a léc+ture 1.mp4")
    result = process_video(in_stack, _video(tmp_path), "physics", "2026-03-02", pipeline)
    assert result["session"] == {
        "course_id": "physics",
        "session_id": "2026-03-02",
        "date": "2026-03-02",
        "status": "complete",
        "counts": {"present": 1, "review": 1, "absent": 1},
    }
    assert [row["student_id"] for row in result["rows"]] == ["s3", "s2", "s1"]
    assert set(result["rows"][0]) == {
        *("student_id", "student_name", "status", "similarity", "first_seen_ms"),
        *("last_seen_ms", "sightings", "margin", "evidence"),
        *("late", "left_early", "decided", "correction", "version"),
    }
    assert result["rows"][0]["evidence"]["timestamp_ms"] == 61_500
    assert json.loads(json.dumps(result)) == result
    states = [step.state for step in pipeline.steps]
    assert states[0] == "Uploaded"
    assert states[-1] == "Close"
    assert Searched(50.0, 2, 60) in [step.searched for step in pipeline.steps]
    assert set(result["timings"]["states"]) >= {"Search", "Wait", "Close"}
    assert result["timings"]["states"]["Wait"] >= 0.5


def test_a_video_of_one_of_several_classes_of_a_day_goes_to_its_slot(in_stack: dict[str, str], tmp_path: Path) -> None:
    pipeline = Pipeline("videos/physics/2026-03-06/lab-2/a.mp4")
    result = process_video(in_stack, _video(tmp_path, "a.mp4"), "physics", "2026-03-06", pipeline, "lab-2")
    assert result["session"]["session_id"] == "2026-03-06_lab-2"
    assert len(result["rows"]) == 3
    with pytest.raises(BadVideoKeyError, match="slot"):
        process_video(in_stack, _video(tmp_path, "a.mp4"), "physics", "2026-03-06", lambda _: None, "lab 2")


def test_the_same_file_again_is_another_upload(in_stack: dict[str, str], tmp_path: Path) -> None:
    for _ in range(2):
        pipeline = Pipeline("videos/physics/2026-03-03/a.mp4")
        result = process_video(in_stack, _video(tmp_path, "a.mp4"), "physics", "2026-03-03", pipeline)
        assert result["session"]["status"] == "complete"


def test_a_failed_video_ends_with_its_recorded_reason(in_stack: dict[str, str], tmp_path: Path) -> None:
    reason = {"name": "EmptyVideoError", "reason": "The file has no bytes. Upload it again."}
    pipeline = Pipeline("videos/physics/2026-03-04/bad.mp4", "failed", reason)
    with pytest.raises(ProcessingFailedError, match=r"no bytes\. Upload it again"):
        process_video(in_stack, _video(tmp_path, "bad.mp4"), "physics", "2026-03-04", pipeline)


def test_a_run_that_could_not_even_record_its_failure_is_told_too(in_stack: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ProcessingFailedError, match=r"ended as FAILED .*BrokenError"):
        process_video(in_stack, _video(tmp_path, "bad2.mp4"), "physics", "2026-03-05", lambda _: None)


@pytest.mark.parametrize(
    ("name", "course", "date"),
    [
        ("a.mp4", "a/b", "2026-03-02"),
        ("a.mp4", "..", "2026-03-02"),
        ("a.mp4", "unfiled", "2026-03-02"),
        ("a.mp4", "physics", "2026-02-30"),
        ("a.mp4", "physics", "today"),
        ("a.avi", "physics", "2026-03-02"),
        ("a", "physics", "2026-03-02"),
    ],
)
def test_what_can_be_no_video_is_refused_before_a_byte_is_sent(
    in_stack: dict[str, str], tmp_path: Path, name: str, course: str, date: str
) -> None:
    steps: list[Any] = []
    with pytest.raises(BadVideoKeyError):
        process_video(in_stack, _video(tmp_path, name), course, date, steps.append)
    assert not steps


def test_a_file_that_is_gone_is_told_plainly(in_stack: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(VideoFileError, match=r"gone\.mp4 cannot be read"):
        process_video(in_stack, tmp_path / "gone.mp4", "physics", "2026-03-02", lambda _: None)


def test_the_command_ends_with_one_and_the_reason(rollcall: Rollcall, tmp_path: Path) -> None:
    video = _video(tmp_path, "bad3.mp4")
    done = rollcall("process", video, "--course", "physics", "--date", "2026-03-06", "--json")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Error: The run ended as FAILED" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("date", [(), ("--date", "2026-03-02")])
def test_an_unknown_course_is_refused_with_what_to_do_before_a_byte_is_sent(
    rollcall: Rollcall, tmp_path: Path, date: tuple[str, ...]
) -> None:
    done = rollcall("process", _video(tmp_path), "--course", "nowhere", *date)
    assert done.returncode == 1
    assert "There is no course nowhere" in done.stderr
    assert "Contents" not in boto3.client("s3").list_objects_v2(Bucket="rollcall-videos", Prefix="videos/nowhere/")


def test_a_bucket_that_takes_no_video_is_told_without_a_stack_trace(in_stack: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        process_video(in_stack | {"VIDEOS_BUCKET": "gone"}, _video(tmp_path), "physics", "2026-03-02", lambda _: None)
