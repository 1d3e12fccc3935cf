"""Uploading: what cannot be a video of the course is refused before a byte is sent, and a run is followed."""

import html
import json
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
import requests
from botocore.stub import Stubber
from flask import Flask
from flask.testing import FlaskClient

from attendance.aws.following import STEPS, RunFollower, RunProgress, Searched
from attendance.aws.uploading import MAX_VIDEO_BYTES, PART_BYTES, SMALL_BYTES
from attendance.keys import video_key
from attendance.model import VideoKey
from tests.functional.web.browsing import TEACHER, followed, words
from tests.functional.web.conftest import SignIn, token
from tests.functional.web.faces import photo
from tests.functional.web.tables import put, row_item, session_item

PAGE = "/courses/physics/upload"
START = "/courses/physics/uploads"
DAY = "2026-03-04"
GOOD = {"name": "lecture 1.mp4", "size": str(SMALL_BYTES + 1), "date": DAY}
KEY = f"videos/physics/{DAY}/lecture 1.mp4"


@pytest.fixture
def teacher(signed_in: SignIn) -> FlaskClient:
    return signed_in(TEACHER)


def ask(client: FlaskClient, path: str = START, **fields: str) -> Any:
    return client.post(path, data={"csrf_token": token(client, PAGE), **fields})


def keys() -> list[str]:
    return [item["Key"] for item in boto3.client("s3").list_objects_v2(Bucket="rollcall-videos").get("Contents", [])]


def test_a_small_video_is_sent_by_a_form_that_takes_no_other_key_or_size(teacher: FlaskClient) -> None:
    ticket = ask(teacher, **GOOD | {"size": "1000"}).json
    assert ticket["key"] == ticket["form"]["fields"]["key"] == KEY
    assert ticket["upload_id"] == ""
    assert set(ticket["form"]["fields"]) >= {"policy", "x-amz-signature"}


@pytest.mark.parametrize("left_out", [False, True])
def test_a_video_that_would_replace_one_that_counts_is_asked_about_first(teacher: FlaskClient, left_out: bool) -> None:
    item = session_item("physics", DAY)
    item["videos"]["0123456789abcdef"] |= {"key": KEY, "left_out": left_out}
    put("sessions", item)
    answer = ask(teacher, **GOOD)
    assert ("key" in answer.json) is left_out
    if not left_out:
        assert answer.json["may_replace"]
        assert "rename the file if it is another" in answer.json["problem"]
    assert ask(teacher, **GOOD, replace="y").json["key"] == KEY
    assert "key" in ask(teacher, **GOOD | {"name": "other.mp4"}).json
    assert "key" in ask(teacher, **GOOD | {"slot": "lab"}).json


def test_a_large_video_is_put_together_from_its_parts(teacher: FlaskClient) -> None:
    ticket = ask(teacher, **GOOD).json
    assert ticket["form"] is None
    assert ticket["part_bytes"] == PART_BYTES
    upload = {"key": ticket["key"], "upload_id": ticket["upload_id"]}
    etags = []
    for number, content in ((1, b"a" * PART_BYTES), (2, b"end")):
        url = ask(teacher, f"{START}/part", **upload, number=str(number)).json["url"]
        etags.append(requests.put(url, data=content, timeout=10).headers["ETag"])
    assert ask(teacher, f"{START}/finish", **upload, etags=json.dumps(etags)).json == {"problem": ""}
    assert keys() == [KEY]
    assert boto3.client("s3").head_object(Bucket="rollcall-videos", Key=KEY)["ContentLength"] == PART_BYTES + 3


