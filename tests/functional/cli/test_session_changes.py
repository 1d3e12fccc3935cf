"""What `rollcall session` changes: open, move, decide, leave out and erase, in a process of its own."""

import json

import boto3

from tests.functional.cli.conftest import Rollcall
from tests.functional.cli.test_session import DATE, VIDEO, put_session
from tests.functional.web.tables import get, put


def enrol(course_id: str, *student_ids: str) -> None:
    put("courses", {"course_id": course_id, "course_name": course_id, "time_zone": "UTC"})
    for student_id in student_ids:
        put("rosters", {"course_id": course_id, "student_id": student_id, "student_name": "Zoë"})


def test_a_session_is_opened_to_call_the_roll(rollcall: Rollcall, in_stack: dict[str, str]) -> None:
    enrol("roll", "s1", "s2")
    done = rollcall("session", "open", "roll", DATE, "--slot", "lab")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"The session {DATE}_lab of roll is open: 2 students.\n"
    row = get("attendance", session_key=f"roll#{DATE}_lab", student_id="s1")
    assert row is not None
    assert (row["status"], row["source"]) == ("review", "roll call")
    refused = rollcall("session", "open", "roll", "someday")
    assert refused.returncode == 1
    assert "YYYY-MM-DD" in refused.stderr


def test_a_video_is_moved_with_who_did_it(rollcall: Rollcall, in_stack: dict[str, str]) -> None:
    enrol("move", "s1")
    put_session("move", "complete")
    done = rollcall("session", "move", "move", DATE, VIDEO, "--to", "2026-11-21_lab")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"The video {VIDEO} belongs to move 2026-11-21_lab now and runs again.\n"
    left, arrived = (get("sessions", course_id="move", session_id=day) for day in (DATE, "2026-11-21_lab"))
    assert left is not None
    assert arrived is not None
    assert (left["videos"], list(arrived["videos"])) == ({}, [VIDEO])
    again = rollcall("session", "move", "move", DATE, "fedcba9876543210", "--to", "2026-11-21")
    assert again.returncode == 1
    assert "no video fedcba9876543210" in again.stderr


def put_searched_session(course_id: str) -> str:
    """A session whose video was searched and showed nobody; the video's key."""
    matches_key = f"{course_id}/{DATE}/{VIDEO}/matches.json"
    key = put_session(course_id, "complete", matches_key=matches_key)
    found = {"duration_ms": 1000, "detections": 0, "people": 0, "unknown": 0, "students": []}
    boto3.client("s3").put_object(Bucket="rollcall-work", Key=matches_key, Body=json.dumps(found).encode())
    return key


def test_a_searched_video_counts_where_it_is_moved_at_once(rollcall: Rollcall, in_stack: dict[str, str]) -> None:
    enrol("carry", "s1")
    put_searched_session("carry")
    done = rollcall("session", "move", "carry", DATE, VIDEO, "--to", "2026-11-21")
    assert done.stdout == f"The video {VIDEO} belongs to carry 2026-11-21 now and counts there.\n", done.stderr
    assert (get("attendance", session_key="carry#2026-11-21", student_id="s1") or {})["status"] == "absent"


def test_a_session_is_decided_again(rollcall: Rollcall, in_stack: dict[str, str]) -> None:
    enrol("again", "s1", "s2")
    put_searched_session("again")
    done = rollcall("session", "decide", "again", DATE)
    assert done.stdout == f"The session {DATE} of again is decided again: 0 review, 0 present, 2 absent.\n", done.stderr
    refused = rollcall("session", "decide", "again", "2026-11-21")
    assert refused.returncode == 1
    assert "There is no session 2026-11-21 of the course again." in refused.stderr


def test_a_video_is_left_out_and_counts_again(rollcall: Rollcall, in_stack: dict[str, str]) -> None:
    enrol("out", "s1")
    put_searched_session("out")
    done = rollcall("session", "leave-out", "out", DATE, VIDEO)
    assert done.stdout == f"The video {VIDEO} is left out.\n", done.stderr
    assert get("attendance", session_key=f"out#{DATE}", student_id="s1") is None
    done = rollcall("session", "leave-out", "out", DATE, VIDEO, "--undo")
    assert done.stdout == f"The video {VIDEO} counts again.\n", done.stderr
    assert get("attendance", session_key=f"out#{DATE}", student_id="s1")


def test_a_recording_is_erased_by_whoever_says_so(rollcall: Rollcall, in_stack: dict[str, str]) -> None:
    enrol("bad", "s1")
    key = put_searched_session("bad")
    refused = rollcall("session", "erase-video", "bad", DATE, VIDEO, stdin="n\n")
    assert refused.returncode == 1
    assert boto3.client("s3").list_object_versions(Bucket="rollcall-videos", Prefix=key)["Versions"]
    done = rollcall("session", "erase-video", "bad", DATE, VIDEO, "--yes")
    assert done.stdout == f"The recording {VIDEO} is erased.\n", done.stderr
    assert "Versions" not in boto3.client("s3").list_object_versions(Bucket="rollcall-videos", Prefix=key)
    assert (get("sessions", course_id="bad", session_id=DATE) or {})["videos"] == {}
