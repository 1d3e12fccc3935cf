"""Reconcile, with its adapters on moto's Step Functions, S3 and DynamoDB."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from attendance import keys
from attendance.aws import clients
from attendance.pipeline import place_of, record_failure
from attendance.recovery import GRACE, Tools
from tests.builders import EXECUTION, event
from tests.contracts import recorded
from tests.functional.functions.stopped import Function, executions, function_on, put_video

DATE = "2026-11-20"


@pytest.fixture
def function(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> Function:
    return function_on(tools, monkeypatch)


def schedule(after: timedelta = GRACE + timedelta(minutes=1)) -> dict[str, Any]:
    """The scheduled event of a moment from now on, for the objects of these tests are as old as the test."""
    return recorded("reconcile") | {"time": (datetime.now(UTC) + after).isoformat()}


def add_course(course_id: str = "cs101") -> None:
    clients.dynamodb().Table("rollcall-courses").put_item(Item={"course_id": course_id, "time_zone": "UTC"})


def test_an_upload_whose_event_was_lost_is_run_once(tools: Tools, function: Function) -> None:
    add_course()
    upload = put_video(f"videos/cs101/{DATE}/lost.mp4")
    assert function("reconcile", schedule()) == {"started": 1, "recorded": 0, "settled": 0, "left": 0}
    function("reconcile", schedule())
    assert executions(tools) == {upload.key: "RUNNING"}


def test_a_video_is_found_in_the_session_of_its_event_when_the_bucket_tells_another_day(
    tools: Tools, function: Function
) -> None:
    made = put_video("videos/long upload.mp4")
    told = event(made.key, version=made.version_id, etag=made.etag, size=made.size, time="2026-01-05T12:00:00Z")
    record_failure(told, EXECUTION, {"Error": "States.Timeout", "Cause": ""}, tools.services)
    assert function("reconcile", schedule()) == {"started": 0, "recorded": 0, "settled": 0, "left": 0}
    assert tools.sessions.session("default", "2026-01-05")


def test_an_upload_that_cannot_be_filed_is_run_too_so_that_its_failure_is_recorded(
    tools: Tools, function: Function
) -> None:
    put_video("videos/no course/x.mp4")
    assert function("reconcile", schedule())["started"] == 1


def test_what_lies_beside_the_videos_is_no_upload(function: Function) -> None:
    put_video("notes/x.mp4")
    assert function("reconcile", schedule())["started"] == 0


def test_each_version_of_an_object_is_a_video(tools: Tools, function: Function) -> None:
    add_course()
    put_video(f"videos/cs101/{DATE}/x.mp4", b"one")
    put_video(f"videos/cs101/{DATE}/x.mp4", b"two")
    assert function("reconcile", schedule())["started"] == 2


def test_a_video_is_left_alone_while_its_run_goes_on_and_run_again_when_that_broke_off(
    tools: Tools, function: Function
) -> None:
    add_course()
    upload = put_video(f"videos/cs101/{DATE}/x.mp4")
    arn = tools.runs.start(upload, "")
    tools.services.sessions.add_video(place_of(upload, tools.services), upload.uploaded_at, arn)
    assert function("reconcile", schedule())["started"] == 0
    forgotten = f"{arn}-of-90-days-ago"
    tools.services.sessions.add_video(place_of(upload, tools.services), upload.uploaded_at, forgotten)
    assert function("reconcile", schedule())["started"] == 1


def test_a_run_that_was_aborted_is_recorded_where_its_event_was_lost(tools: Tools, function: Function) -> None:
    add_course()
    upload = put_video(f"videos/cs101/{DATE}/x.mp4")
    arn = tools.runs.start(upload, "")
    tools.services.sessions.add_video(place_of(upload, tools.services), upload.uploaded_at, arn)
    clients.stepfunctions().stop_execution(executionArn=arn)
    assert function("reconcile", schedule()) == {"started": 0, "recorded": 1, "settled": 0, "left": 0}
    session = tools.sessions.session("cs101", DATE)
    assert session
    assert session.videos[0].error
    assert session.videos[0].error.name == "Execution.Aborted"
    assert function("reconcile", schedule()) == {"started": 0, "recorded": 0, "settled": 0, "left": 0}


# ---- the adapters


def test_a_run_is_started_with_the_event_of_its_upload(tools: Tools) -> None:
    upload = put_video(f"videos/cs101/{DATE}/Über uns + 1.mp4")
    arn = tools.runs.start(upload, "")
    told = json.loads(clients.stepfunctions().describe_execution(executionArn=arn)["input"])
    assert keys.video_object(told) == upload


def test_two_who_start_the_same_run_start_one_and_a_third_after_its_end_another(tools: Tools) -> None:
    upload = put_video(f"videos/cs101/{DATE}/x.mp4")
    first = tools.runs.start(upload, "run:0")
    assert tools.runs.start(upload, "run:0") == first
    clients.stepfunctions().stop_execution(executionArn=first)
    second = tools.runs.start(upload, "run:0")
    assert second != first
    assert [tools.runs.status(arn) for arn in (first, second, f"{first}x", "")] == ["ABORTED", "RUNNING", None, None]


@pytest.mark.parametrize("arn", ["nonsense", "x" * 10_000, "arn:aws:states:eu-west-1:1:execution:other:one", "\x00"])
def test_what_is_no_execution_of_this_machine_has_no_status(tools: Tools, arn: str) -> None:
    assert tools.runs.status(arn) is None


def test_an_object_that_is_gone_or_was_replaced_has_no_size(tools: Tools) -> None:
    one = put_video(f"videos/cs101/{DATE}/x.mp4", b"one")
    two = put_video(f"videos/cs101/{DATE}/x.mp4", b"three")
    size_of = tools.uploads.size_of
    assert (size_of(one.bucket, one.key, one.version_id, one.etag), size_of(two.bucket, two.key, None, two.etag)) == (
        3,
        5,
    )
    assert size_of(one.bucket, one.key, None, one.etag) is None
    assert size_of(one.bucket, "videos/never.mp4", None, one.etag) is None
    clients.s3().delete_object(Bucket=one.bucket, Key=one.key, VersionId=one.version_id or "")
    assert size_of(one.bucket, one.key, one.version_id, one.etag) is None


def test_uploads_are_those_from_a_moment_on(tools: Tools) -> None:
    for number in range(5):
        put_video(f"videos/{number}.mp4")
    every = list(tools.uploads.since(datetime.min.replace(tzinfo=UTC)))
    assert [upload.key for upload in every] == [f"videos/{number}.mp4" for number in range(5)]
    assert list(tools.uploads.since(datetime.now(UTC) + timedelta(hours=1))) == []
