"""Removing a student: everything that shows a face goes, also after a crash in the middle, and a receipt stays."""

import json
from typing import Any

import boto3
import pytest
from flask import Flask
from flask.testing import FlaskClient

from attendance.aws.erasing import DynamoRecords
from attendance.aws.imports import Import, LineReport
from attendance.erasure import FORMER, without_student
from attendance.importing import RosterLine
from attendance.settings import Settings
from tests.functional.web.browsing import ADMIN, followed, send, words
from tests.functional.web.conftest import SignIn
from tests.functional.web.faces import MemoryFaces, photo
from tests.functional.web.tables import get, put, row_item
from web.services import Services

REMOVE = "/students/s1/remove"
MATCHES = "physics/2026-03-01/0123456789abcdef/matches.json"


@pytest.fixture
def admin(app: Flask, signed_in: SignIn) -> FlaskClient:
    """An admin, and two students with photos, rows, and traces in the work bucket."""
    services: Services = app.extensions["rollcall_services"]
    for student_id, name in (("s1", "Zoë O'Brien"), ("s2", "Bob Ray")):
        for shot in (1, 2):
            content = photo(student_id, shot=shot)
            services.enroller.enrol(student_id, name, content, ["physics", "history"], "tester")
        put("attendance", row_item("physics", "2026-03-01", student_id, "present", student_name=name))
        put("attendance", row_item("history", "2026-03-02", student_id, "absent", student_name=name))
    document = {"students": [{"student_id": "s1", "similarity": 99.0}, {"student_id": "s2", "similarity": 98.0}]}
    boto3.client("s3").put_object(Bucket="rollcall-work", Key=MATCHES, Body=json.dumps(document).encode())
    return signed_in(ADMIN)


def work() -> Any:
    return json.load(boto3.client("s3").get_object(Bucket="rollcall-work", Key=MATCHES)["Body"])


def photo_keys() -> list[str]:
    return [item["Key"] for item in boto3.client("s3").list_objects_v2(Bucket="rollcall-photos")["Contents"]]


def assert_erased(faces: MemoryFaces) -> None:
    assert {owner for owner, _ in faces.faces.values()} == {"s2"}
    assert len(faces.faces) == 2
    assert all(key.startswith("photos/s2/") for key in photo_keys())
    assert get("students", student_id="s1") is None
    for course_id in ("default", "physics", "history"):
        assert get("rosters", course_id=course_id, student_id="s1") is None
        assert get("rosters", course_id=course_id, student_id="s2")
    assert work() == {"students": [{"student_id": "s2", "similarity": 98.0}]}
    for session_key, status in (("physics#2026-03-01", "present"), ("history#2026-03-02", "absent")):
        row = get("attendance", session_key=session_key, student_id="s1")
        assert row is not None
        assert (row["status"], row["student_name"], row["sightings"]) == (status, FORMER, 0)
        assert not row.keys() & {"evidence", "similarity", "margin", "first_seen_ms", "last_seen_ms"}
    assert get("attendance", session_key="physics#2026-03-01", student_id="s2")["evidence"]  # type: ignore[index]


def test_the_page_names_what_would_be_erased_and_erases_nothing(admin: FlaskClient, faces: MemoryFaces) -> None:
    page = words(admin.get(REMOVE).text)
    assert "2 faces in the collection" in page
    assert "2 photos" in page
    assert "3 rosters" in page
    assert "in 2 past rows" in page
    assert len(faces.faces) == 4


def test_removing_erases_every_trace_of_the_one_student_and_gives_a_receipt(
    admin: FlaskClient, faces: MemoryFaces
) -> None:
    page = followed(admin, send(admin, REMOVE, typed_id="s1", reason="consent taken back"))
    assert "Student s1 is removed" in page
    assert "Faces 2 erased Photos 2 erased Rosters 3 left Past rows 2 without face data" in page
    assert "consent taken back" in page
    assert "O'Brien" not in page
    assert_erased(faces)
    assert "/students/s1" not in admin.get("/students?q=brien").text
    assert admin.get("/students/s1").status_code == 404


