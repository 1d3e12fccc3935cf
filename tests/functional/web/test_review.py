"""Correcting a register row by row: what counts, what is refused and why, and two people at one row."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from attendance.settings import Settings
from tests.functional.web.a_session import DAY, KEY, MATCHES, PAGE, VIDEO, assign, put_register, put_unknown_faces
from tests.functional.web.browsing import ADMIN, STUDENT, TEACHER, followed, send, words
from tests.functional.web.conftest import SignIn
from tests.functional.web.faces import photo
from tests.functional.web.tables import get, put, row_item, session_item


@pytest.fixture
def register(tables: Settings) -> None:
    put_register()


@pytest.fixture
def teacher(signed_in: SignIn, register: None) -> FlaskClient:
    return signed_in(TEACHER)


def say(client: FlaskClient, student_id: str, said: str, version: int = 0, **fields: str) -> TestResponse:
    return send(client, f"{PAGE}/rows/{student_id}", PAGE, say=said, version=str(version), **fields)


def correction(student_id: str) -> dict[str, Any]:
    return get("corrections", session_key=KEY, student_id=student_id) or {}


def pressed(client: FlaskClient, student_id: str) -> list[str]:
    """The buttons of a row that say what counts."""
    found = re.search(rf'<tr role="row" id="row-{student_id}".*?</tr>', client.get(PAGE).text, re.DOTALL)
    assert found
    return re.findall(r'value="(\w+)" aria-pressed="true"', found[0])


def row_of(page: str, student_id: str) -> str:
    """The words of one row of the page."""
    found = re.search(rf'<tr role="row" id="row-{student_id}".*?</tr>', page, re.DOTALL)
    assert found
    return words(found[0])


@pytest.mark.parametrize(("said", "status"), [("present", "present"), ("absent", "absent"), ("excused", "excused")])
def test_settling_a_review_needs_no_reason_and_leads_back_to_the_row(
    teacher: FlaskClient, said: str, status: str
) -> None:
    answer = say(teacher, "s3", said)
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith(f"{PAGE}#row-s3")
    page = teacher.get(PAGE).text
    assert f"{status} {TEACHER}" in row_of(page, "s3")
    assert "Nothing is left to check." in page
    assert get("sessions", course_id="physics", session_id=DAY)["corrected"] == 1  # type: ignore[index]


def test_late_is_present_and_late(teacher: FlaskClient) -> None:
    say(teacher, "s3", "late")
    assert (correction("s3")["correction"]["status"], correction("s3")["correction"]["late"]) == ("present", True)
    assert re.search(r'value="late" aria-pressed="true"', teacher.get(PAGE).text)


def test_a_reason_is_asked_only_when_the_machine_is_overturned_and_then_kept(teacher: FlaskClient) -> None:
    assert 'name="reason"' not in teacher.get(PAGE).text
    asked = say(teacher, "s2", "absent")
    assert asked.status_code == 200
    assert "The register says present. Give the reason why it is absent." in row_of(asked.text, "s2")
    assert 'name="reason" required' in asked.text
    assert correction("s2") == {}
    assert say(teacher, "s2", "absent", reason="It was her twin.").status_code == 303
    assert f"{TEACHER}" in row_of(teacher.get(PAGE).text, "s2")
    assert ": It was her twin. It was present." in row_of(teacher.get(PAGE).text, "s2")


@pytest.mark.parametrize(
    ("reason", "told"),
    [("x" * 501, "The reason has 501 characters; at most 500 are kept."), ("a\nb", "Write it in one line.")],
)
def test_a_reason_that_cannot_be_kept_is_asked_again(teacher: FlaskClient, reason: str, told: str) -> None:
    answer = say(teacher, "s2", "absent", reason=reason)
    assert answer.status_code == 422
    assert told in row_of(answer.text, "s2")
    assert 'name="say" value="absent"' in answer.text
    assert correction("s2") == {}


def test_a_script_in_a_reason_is_shown_as_text(teacher: FlaskClient) -> None:
    say(teacher, "s2", "absent", reason="<script>alert(1)</script>")
    for path in (PAGE, f"{PAGE}/rows/s2"):
        page = teacher.get(path).text
        assert "<script>" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_undo_brings_back_what_was_decided_and_the_history_keeps_both(teacher: FlaskClient) -> None:
    say(teacher, "s3", "present")
    assert "what was decided counts now" in followed(teacher, say(teacher, "s3", "undo", 1))
    assert "review" in row_of(teacher.get(PAGE).text, "s3")
    entries = words(teacher.get(f"{PAGE}/rows/s3").text)
    assert entries.index("undo present review (decided)") < entries.index("correct review (decided) present")


def test_the_second_of_two_instructors_is_told_what_the_first_did_and_nothing_is_lost(
    teacher: FlaskClient, signed_in: SignIn
) -> None:
    say(teacher, "s3", "present")
    late = say(signed_in(ADMIN), "s3", "absent", 0)
    assert late.status_code == 409
    assert f"{TEACHER} changed this row meanwhile: present stands now." in row_of(late.text, "s3")
    assert correction("s3")["correction"]["status"] == "present"
    again = say(signed_in(ADMIN), "s3", "absent", 1)
    assert again.status_code == 303
    assert correction("s3")["correction"]["status"] == "absent"


def test_a_form_that_is_sent_twice_changes_one_thing(teacher: FlaskClient) -> None:
    assert [say(teacher, "s3", "present").status_code for _ in range(2)] == [303, 303]
    assert correction("s3")["version"] == 1
    assert [say(teacher, "s3", "undo", 1).status_code for _ in range(2)] == [303, 409]
    assert correction("s3")["version"] == 2


def test_undo_without_a_correction_says_so(teacher: FlaskClient) -> None:
    answer = say(teacher, "s3", "undo")
    assert answer.status_code == 422
    assert "There is no correction that could be undone." in row_of(answer.text, "s3")


def test_a_correction_of_a_student_who_left_the_roster_can_still_be_undone(teacher: FlaskClient) -> None:
    say(teacher, "s3", "present")
    assert get("rosters", course_id="physics", student_id="s3") is None
    assert say(teacher, "s3", "undo", 1).status_code == 303
    assert "review" in row_of(teacher.get(PAGE).text, "s3")


def test_a_student_without_a_row_is_explained(teacher: FlaskClient) -> None:
    assert "This student is not on the register of this session." in followed(
        teacher, say(teacher, "nobody", "present")
    )
    assert teacher.get(f"{PAGE}/rows/nobody").status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"say": "review", "version": "0"},
        {"say": "", "version": "0"},
        {"say": "present", "version": "-1"},
        {"say": "present", "version": "x"},
        {"say": "present", "version": "9" * 50},
        {"say": "present", "version": "²"},
        {"say": "present"},
        {"say": "late_or_so", "version": "0"},
    ],
)
def test_a_form_that_no_page_makes_is_refused(teacher: FlaskClient, fields: dict[str, str]) -> None:
    assert send(teacher, f"{PAGE}/rows/s3", PAGE, **fields).status_code == 400
    assert correction("s3") == {}


def test_a_form_without_its_token_changes_nothing(teacher: FlaskClient) -> None:
    assert teacher.post(f"{PAGE}/rows/s3", data={"say": "present", "version": "0"}).status_code == 400
    assert correction("s3") == {}


def test_a_foreign_course_and_a_session_that_is_not_there_are_out_of_reach(
    teacher: FlaskClient, signed_in: SignIn
) -> None:
    put("sessions", session_item("history", DAY))
    put("attendance", row_item("history", DAY, "s3", "review"))
    fields = {"say": "present", "version": "0"}
    assert send(teacher, f"/courses/history/sessions/{DAY}/rows/s3", PAGE, **fields).status_code == 403
    assert send(teacher, "/courses/physics/sessions/2026-03-09/rows/s3", PAGE, **fields).status_code == 404
    assert send(signed_in(STUDENT), f"{PAGE}/rows/s3", "/account", **fields).status_code == 403
    assert get("corrections", session_key=f"history#{DAY}", student_id="s3") is None


def test_rows_stay_in_their_place_while_they_are_corrected(teacher: FlaskClient) -> None:
    def order() -> list[str]:
        return re.findall(r'id="row-(\w+)"', teacher.get(PAGE).text)

    assert order() == ["s3", "s2", "s1"]
    say(teacher, "s3", "absent")
    assert order() == ["s3", "s2", "s1"]


def test_a_row_shows_photo_moment_words_and_time_bar(app: Flask, teacher: FlaskClient) -> None:
    app.extensions["rollcall_services"].enroller.enrol("s3", "Zoë", photo("s3"), ["physics"], "tester")
    page = teacher.get(PAGE).text
    row = re.search(r'id="row-s3".*?</tr>', page, re.DOTALL)
    assert row
    assert re.search(r'src="/students/s3/photos/[0-9a-f]{64}"', row[0])
    assert f'href="{PAGE}/videos/{VIDEO}#t=61.500" data-at="61.500" data-sides="0.1000 0.2000 0.3000 0.4000"' in row[0]
    assert "97.2 looks alike: please check" in row_of(page, "s3")
    assert '<rect class="seen" x="1.52" width="90.01" height="4"/><rect class="best" x="1.54"' in row[0]
    assert " style=" not in page


def test_a_moment_of_a_video_that_is_not_in_the_session_any_more_is_not_offered(teacher: FlaskClient) -> None:
    put("sessions", session_item("physics", DAY, videos={}))
    page = teacher.get(PAGE).text
    assert "data-at=" not in page
    assert "data-video" not in page


def test_a_video_plays_from_the_bucket_in_the_version_that_was_searched(teacher: FlaskClient) -> None:
    answer = teacher.get(f"{PAGE}/videos/{VIDEO}")
    address = urlsplit(answer.headers["Location"])
    assert answer.status_code == 302
    assert f"{address.scheme}://{address.netloc}" in teacher.get(PAGE).headers["Content-Security-Policy"]
    assert "versionId=v1" in address.query
    assert "response-content-type=video%2Fmp4" in address.query
    assert teacher.get(f"{PAGE}/videos/fedcba9876543210").status_code == 404


def test_a_large_class_is_shown_page_by_page_and_a_post_leads_back_to_its_page(
    teacher: FlaskClient, tables: Settings
) -> None:
    for number in range(120):
        put("attendance", row_item("physics", DAY, f"t{number:03}", "absent"))
    shown = [re.findall(r'id="row-(\w+)"', teacher.get(f"{PAGE}?page={number}").text) for number in (1, 2, 3)]
    assert [len(page) for page in shown] == [50, 50, 23]
    assert len({student for page in shown for student in page}) == 123
    assert f"{PAGE}?student={shown[1][7]}#row-{shown[1][7]}" in teacher.get(f"{PAGE}/rows/{shown[1][7]}").text
    assert f'id="row-{shown[1][7]}"' in teacher.get(f"{PAGE}?student={shown[1][7]}").text
    assert teacher.get(f"{PAGE}?student=nobody").status_code == 200
    answer = say(teacher, shown[2][-1], "present", reason="Seen at the door.")
    assert answer.headers["Location"].endswith(f"{PAGE}?page=3#row-{shown[2][-1]}")
    for asked in ("0", "-1", "x", "9" * 40, "²"):
        assert teacher.get(f"{PAGE}?page={asked}").status_code == 200


@pytest.fixture
def unknown(register: None) -> None:
    put_unknown_faces()


@pytest.mark.parametrize("typed", ["s1", " Name of s1 ", "NAME OF S1"])
def test_an_unknown_face_is_given_a_name_with_the_moment_as_evidence(
    unknown: None, teacher: FlaskClient, typed: str
) -> None:
    page = words(teacher.get(PAGE).text)
    assert "Seen best at 0:12 , 0:12 to 0:13, 3 sightings" in page
    assert "Name of s1 is present, with this moment as the evidence." in followed(teacher, assign(teacher, 7, typed))
    kept = correction("s1")["correction"]
    assert (kept["status"], kept["evidence"]["timestamp_ms"], kept["actor"]) == ("present", 12_000, TEACHER)
    page = teacher.get(PAGE).text
    assert 'data-at="12.000" data-sides="0.1000 0.2000 0.3000 0.4000" data-name="Name of s1"' in page
    assert "This is Name of s1 ." in words(page)
    assert page.count(f"/unknown/{VIDEO}/") == 1  # the other one is still asked for


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "Nobody on this register is called"),
        ("nobody", "Nobody on this register is called “nobody”"),
        ("<script>", "choose a student from the list"),
        ("x" * 5000, "choose a student from the list"),
        ("s2", "Name of s2 counts as present already."),
    ],
)
def test_a_name_that_cannot_be_given_is_refused_in_a_sentence(
    unknown: None, teacher: FlaskClient, typed: str, told: str
) -> None:
    assert told in followed(teacher, assign(teacher, 7, typed))
    assert correction("s1") == correction("s2") == {}


@pytest.mark.parametrize("what", ["late", "present"])
def test_who_was_recognised_by_a_person_and_is_said_to_be_late_keeps_the_moment(
    unknown: None, teacher: FlaskClient, what: str
) -> None:
    assign(teacher, 7, "s1")
    say(teacher, "s1", what, version=1, reason="Seen at the door.")
    kept = correction("s1")["correction"]
    assert (kept["late"], kept["evidence"]["timestamp_ms"]) == (what == "late", 12_000)
    assert "This is Name of s1 ." in words(teacher.get(PAGE).text)


def test_what_is_said_of_coming_says_nothing_of_leaving(register: None, teacher: FlaskClient) -> None:
    put("attendance", row_item("physics", DAY, "s2", "present", left_early=True))
    assert pressed(teacher, "s2") == []
    say(teacher, "s2", "late")
    assert "present, late, left early" in words(teacher.get(PAGE).text)
    assert pressed(teacher, "s2") == ["late"]
    say(teacher, "s2", "present", version=1)
    assert not correction("s2")["correction"]["left_early"]
    assert pressed(teacher, "s2") == ["present"]


def test_what_somebody_said_of_a_student_is_not_overwritten_by_a_face(unknown: None, teacher: FlaskClient) -> None:
    say(teacher, "s3", "excused")
    told = followed(teacher, assign(teacher, 7, "s3"))
    assert f"{TEACHER} said excused of Name of s3 already. Undo that first if it is wrong." in told
    assert correction("s3")["version"] == 1


@pytest.mark.parametrize(
    "path", [f"{VIDEO}/8", f"{VIDEO}/x", f"{VIDEO}/-1", "fedcba9876543210/7", f"{VIDEO}/{'9' * 99}"]
)
def test_a_face_that_is_not_there_is_not_found(unknown: None, teacher: FlaskClient, path: str) -> None:
    assert send(teacher, f"{PAGE}/unknown/{path}", PAGE, student="s1").status_code == 404


def test_a_page_is_shown_when_the_found_faces_are_gone_or_from_before_they_were_kept(
    unknown: None, teacher: FlaskClient
) -> None:
    old = {"duration_ms": 1, "detections": 0, "people": 0, "unknown": 0, "students": []}
    s3 = boto3.client("s3")
    s3.put_object(Bucket="rollcall-work", Key=MATCHES, Body=json.dumps(old).encode())
    assert "Unknown faces" not in teacher.get(PAGE).text
    s3.delete_object(Bucket="rollcall-work", Key=MATCHES)
    assert "Unknown faces" not in teacher.get(PAGE).text


def test_erasing_a_student_erases_the_moment_somebody_pointed_to(
    app: Flask, unknown: None, teacher: FlaskClient
) -> None:
    services = app.extensions["rollcall_services"]
    services.enroller.enrol("s1", "Zoë", photo("s1"), ["physics"], "tester")
    assign(teacher, 7, "s1")
    say(teacher, "s1", "excused", 1, reason="She was ill.")
    services.eraser.erase("s1", ADMIN, "asked for it")
    kept = correction("s1")
    assert (kept["version"], kept["correction"]["status"]) == (2, "excused")
    assert "timestamp_ms" not in json.dumps(kept, default=str)
    assert say(teacher, "s1", "undo", 2).status_code == 303
