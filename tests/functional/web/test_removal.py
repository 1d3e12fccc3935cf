"""Removing a student: everything that shows a face goes, also after a crash in the middle, and a receipt stays."""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import boto3
import pytest
from flask import Flask
from flask.testing import FlaskClient

from attendance import documents, keys, names
from attendance.aws.courses import DynamoCourseBook
from attendance.aws.erasing import DynamoRecords, S3Documents
from attendance.aws.erasures import ERASINGS
from attendance.aws.imports import Import, LineReport
from attendance.erasure import FORMER, RowKey, without_student
from attendance.importing import RosterLine
from attendance.model import MACHINE, Enrolment, Register, Row, Status, Thresholds
from attendance.settings import Settings
from tests.functional.web.browsing import ADMIN, STUDENT, TEACHER, followed, send, words
from tests.functional.web.conftest import SignIn
from tests.functional.web.faces import MemoryFaces, photo
from tests.functional.web.tables import delete, get, put, row_item, session_item
from web.function_limits import TooMuchError
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
    keep(MATCHES, document)
    return signed_in(ADMIN)


def work(key: str = MATCHES) -> Any:
    return json.load(boto3.client("s3").get_object(Bucket="rollcall-work", Key=key)["Body"])


def keep(key: str, document: Any) -> None:
    boto3.client("s3").put_object(Bucket="rollcall-work", Key=key, Body=json.dumps(document).encode())


def audit() -> list[Any]:
    return list(boto3.resource("dynamodb").Table("rollcall-audit").scan()["Items"])


def photo_keys() -> list[str]:
    return [item["Key"] for item in boto3.client("s3").list_objects_v2(Bucket="rollcall-photos")["Contents"]]


def assert_erased(faces: MemoryFaces) -> None:
    assert {owner for owner, _ in faces.faces.values()} == {"s2"}
    assert len(faces.faces) == 2
    assert all(key.startswith("photos/s2/") for key in photo_keys())
    assert (get("students", student_id="s1") or {}).keys() == {"student_id", "erased_at", "erasing"}
    assert "student_ids" not in (get("students", student_id=ERASINGS) or {})
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


@pytest.mark.parametrize("name", ["Kim", "Zoë O'Brien"])
def test_the_id_is_never_given_again(admin: FlaskClient, faces: MemoryFaces, name: str) -> None:
    assert "take another one" in words(admin.get(REMOVE).text)
    send(admin, REMOVE, typed_id="s1")
    new = {"student_id": "s1", "student_name": name, "consent": "y", "consent_day": "2026-03-01"}
    page = words(send(admin, "/register-student", **new, photos=photo("kim")).text)
    assert "The id s1 was that of a removed student: take another id." in page
    send(admin, "/courses/physics/students", student_id="s1")
    assert_erased(faces)


def test_looking_again_erases_what_turned_up_since_and_keeps_the_one_receipt(
    admin: FlaskClient, faces: MemoryFaces
) -> None:
    send(admin, REMOVE, typed_id="s1", reason="consent taken back")
    turned_up = "history/2026-03-09/0123456789abcdef/matches.json"
    keep(turned_up, {"students": [{"student_id": "s1", "similarity": 99.0}]})
    keep(MATCHES, {"students": [{"student_id": "s1"}, {"student_id": "s2", "similarity": 98.0}]})
    put("attendance", row_item("history", "2026-03-02", "s1", "absent", student_name="Zoë O'Brien"))
    for partition, sort_key in (
        ("default", "s1"),
        *names.keys("s1", "Zoë O'Brien"),
    ):  # as with a table that was restored
        put("rosters", {"course_id": partition, "student_id": sort_key, "student_name": "Zoë O'Brien"})
    page = followed(admin, send(admin, REMOVE, "/students/s1/removed", typed_id="s1"))
    assert "looked through again" in page
    assert page.count("consent taken back") == page.count("Faces 2 erased") == 1
    assert work(turned_up) == {"students": []}
    assert not any(get("rosters", course_id=course, student_id=key) for course, key in names.keys("s1", "Zoë O'Brien"))
    assert_erased(faces)


def test_a_student_who_was_removed_before_ids_were_kept_is_looked_for_again_too(admin: FlaskClient) -> None:
    send(admin, REMOVE, typed_id="s1")
    delete("students", student_id="s1")
    keep(MATCHES, {"students": [{"student_id": "s1"}]})
    assert "Student s1 is removed" in followed(admin, send(admin, REMOVE, "/students/s1/removed", typed_id="s1"))
    assert work() == {"students": []}
    assert get("students", student_id="s1")