def test_parts_that_are_not_there_are_told(teacher: FlaskClient) -> None:
    ticket = ask(teacher, **GOOD).json
    upload = {"key": ticket["key"], "upload_id": ticket["upload_id"]}
    answer = ask(teacher, f"{START}/finish", **upload, etags='["0123456789abcdef0123456789abcdef"]')
    assert answer.status_code == 422
    assert "send the video again" in answer.json["problem"]
    assert not keys()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"size": "0"}, "The file is empty"),
        ({"size": ""}, "The file is empty"),
        ({"size": "-5"}, "The file is empty"),
        ({"size": "9" * 300}, "more than 10 GB"),
        ({"size": str(20 * 2**30)}, "more than 10 GB"),
        ({"size": str(MAX_VIDEO_BYTES + 1)}, "more than 10 GB"),
        ({"name": "lecture.avi"}, "does not end in .mp4 or .mov"),
        ({"name": ".mp4"}, "does not end in .mp4 or .mov"),
        ({"name": ""}, "a folder, not a video"),
        ({"name": "../../history/2026-03-04/x.mp4"}, "videos/<course>"),
        ({"name": "a/b/c.mp4"}, "videos/<course>"),
        ({"date": "2026-02-30"}, "no day of the calendar"),
        ({"date": "2999-01-01"}, "still to come"),
        ({"date": ""}, "no day of the calendar"),
        ({"date": "../history"}, "no day of the calendar"),
        ({"slot": "a b"}, "The slot is not 1 to 32"),
        ({"slot": "../history"}, "The slot is not 1 to 32"),
        ({"slot": ".."}, "The slot is not 1 to 32"),
        ({"slot": "x" * 33}, "The slot is not 1 to 32"),
    ],
)
def test_what_cannot_be_a_video_is_refused_before_a_byte_is_sent(
    teacher: FlaskClient, changed: dict[str, str], told: str
) -> None:
    answer = ask(teacher, **GOOD | changed)
    assert answer.status_code == 422
    assert told in answer.json["problem"]
    assert not boto3.client("s3").list_multipart_uploads(Bucket="rollcall-videos").get("Uploads")


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("part", {"key": f"videos/history/{DAY}/x.mp4", "number": "1"}, 403),
        ("part", {"key": "photos/s1/x.jpg", "number": "1"}, 400),
        ("part", {"key": KEY, "number": "0"}, 400),
        ("part", {"key": KEY, "number": "99999"}, 400),
        ("finish", {"key": f"videos/history/{DAY}/x.mp4", "etags": '["e"]'}, 403),
        ("finish", {"key": KEY, "etags": "no json"}, 400),
        ("finish", {"key": KEY, "etags": "[]"}, 400),
        ("finish", {"key": KEY, "etags": '[{"a": 1}]'}, 400),
    ],
)
def test_an_address_is_signed_only_for_videos_of_the_course(
    teacher: FlaskClient, path: str, fields: dict[str, str], status: int
) -> None:
    assert ask(teacher, f"{START}/{path}", **fields).status_code == status


def test_without_scripts_a_form_goes_to_the_bucket_itself(teacher: FlaskClient) -> None:
    page = teacher.get(f"{PAGE}?date={DAY}")
    action = re.search(r'action="([^"]+)" enctype="multipart/form-data" data-videos', page.text)
    assert action
    assert f'name="key" value="videos/physics/{DAY}/${{filename}}"' in page.text
    assert 'name="success_action_redirect" value="http://localhost/courses/physics/uploads/' in page.text
    origin = "/".join(action[1].split("/")[:3])
    assert f"form-action 'self' {origin}" in page.headers["Content-Security-Policy"]
    assert teacher.get(f"{PAGE}?date=nonsense").status_code == 200
    assert "no day of the calendar" in words(teacher.get(f"{PAGE}?date=nonsense").text)


def test_a_video_added_from_the_page_of_one_of_a_days_classes_belongs_to_that_class(teacher: FlaskClient) -> None:
    put("sessions", session_item("physics", DAY, session_id=f"{DAY}_lab"))
    session = teacher.get(f"/courses/physics/sessions/{DAY}_lab").text
    link = re.search(r'href="([^"]+)">Add a video', session)
    assert link
    page = teacher.get(html.unescape(link[1])).text
    fields = dict(re.findall(r'name="(date|slot)" value="([^"]*)"', page))
    assert fields == {"date": DAY, "slot": "lab"}
    assert f'name="key" value="videos/physics/{DAY}/lab/${{filename}}"' in page
    ticket = ask(teacher, **GOOD | fields).json
    assert video_key(ticket["key"]) == VideoKey("physics", DAY, "lab")
    for then in (ticket["then"], f"/courses/physics/uploads/{DAY}_lab/arrived"):
        assert f"/sessions/{DAY}_lab?arrived=" in teacher.get(then).headers["Location"]
    assert 'name="slot" maxlength="32" value="lab"' in session  # the form that moves a video begins where it is


def test_every_page_tells_the_classes_of_one_day_apart(app: Flask, teacher: FlaskClient) -> None:
    app.extensions["rollcall_services"].enroller.enrol("s1", "Zoë", photo("s1"), ["physics"], "tester")
    for session_id in (DAY, f"{DAY}_lab"):
        put("sessions", session_item("physics", DAY, session_id=session_id))
        put("attendance", row_item("physics", session_id, "s1", "present"))
    for page in ("/", "/courses/physics", "/students/s1"):
        text = words(teacher.get(page).text)
        assert len(re.findall(r"Wed 04 Mar 2026(?!, lab)", text)) == text.count("Wed 04 Mar 2026, lab") == 1, page
    lab = f"/courses/physics/sessions/{DAY}_lab"
    for page in (
        lab,
        f"{lab}/rows/s1",
        f"{lab}/presence",
        f"/courses/physics/sessions/2026-03-09_lab?arrived={int(time.time())}",
    ):
        assert " 2026, lab" in words(teacher.get(page).text), page


