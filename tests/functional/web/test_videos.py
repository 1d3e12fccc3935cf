"""The videos of a session's page: leaving one out, erasing one, and deciding again by what was found in them."""

import json
import re
from typing import Any

import boto3
import pytest

from attendance.documents import from_matches
from attendance.model import Evidence, Matches, Sighting
from tests.functional.web.a_session import BOX, DAY, KEY, MATCHES, PAGE, VIDEO, session_with_video
from tests.functional.web.browsing import ADMIN, TEACHER, followed, send, words
from tests.functional.web.conftest import SignIn
from tests.functional.web.tables import get, put

NAME = f"videos/physics/{DAY}/lecture.mp4"
VIDEOS = f"{PAGE}/videos/{VIDEO}"


@pytest.fixture
def video(signed_in: SignIn) -> str:
    """A stored video in which s1 was seen, of a class on whose roster are s1 and s2; its version."""
    for student_id in ("s1", "s2"):
        put("rosters", {"course_id": "physics", "student_id": student_id, "student_name": f"Name of {student_id}"})
    version = boto3.client("s3").put_object(Bucket="rollcall-videos", Key=NAME, Body=b"a video")["VersionId"]
    item = session_with_video()
    item["videos"][VIDEO] |= {"version_id": version, "etag": "e1", "matches_key": MATCHES}
    put("sessions", item)
    moment = Evidence("rollcall-videos", NAME, version, 1000, BOX)
    seen = Sighting("s1", 99.5, None, 3, 1000, 3000, moment)
    found = Matches(duration_ms=4_000_000, detections=3, people=1, unknown=0, students=(seen,))
    body = json.dumps(from_matches(found)).encode()
    boto3.client("s3").put_object(Bucket="rollcall-work", Key=MATCHES, Body=body)
    return version


def statuses() -> dict[str, str]:
    found: list[Any] = boto3.resource("dynamodb").Table("rollcall-attendance").scan()["Items"]
    return {row["student_id"]: row["status"] for row in found if row["session_key"] == KEY}


def actions() -> list[tuple[str, str]]:
    found: list[Any] = boto3.resource("dynamodb").Table("rollcall-audit").scan()["Items"]
    of_video = [entry for entry in found if entry["subject"] == f"video#{VIDEO}"]
    return [(entry["actor"], entry["action"]) for entry in sorted(of_video, key=lambda entry: str(entry["time"]))]


def versions() -> list[Any]:
    return boto3.client("s3").list_object_versions(Bucket="rollcall-videos").get("Versions", [])


def test_an_instructor_decides_a_class_again_by_the_roster_of_now(signed_in: SignIn, video: str) -> None:
    teacher = signed_in(TEACHER)
    told = followed(teacher, send(teacher, f"{PAGE}/decide", PAGE))
    assert "The register is decided again" in told
    assert statuses() == {"s1": "present", "s2": "absent"}
    put("rosters", {"course_id": "physics", "student_id": "s3", "student_name": "Late"})
    followed(teacher, send(teacher, f"{PAGE}/decide", PAGE))
    assert statuses() == {"s1": "present", "s2": "absent", "s3": "absent"}


def test_a_register_that_is_half_written_says_so_until_it_is_decided_again(signed_in: SignIn, video: str) -> None:
    item = get("sessions", course_id="physics", session_id=DAY)
    assert item
    put("sessions", item | {"outdated_turn": 0})
    teacher = signed_in(TEACHER)
    notice = "This register is being decided again, and rows may still be as they were."
    assert notice in words(teacher.get(PAGE).text)
    followed(teacher, send(teacher, f"{PAGE}/decide", PAGE))
    assert statuses() == {"s1": "present", "s2": "absent"}
    assert notice not in words(teacher.get(PAGE).text)


def test_a_class_without_a_roster_offers_to_be_decided_again(signed_in: SignIn, video: str) -> None:
    boto3.resource("dynamodb").Table("rollcall-rosters").delete_item(Key={"course_id": "physics", "student_id": "s1"})
    boto3.resource("dynamodb").Table("rollcall-rosters").delete_item(Key={"course_id": "physics", "student_id": "s2"})
    page = signed_in(TEACHER).get(PAGE).text
    assert "Put students on it , or import them, then decide this class again with the button below" in words(page)
    assert f'action="{PAGE}/decide"' in page