@pytest.mark.parametrize("typed", ["", "s2", "S1", "s1 s1"])
def test_a_slip_of_the_hand_removes_nothing(admin: FlaskClient, faces: MemoryFaces, typed: str) -> None:
    answer = send(admin, REMOVE, typed_id=typed)
    assert answer.status_code == 422
    assert "Nothing was removed" in words(answer.text)
    assert len(faces.faces) == 4


def test_the_second_of_two_clicks_shows_the_receipt(admin: FlaskClient) -> None:
    first = send(admin, REMOVE, typed_id="s1")
    again = send(admin, REMOVE, "/students/s2", typed_id="s1")
    assert first.headers["Location"] == again.headers["Location"]


def test_a_student_who_never_was_has_no_receipt(admin: FlaskClient) -> None:
    assert admin.get("/students/nobody/remove").status_code == 404
    assert admin.get("/students/nobody/removed").status_code == 404
    assert admin.get("/students/s1/removed").status_code == 404


@pytest.mark.parametrize("step", ["leave_course", "anonymise", "forget"])
def test_a_removal_that_broke_off_is_gone_on_with_and_counts_what_there_was_at_first(
    app: Flask, admin: FlaskClient, faces: MemoryFaces, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def crash(*_: object) -> None:
        raise ConnectionError("the power went")

    app.config["PROPAGATE_EXCEPTIONS"] = False
    with monkeypatch.context() as patch:
        patch.setattr(DynamoRecords, step, crash)
        assert send(admin, REMOVE, typed_id="s1").status_code == 500
    assert "/students/s1" in admin.get("/students").text
    assert "The removal of this student was begun and is not done" in words(admin.get("/students/s1").text)
    page = followed(admin, send(admin, REMOVE, typed_id="s1"))
    assert "Faces 2 erased Photos 2 erased Rosters 3 left Past rows 2" in page
    assert_erased(faces)


def test_a_student_who_is_being_removed_takes_no_photo(app: Flask, admin: FlaskClient, tables: Settings) -> None:
    DynamoRecords(tables).mark("s1", {"faces": 1, "photos": 1, "rows": 1, "courses": 1}, "me", "2026-03-04T00:00:00")
    services: Services = app.extensions["rollcall_services"]
    with pytest.raises(Exception, match="is being removed"):
        services.enroller.enrol("s1", "Zoë O'Brien", photo("s1", shot=9), [], "me")


def test_the_id_may_be_registered_again_afterwards(admin: FlaskClient) -> None:
    send(admin, REMOVE, typed_id="s1")
    new = {"student_id": "s1", "student_name": "Kim", "consent": "y", "consent_day": "2026-03-01"}
    assert "Kim is registered." in followed(admin, send(admin, "/register-student", **new, photos=photo("kim")))


def test_a_removed_student_is_not_named_by_an_import_either(app: Flask, admin: FlaskClient) -> None:
    imports = app.extensions["rollcall_services"].imports
    lines = (RosterLine(2, "s1", "Zoë O'Brien", "a.jpg"), RosterLine(3, "s2", "Bob Ray", "b.jpg"))
    reports = (LineReport(2, "s1", "enrolled", ""), LineReport(3, "s2", "enrolled", ""))
    imports.save(Import("0123456789abcdef", "physics", ADMIN, False, "2026-03-01", lines, reports))
    send(admin, REMOVE, typed_id="s1")
    left = imports.load("0123456789abcdef")
    assert (left.lines, left.reports) == (lines[1:], reports[1:])


def test_a_student_goes_from_a_document_of_any_form() -> None:
    document = {
        "rows": [{"student_id": "s1"}, {"student_id": "s2", "near": [{"student_id": "s1"}]}],
        "by_id": {"s1": 1, "s2": 2},
        "count": 2,
    }
    assert without_student(document, "s1") == {
        "rows": [{"student_id": "s2", "near": []}],
        "by_id": {"s2": 2},
        "count": 2,
    }