def test_the_classes_that_a_day_has_already_are_offered(teacher: FlaskClient) -> None:
    for session_id in (f"{DAY}_lab", DAY, "2026-03-03_morning", "2026-03-05_later"):
        put("sessions", session_item("physics", session_id[:10], session_id=session_id))
    page = teacher.get(f"{PAGE}?date={DAY}").text
    assert re.findall(r'<option value="([^"]*)"', page) == ["lab", "morning"]
    assert "On Wed 04 Mar 2026 there is already: one without a name, lab." in words(page)
    assert "there is already" not in words(teacher.get(f"{PAGE}?date=2026-03-02").text)


def test_a_slot_that_cannot_be_is_told_by_its_field(teacher: FlaskClient) -> None:
    page = teacher.get(f"{PAGE}?date={DAY}&slot=..").text
    assert 'id="slot" name="slot" value=""' in page
    assert "The slot is not 1 to 32 letters" in words(page)


def test_a_class_whose_video_has_just_arrived_is_waited_for(teacher: FlaskClient) -> None:
    leads = teacher.get(f"/courses/physics/uploads/{DAY}/arrived?bucket=b&key=k").headers["Location"]
    page = teacher.get(leads)
    assert "The video has arrived. Its run starts in a moment" in words(page.text)
    assert '<noscript><meta http-equiv="refresh"' in page.text
    put("sessions", session_item("physics", DAY))
    assert "The new video has arrived" in words(teacher.get(leads).text)
    now = session_item("physics", DAY)
    now["videos"]["0123456789abcdef"]["uploaded_at"] = datetime.now(UTC).isoformat()
    put("sessions", now)
    assert "arrived" not in words(teacher.get(leads).text)
    long_ago = f"/courses/physics/sessions/{DAY}?arrived={int(time.time()) - 60}"
    assert "arrived" not in words(teacher.get(long_ago).text)
    for nonsense in ("x", "", "-1", "9" * 400, "²"):
        assert teacher.get(f"/courses/physics/sessions/2026-03-09?arrived={nonsense}").status_code == 404