def test_an_instructor_leaves_a_video_out_and_lets_it_count_again(signed_in: SignIn, video: str) -> None:
    teacher = signed_in(TEACHER)
    followed(teacher, send(teacher, f"{PAGE}/decide", PAGE))
    told = followed(teacher, send(teacher, f"{VIDEOS}/leave-out", PAGE))
    assert "The video is left out" in told
    assert "It does not count for the register." in told
    assert "The videos of this class were left out" in told
    assert statuses() == {}
    told = followed(teacher, send(teacher, f"{VIDEOS}/count-again", PAGE))
    assert "The video counts again" in told
    assert "It does not count" not in told
    assert statuses() == {"s1": "present", "s2": "absent"}
    assert actions() == [(TEACHER, "leave out"), (TEACHER, "count again")]


def test_a_recording_is_erased_by_an_administrator_who_confirms_it(signed_in: SignIn, video: str) -> None:
    admin = signed_in(ADMIN)
    followed(admin, send(admin, f"{PAGE}/decide", PAGE))
    assert "Nothing was erased: tick the box" in followed(admin, send(admin, f"{VIDEOS}/erase", PAGE))
    assert [version["VersionId"] for version in versions()] == [video]
    told = followed(admin, send(admin, f"{VIDEOS}/erase", PAGE, sure="y"))
    assert "The recording is erased" in told
    assert (versions(), statuses(), (get("sessions", course_id="physics", session_id=DAY) or {})["videos"]) == (
        [],
        {},
        {},
    )
    assert boto3.client("s3").list_objects_v2(Bucket="rollcall-work", Prefix=MATCHES)["KeyCount"] == 0
    assert actions() == [(ADMIN, "leave out"), (ADMIN, "erase")]


def test_a_recording_that_could_not_be_filed_leads_back_to_the_others_when_it_is_erased(
    signed_in: SignIn, video: str
) -> None:
    alone = f"{DAY}#{VIDEO}"
    put("sessions", session_with_video(status="failed") | {"course_id": "unfiled", "session_id": alone})
    admin = signed_in(ADMIN)
    page = f"/courses/unfiled/sessions/{DAY}%23{VIDEO}"
    answer = send(admin, f"{page}/videos/{VIDEO}/erase", page, sure="y")
    assert answer.headers["Location"] == "/unfiled"
    assert "The recording is erased" in followed(admin, answer)


def test_an_instructor_is_not_offered_to_erase_a_recording(signed_in: SignIn, video: str) -> None:
    assert "Erase this recording" not in signed_in(TEACHER).get(PAGE).text
    assert "Erase this recording" in signed_in(ADMIN).get(PAGE).text


def test_a_video_that_was_replaced_says_so_and_its_failure_is_told_no_more(signed_in: SignIn, video: str) -> None:
    item = session_with_video()
    old = {**item["videos"][VIDEO], "status": "failed", "error": {"name": "X", "reason": "It could not be read."}}
    new = item["videos"][VIDEO] | {"matches_key": MATCHES, "uploaded_at": f"{DAY}T23:50:00+00:00"}
    put("sessions", item | {"videos": {VIDEO: old, "f" * 16: new}})
    page = words(signed_in(TEACHER).get(PAGE).text)
    assert "A newer upload of the same name counts in its place." in page
    assert "It could not be read." not in page


def test_a_change_that_cannot_be_made_says_why(signed_in: SignIn, video: str) -> None:
    admin = signed_in(ADMIN)
    nobody = VIDEOS.replace(VIDEO, "fedcba9876543210")
    for path in (f"{nobody}/leave-out", f"{nobody}/count-again", f"{nobody}/erase"):
        assert "There is no video fedcba9876543210" in followed(admin, send(admin, path, PAGE, sure="y"))
    item = session_with_video()
    item["videos"][VIDEO]["status"] = "processing"
    put("sessions", item)
    assert "A run is at work on the video." in followed(admin, send(admin, f"{VIDEOS}/erase", PAGE, sure="y"))
    assert not re.search(rf'action="{VIDEOS}/erase"', admin.get(PAGE).text)
    assert len(versions()) == 1