def test_a_removal_longer_than_a_request_goes_on_behind_what_is_done(
    app: Flask, admin: FlaskClient, faces: MemoryFaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun_behind: list[str] = []
    listed = S3Documents.pages

    def one_by_one(documents: S3Documents, after: str) -> Iterator[list[str]]:
        """The first document comes in time, the next does not."""
        begun_behind.append(after)
        for number, key in enumerate(key for page in listed(documents, after) for key in page):
            if number and len(begun_behind) == 1:
                raise TooMuchError("The removal is not done yet.")
            yield [key]

    monkeypatch.setattr(S3Documents, "pages", one_by_one)
    later = "zoology/2026-03-01/0123456789abcdef/matches.json"
    keep(later, {"students": [{"student_id": "s1"}]})
    page = followed(admin, send(admin, REMOVE, typed_id="s1"))
    assert "The removal is not done yet." in page
    assert "Sending this form goes on with it" in page
    assert work(later) != work() == {"students": [{"student_id": "s2", "similarity": 98.0}]}
    assert "Rosters 3 left" in followed(admin, send(admin, REMOVE, typed_id="s1"))
    assert begun_behind == ["", MATCHES]
    assert work(later) == {"students": []}
    assert_erased(faces)


def test_the_time_of_a_function_is_not_overrun_by_a_removal(app: Flask, admin: FlaskClient) -> None:
    app.config["FUNCTION_WORKS_SECONDS"] = -1.0
    assert "Send the form again, and it goes on." in followed(admin, send(admin, REMOVE, typed_id="s1"))


def test_what_others_keep_in_a_document_while_it_is_cleaned_stays(
    app: Flask, admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    naming, meanwhile = S3Documents.naming, {"students": [{"student_id": "s1"}, {"student_id": "s3"}]}

    def overtaken(store: S3Documents, key: str, student_id: str) -> Any:
        found = naming(store, key, student_id)
        if key == MATCHES and "s3" not in str(found):
            keep(MATCHES, meanwhile)
        return found

    monkeypatch.setattr(S3Documents, "naming", overtaken)
    app.extensions["rollcall_services"].eraser.erase("s1", ADMIN, "")
    assert work() == {"students": [{"student_id": "s3"}]}


def test_a_student_is_erased_from_searches_of_courses_whose_roster_never_had_them(admin: FlaskClient) -> None:
    elsewhere = "art/2026-03-05_b/fedcba9876543210/matches.json"
    keep(elsewhere, {"students": [{"student_id": "s10"}, {"student_id": "s1", "similarity": 99.0}], "people": 2})
    send(admin, REMOVE, typed_id="s1")
    assert work(elsewhere) == {"students": [{"student_id": "s10"}], "people": 2}


def test_a_decided_register_keeps_only_that_there_is_a_row_and_gets_another_name(admin: FlaskClient) -> None:
    place = keys.place("physics", "2026-03-01")
    rows = (Row("s1", "Zoë O'Brien", Status.REVIEW, 95.0), Row("s2", "Bob Ray", Status.ABSENT))
    session = (place.course_id, place.session_id, place.session_key, place.date)
    register = Register(*session, MACHINE, Thresholds(99, 90), (), (), 0, rows)
    standing = keys.resolved_key(place, documents.from_register(register))
    replaced = "physics/2026-03-01/resolved-0.json"
    for key in (standing, replaced):
        keep(key, documents.from_register(register))
    put("sessions", session_item("physics", "2026-03-01", decision={"key": standing, "turn": 3}))
    send(admin, REMOVE, typed_id="s1")
    left = replace(register, rows=rows[1:], former={"s1": Status.REVIEW})
    decision = get("sessions", course_id="physics", session_id="2026-03-01")["decision"]  # type: ignore[index]
    assert decision == {"key": keys.resolved_key(place, documents.from_register(left)), "turn": 3}
    assert decision["key"] != standing
    assert [documents.to_register(work(key)) for key in (standing, replaced, decision["key"])] == [left] * 3


def test_the_students_account_goes_with_its_address_and_nobody_elses(admin: FlaskClient, signed_in: SignIn) -> None:
    student = signed_in(STUDENT)
    assert "1 account that shows this student's own record" in words(admin.get(REMOVE).text)
    assert "Accounts 1 erased" in followed(admin, send(admin, REMOVE, typed_id="s1"))
    assert get("users", email=STUDENT) is None
    assert get("users", email=TEACHER)
    assert student.get("/my-attendance").status_code == 302
    assert STUDENT not in str(audit())


def test_the_account_of_somebody_who_also_teaches_is_only_no_longer_the_students(admin: FlaskClient) -> None:
    put("users", (get("users", email=TEACHER) or {}) | {"student_id": "s1"})
    assert "Accounts 2 erased" in followed(admin, send(admin, REMOVE, typed_id="s1"))
    kept = get("users", email=TEACHER) or {}
    assert (kept["role"], kept["courses"], kept["student_id"]) == ("instructor", ["physics"], "")


def test_a_row_that_a_run_deletes_meanwhile_is_no_obstacle(
    admin: FlaskClient, faces: MemoryFaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows_of = DynamoRecords.rows_of

    def and_one_that_is_gone(records: DynamoRecords, student_id: str) -> list[RowKey]:
        return [*rows_of(records, student_id), RowKey("physics#2026-03-08", is_nameless=False)]

    monkeypatch.setattr(DynamoRecords, "rows_of", and_one_that_is_gone)
    assert "Student s1 is removed" in followed(admin, send(admin, REMOVE, typed_id="s1"))
    assert get("attendance", session_key="physics#2026-03-08", student_id="s1") is None
    assert_erased(faces)


@pytest.mark.parametrize("index", ["rows_of", "course_ids_of"])
def test_what_an_index_did_not_know_at_first_is_found_before_the_end(
    app: Flask, admin: FlaskClient, faces: MemoryFaces, monkeypatch: pytest.MonkeyPatch, index: str
) -> None:
    known, asked = getattr(DynamoRecords, index), count()

    def behind(records: DynamoRecords, student_id: str) -> Any:
        """Without the last one when the traces are counted and at the first look."""
        found = known(records, student_id)
        return found if next(asked) > 1 else found[:-1]

    monkeypatch.setattr(DynamoRecords, index, behind)
    app.extensions["rollcall_services"].eraser.erase("s1", ADMIN, "")
    assert_erased(faces)


def test_putting_a_student_on_a_roster_leaves_no_name_in_the_audit(tables: Settings) -> None:
    DynamoCourseBook(tables).put_on_roster("history", Enrolment("s1", "Zoë O'Brien", "2026-03-01"), ADMIN)
    (entry,) = [entry for entry in audit() if entry["action"] == "roster"]
    assert entry["new"] == {"student_id": "s1", "enrolled_from": "2026-03-01"}
    assert "Zoë" not in str(audit())


def test_a_removed_student_is_not_named_by_an_import_either(app: Flask, admin: FlaskClient) -> None:
    imports = app.extensions["rollcall_services"].imports
    lines = (RosterLine(2, "s1", "Zoë O'Brien", "a.jpg"), RosterLine(3, "s2", "Bob Ray", "b.jpg"))
    reports = (LineReport(2, "s1", "enrolled", ""), LineReport(3, "s2", "enrolled", ""))
    for import_id in ("0123456789abcdef", "fedcba9876543210"):
        named = lines if import_id.startswith("0") else lines[1:]
        imports.save(Import(import_id, "physics", ADMIN, True, "2026-03-01", named, reports if named == lines else ()))
        key = f"_imports/{import_id}/photos.zip"
        boto3.client("s3").put_object(Bucket="rollcall-work", Key=key, Body=b"faces")
    send(admin, REMOVE, typed_id="s1")
    assert [imports.has_photos(import_id) for import_id in ("0123456789abcdef", "fedcba9876543210")] == [False, True]
    left = imports.load("0123456789abcdef")
    assert (left.lines, left.reports) == (lines[1:], reports[1:])


@pytest.mark.parametrize("student_id", ["unknown", "students", "people", "evidence"])
def test_an_id_that_is_a_name_in_a_document_takes_nothing_else_along(student_id: str) -> None:
    seen = {"evidence": {"key": "k"}, "sightings": 1}
    others = [{"student_id": "s2", **seen}]
    document = {"unknown": 1, "people": 2, "students": [*others, {"student_id": student_id, **seen}]}
    kept = {"unknown": 1, "people": 2, "students": others}
    assert without_student(document, student_id) == kept


def test_a_student_goes_from_a_document_of_any_form() -> None:
    document = {
        "rows": [{"student_id": "s1"}, {"student_id": "s2", "near": [{"student_id": "s1"}]}],
        "s1": {"of": "another meaning"},
        "count": 2,
    }
    assert without_student(document, "s1") == {
        "rows": [{"student_id": "s2", "near": []}],
        "s1": {"of": "another meaning"},
        "count": 2,
    }