def test_a_run_shows_its_step_and_percent(teacher: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    item = session_item("physics", DAY, status="processing")
    item["videos"]["0123456789abcdef"] |= {"status": "processing", "execution_arn": "arn:run", "job_id": "j"}
    put("sessions", item)
    found = RunProgress("Get face search", Searched(42.0, 5, 190))
    monkeypatch.setattr(RunFollower, "progress", lambda _, arn: found if arn == "arn:run" else None)
    for path in ("", "/progress"):
        text = words(teacher.get(f"/courses/physics/sessions/{DAY}{path}").text)
        assert "42 % of the video searched, 5 people seen, about 3 min left" in text
        assert "Start face search (done) Get face search (goes on) Collect matches (to come)" in text
    assert teacher.get(f"/courses/physics/sessions/{DAY}/progress").text.lstrip().startswith('<div data-runs="on"')


def test_a_run_the_service_knows_nothing_of_shows_no_step(teacher: FlaskClient) -> None:
    item = session_item("physics", DAY, status="processing")
    item["videos"]["0123456789abcdef"] |= {"status": "processing", "execution_arn": ""}
    put("sessions", item)
    text = words(teacher.get(f"/courses/physics/sessions/{DAY}/progress").text)
    assert "Waits for the face service to take it" in text
    assert text.count("(to come)") == len(STEPS)


def test_a_run_that_meets_the_limit_of_searches_says_what_it_waits_for(
    teacher: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = session_item("physics", DAY, status="processing")
    item["videos"]["0123456789abcdef"] |= {"status": "processing", "execution_arn": "arn:run"}
    put("sessions", item)
    found = RunProgress("Start face search", is_queued=True)
    monkeypatch.setattr(RunFollower, "progress", lambda _, arn: found)
    text = words(teacher.get(f"/courses/physics/sessions/{DAY}/progress").text)
    assert "waits for one of the 20 searches" in text
    assert "Waits for the face service" not in text
    assert "Register video (done) Start face search (goes on)" in text


def test_a_session_that_is_done_says_so_to_the_script(teacher: FlaskClient) -> None:
    put("sessions", session_item("physics", DAY))
    assert 'data-runs="done"' in teacher.get(f"/courses/physics/sessions/{DAY}/progress").text


def test_what_failed_is_run_again_or_the_reason_why_not_is_told(teacher: FlaskClient) -> None:
    put("sessions", session_item("physics", DAY))
    page = f"/courses/physics/sessions/{DAY}"
    assert "Run again" not in teacher.get(page).text
    assert "failed" in followed(teacher, ask(teacher, f"{page}/again")).lower()
    item = session_item("physics", DAY, status="failed")
    item["videos"]["0123456789abcdef"] |= {
        "status": "failed",
        "error": {"name": "E", "reason": "It broke."},
        "etag": "e",
    }
    put("sessions", item)
    assert "Run again what failed" in teacher.get(page).text
    assert "It broke." in followed(teacher, ask(teacher, f"{page}/again"))  # the object is gone: said, and no crash


SCHEDULED = {"id": 8, "timestamp": 0, "type": "TaskScheduled"}


TOLD = datetime(2026, 3, 2, 9, tzinfo=UTC)


def _entered(name: str, number: int, state_input: str = "{}") -> dict[str, Any]:
    details = {"name": name, "input": state_input}
    return {"id": number, "timestamp": TOLD, "type": "TaskStateEntered", "stateEnteredEventDetails": details}


def _tried(failed: str, error: str = "LimitExceededException") -> list[dict[str, Any]]:
    """A start that was tried twenty times and is tried once more."""
    called = {"resource": "invoke", "resourceType": "lambda"} if failed.startswith("task") else {}
    failure = {"id": 9, "timestamp": TOLD, "type": "TaskFailed", failed: {"error": error, "cause": "x", **called}}
    return [SCHEDULED, *[failure, SCHEDULED] * 20, _entered("Start face search", 3)]


@pytest.mark.parametrize(
    ("newest_first", "progress"),
    [
        ([_entered("Collect matches", 9), _entered("Register video", 2)], RunProgress("Collect matches")),
        (
            [
                {"id": 8, "timestamp": 0, "type": "TaskScheduled"},
                _entered("Wait for face search", 7, '{"job": {"percent": 40.5}}'),
            ],
            RunProgress("Get face search", Searched(40.5)),
        ),
        ([_entered("Face search finished?", 7, '{"job": {"percent": null}}')], RunProgress("Get face search")),
        (
            [_entered("Wait for face search", 7, '{"job": {"percent": 25, "people": 3, "searching_seconds": 40}}')],
            RunProgress("Get face search", Searched(25.0, 3, 110)),
        ),
        ([_entered("Record failure", 7, "no json")], RunProgress("Record failure")),
        (_tried("taskFailedEventDetails"), RunProgress("Start face search", is_queued=True)),
        (_tried("lambdaFunctionFailedEventDetails")[:30], RunProgress("Start face search", is_queued=True)),
        (_tried("taskFailedEventDetails", "ThrottlingException"), RunProgress("Start face search")),
        ([_entered("Wait for face search", 99), *_tried("taskFailedEventDetails")], RunProgress("Get face search")),
        ([{"id": 1, "timestamp": 0, "type": "ExecutionStarted"}], None),
        ([], None),
    ],
)
def test_a_runs_history_tells_its_step(newest_first: list[dict[str, Any]], progress: RunProgress | None) -> None:
    client = boto3.client("stepfunctions")
    with Stubber(client) as stubber:
        stubber.add_response("get_execution_history", {"events": newest_first})
        follower = RunFollower(client, now=lambda: TOLD + timedelta(seconds=10))
        assert follower.progress("arn:aws:states:us-east-1:1:execution:m:x") == progress


def test_a_run_that_is_gone_tells_nothing() -> None:
    client = boto3.client("stepfunctions")
    with Stubber(client) as stubber:
        stubber.add_client_error("get_execution_history", "ExecutionDoesNotExist")
        assert RunFollower(client).progress("arn:aws:states:us-east-1:1:execution:m:x") is None
    assert RunFollower(client).progress("") is None


def test_on_amazon_rekognition_the_page_says_what_an_hour_costs_without_a_script(
    teacher: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(teacher.application.config, "SEARCH_IS_CHARGED", True)
    page = teacher.get(PAGE).text
    assert "at most $6.01 for each hour" in words(page)
    assert 'data-minute="0.1"' in page
    assert "cost.js" in page


def test_with_an_own_face_service_nothing_is_said_to_be_charged(teacher: FlaskClient) -> None:
    page = teacher.get(PAGE).text
    assert "The search is not charged" in words(page)
    assert "$" not in words(page)


def test_a_service_that_is_too_busy_to_tell_of_a_run_does_not_keep_its_page_away() -> None:
    client = boto3.client("stepfunctions")
    with Stubber(client) as stubber:
        for code in ("ThrottlingException", "AccessDeniedException"):
            stubber.add_client_error("get_execution_history", code)
        follower = RunFollower(client)
        assert follower.progress("arn:aws:states:us-east-1:000000000000:execution:rollcall:a") is None
        with pytest.raises(client.exceptions.ClientError, match="AccessDenied"):
            follower.progress("arn:aws:states:us-east-1:000000000000:execution:rollcall:a")
