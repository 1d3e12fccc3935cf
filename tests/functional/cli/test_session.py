"""`rollcall session`: what has no register, and running it again, in a process of its own on the emulated AWS."""

import json
from typing import Any

import boto3
import pytest

from attendance import keys
from tests.functional.cli.conftest import Rollcall
from tests.functional.web.tables import put, session_item

VIDEO = "0123456789abcdef"
ENDED = "arn:aws:states:us-east-1:000000000000:execution:attendance:ended-and-forgotten"
DATE = "2026-11-20"
ETAG = "d41d8cd98f00b204e9800998ecf8427e"
"""Of an object without a byte."""


def put_session(course_id: str, status: str, *, stored: bool = True, **video: Any) -> str:
    """A session with one video of that status; the video's key."""
    item: dict[str, Any] = session_item(course_id, DATE, status=status)
    record = item["videos"][VIDEO]
    record |= {"execution_arn": ENDED, "etag": ETAG, "version_id": None} | video
    if status == "failed":
        record["error"] = {"name": "OhError", "reason": "The disk was full."}
    if stored:
        boto3.client("s3").put_object(Bucket="rollcall-videos", Key=record["key"], Body=b"")
    put("sessions", item)
    key: str = record["key"]
    return key


def runs_of(key: str) -> list[str]:
    """The executions that were started for a video otherwise than by its upload: their names begin with its id."""
    states = boto3.client("stepfunctions")
    machine = states.list_state_machines()["stateMachines"][0]["stateMachineArn"]
    found = []
    for one in states.list_executions(stateMachineArn=machine)["executions"]:
        event = json.loads(states.describe_execution(executionArn=one["executionArn"])["input"])
        upload = keys.video_object(event)
        if upload.key == key and one["name"].startswith(keys.video_id(upload)):
            found.append(one["name"])
    return found


def test_a_failed_video_is_listed_with_its_reason_and_run_again(rollcall: Rollcall, in_stack: dict[str, str]) -> None:
    key = put_session("default", "failed")
    listed = rollcall("session", "list", "--course", "default")
    assert "The disk was full." in " ".join(listed.stdout.split())
    done = rollcall("session", "retry", "default", DATE, "--video", VIDEO)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"The video {VIDEO} runs again.\n"
    assert len(runs_of(key)) == 1


@pytest.mark.parametrize(
    ("video", "words"),
    [({"job_id": None}, "waiting for the face service"), ({"job_id": "job"}, "being processed")],
)
def test_the_queue_for_the_face_service_is_visible(
    rollcall: Rollcall, in_stack: dict[str, str], video: dict[str, Any], words: str
) -> None:
    put_session("default", "processing", **video)
    assert words in " ".join(rollcall("session", "list").stdout.split())


def test_videos_that_could_not_be_filed_are_listed_too(rollcall: Rollcall, in_stack: dict[str, str]) -> None:
    put_session("unfiled", "failed")
    assert "unfiled" in rollcall("session", "list").stdout


def test_a_class_whose_videos_are_done_has_nothing_to_list(rollcall: Rollcall, in_stack: dict[str, str]) -> None:
    put_session("done", "complete")
    put("courses", {"course_id": "done", "course_name": "Done"})
    assert rollcall("session", "list", "--course", "done").stdout == "Every video has its register.\n"


@pytest.mark.parametrize(
    ("status", "stored", "arguments", "words"),
    [
        ("failed", False, ["refused-1", DATE], "not in the bucket any more. Upload it again."),
        ("complete", True, ["refused-2", DATE], "Nothing failed there"),
        ("failed", True, ["refused-3", "1999-01-01"], "There is no session 1999-01-01"),
        ("failed", True, ["refused-4", DATE, "--video", "f" * 16], "rollcall session list"),
    ],
)
def test_what_cannot_be_run_again_is_told(
    rollcall: Rollcall, in_stack: dict[str, str], status: str, stored: bool, arguments: list[str], words: str
) -> None:
    put_session(arguments[0], status, stored=stored)
    done = rollcall("session", "retry", *arguments)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
