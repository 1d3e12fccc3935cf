"""Registering students and finding them again; every refusal says what to do."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from attendance.aws import compose
from attendance.settings import Settings
from tests.functional.web.browsing import ADMIN, TEACHER, followed, send, words
from tests.functional.web.conftest import SignIn, token
from tests.functional.web.faces import MemoryFaces, photo
from tests.functional.web.tables import get, put, row_item
from web.services import Services
from web.students import MAX_PHOTOS, PHOTOS_BYTES

NEW = "/register-student"
ZOE: dict[str, Any] = {
    "student_id": "s1",
    "student_name": "Zoë O'Brien",
    "consent": "y",
    "consent_day": "2026-03-01",
    "photos": photo("zoë"),
}


@pytest.fixture
def admin(signed_in: SignIn) -> FlaskClient:
    return signed_in(ADMIN)


def enrol(app: Flask, student_id: str, name: str, *courses: str, shot: int = 1) -> None:
    services: Services = app.extensions["rollcall_services"]
    services.enroller.enrol(student_id, name, photo(student_id, shot=shot), courses, "tester")


def test_a_registered_student_has_photo_consent_and_courses(admin: FlaskClient, faces: MemoryFaces) -> None:
    page = followed(admin, send(admin, NEW, **ZOE, courses=["physics"]))
    assert "Zoë O'Brien is registered." in page
    assert "given Sun 01 Mar 2026, recorded by admin@school.edu" in page
    assert "physics" in page
    assert [owner for owner, _ in faces.faces.values()] == ["s1"]
    assert get("students", student_id="s1")["consent"] == {"given_at": "2026-03-01", "recorded_by": ADMIN}  # type: ignore[index]
    assert get("rosters", course_id="physics", student_id="s1")


def test_several_photos_are_taken_at_once_and_a_bad_one_is_named(admin: FlaskClient, faces: MemoryFaces) -> None:
    shots = [(photo("zoë"), "a.jpg"), (photo("zoë", "bob"), "b.jpg"), (photo("zoë", shot=2), "c.jpg")]
    page = followed(admin, send(admin, NEW, **ZOE | {"photos": shots}))
    assert len(faces.faces) == 2
    assert "b.jpg: There are 2 faces on this photo: crop it to the student alone." in page


def test_a_form_that_is_sent_twice_leads_to_the_student_both_times(admin: FlaskClient, faces: MemoryFaces) -> None:
    shots = [(photo("zoë", "bob"), "a.jpg"), (photo("zoë"), "b.jpg"), (photo("zoë", shot=2), "c.jpg")]
    answers = [send(admin, NEW, **ZOE | {"photos": shots}) for _ in range(2)]
    assert [answer.headers.get("Location") for answer in answers] == ["/students/s1"] * 2
    page = followed(admin, answers[1])
    assert "Zoë O'Brien is registered." in page
    assert "registered already" not in page
    assert len(faces.faces) == 2


@pytest.mark.parametrize("other", [{"student_name": "Zoë Other"}, {"photos": photo("zoë", shot=9)}])
def test_an_id_that_is_there_with_another_name_or_photo_is_refused(admin: FlaskClient, other: dict[str, Any]) -> None:
    send(admin, NEW, **ZOE)
    answer = send(admin, NEW, **ZOE | other)
    assert answer.status_code == 422
    assert "The id s1 is registered already" in words(answer.text)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"photos": photo()}, "There is no face on this photo"),
        ({"photos": photo(*"abcde")}, "There are 5 faces on this photo"),
        ({"photos": photo("zoë", flaw="LOW_BRIGHTNESS")}, "too dark: take it in more light"),
        ({"photos": b""}, "The photo is empty"),
        ({"photos": b"GIF89a" + b"\0" * 64}, "neither a JPEG nor a PNG"),
        ({"photos": []}, "Choose at least one photo"),
        ({"photos": [(photo("zoë", shot=n), f"{n}.jpg") for n in range(MAX_PHOTOS + 1)]}, "at most 5 photos at once"),
        ({"student_id": "../etc"}, "is no student id: use 1 to 64"),
        ({"student_id": "a/b"}, "is no student id: use 1 to 64"),
        ({"student_id": "Zoë-1"}, "is no student id: use 1 to 64"),
        ({"student_id": ""}, "Give the student's id."),
        ({"student_name": ""}, "Give the student's name."),
        ({"student_name": " \t "}, "this one has 0"),
        ({"student_name": "x" * 300}, "has 1 to 200 characters"),
        ({"student_name": "a\x00b"}, "cannot be shown"),
        ({"consent": ""}, "A face may be kept only with consent"),
        ({"consent_day": "yesterday"}, "This is no day of the calendar"),
        ({"consent_day": "2999-01-01"}, "still to come"),
        ({"courses": ["no-such"]}, "See the marked fields"),
    ],
)
def test_what_cannot_be_registered_is_refused_in_a_sentence_and_nothing_is_kept(
    admin: FlaskClient, faces: MemoryFaces, changed: dict[str, Any], told: str
) -> None:
    answer = send(admin, NEW, **ZOE | changed)
    assert answer.status_code == 422
    assert told in words(answer.text)
    assert "The student is not registered yet." in words(answer.text)
    assert not faces.faces
    assert get("students", student_id="s1") is None


def test_what_was_typed_is_still_there_after_a_refusal(admin: FlaskClient) -> None:
    page = send(admin, NEW, **ZOE | {"photos": photo(), "student_name": "<b>Zoë</b>"}).text
    assert 'value="&lt;b&gt;Zoë&lt;/b&gt;"' in page
    assert 'value="s1"' in page


def test_an_id_that_is_taken_is_refused_even_for_the_same_name(admin: FlaskClient, faces: MemoryFaces) -> None:
    send(admin, NEW, **ZOE)
    again = send(admin, NEW, **ZOE | {"photos": photo("zoë", shot=2)})
    assert again.status_code == 422
    assert "The id s1 is registered already" in words(again.text)
    assert len(faces.faces) == 1


def test_a_double_click_registers_once(admin: FlaskClient, faces: MemoryFaces) -> None:
    send(admin, NEW, **ZOE)
    send(admin, NEW, **ZOE)
    assert len(faces.faces) == 1


def test_a_face_under_another_id_is_refused_until_someone_says_it_is_right(
    admin: FlaskClient, faces: MemoryFaces
) -> None:
    send(admin, NEW, **ZOE)
    twin = ZOE | {"student_id": "s2", "student_name": "Zara O'Brien", "photos": photo("zoë", shot=2)}
    refused = send(admin, NEW, **twin)
    assert refused.status_code == 422
    assert "This face looks like student s1's" in words(refused.text)
    assert "data-anyway>" in refused.text
    assert len(faces.faces) == 1
    page = followed(admin, send(admin, NEW, **twin, register_anyway="y"))
    assert "Zara O'Brien is registered." in page
    assert "This face looks like student s1's" in page


def test_a_photo_is_judged_while_the_form_is_filled_in_and_nothing_is_kept(
    app: Flask, admin: FlaskClient, faces: MemoryFaces
) -> None:
    enrol(app, "s1", "Zoë")
    before = dict(faces.faces)

    def judged(**fields: Any) -> Any:
        return send(admin, "/check-photo", NEW, **fields).json

    assert judged(photo=photo("bob")) == {"problem": "", "lookalikes": []}
    assert judged(photo=photo("s1", shot=2)) == {"problem": "", "lookalikes": ["s1"]}
    assert judged(photo=photo("s1", shot=2), student_id="s1") == {"problem": "", "lookalikes": []}
    assert "no face" in judged(photo=photo())["problem"]
    assert "choose one" in judged()["problem"]
    assert faces.faces == before


def test_a_form_that_is_far_too_large_is_refused_before_it_is_read(admin: FlaskClient) -> None:
    announced = {"CONTENT_LENGTH": str(20 * 2**30), "CONTENT_TYPE": "multipart/form-data; boundary=x"}
    answer = admin.post(NEW, environ_overrides=announced)
    assert answer.status_code == 413
    large = send(admin, NEW, **ZOE | {"photos": b"\xff\xd8\xff" + b"\0" * PHOTOS_BYTES})
    assert large.status_code == 413
    assert "A photo may have 5 MB, and this form 25.1 MB in all." in words(large.text)


def test_forms_of_other_pages_stay_small(admin: FlaskClient) -> None:
    answer = admin.post("/logout", data={"csrf_token": token(admin, "/"), "x": "y" * 100_000})
    assert answer.status_code == 413


def test_a_session_that_ended_says_so_and_that_nothing_was_kept(client: FlaskClient) -> None:
    answer = client.post(NEW, data={"student_id": "s1"})
    assert answer.headers["Location"] == "/login"
    assert "Your session has ended. Sign in, then send the form again" in words(client.get("/login").text)


def test_photos_are_limited_by_account_and_not_by_address(signed_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = signed_in(ADMIN)
    form_token = token(admin, NEW)
    for _ in range(120):
        admin.post("/check-photo", data={"csrf_token": form_token})
    assert admin.post("/check-photo", data={"csrf_token": form_token}).status_code == 429
    teacher = signed_in(TEACHER)
    assert teacher.post("/check-photo", data={"csrf_token": token(teacher, "/")}).status_code == 403


def test_the_list_shows_everyone_page_by_page(admin: FlaskClient) -> None:
    for number in range(120):
        put("rosters", {"course_id": "default", "student_id": f"s{number:03}", "student_name": f"Name {number}"})
    first = admin.get("/students").text
    assert "s049" in first
    assert "s050" not in first
    assert "s050" in admin.get("/students?after=s049").text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("obri", ["s1"]),
        ("O'Brien", ["s1"]),
        ("zoe", ["s1", "s2"]),
        ("ZOË ch", ["s2"]),
        ("s", ["s1", "s2", "s3"]),
        ("s3", ["s3"]),
        ("李", ["s3"]),
        ("nobody", []),
        ("  ", ["s1", "s2", "s3"]),
        ("%' OR 1=1 --", []),
        ("\x00", []),
        ("x" * 5000, []),
    ],
)
def test_a_search_finds_by_the_beginning_of_an_id_or_of_any_word_of_a_name(
    app: Flask, admin: FlaskClient, text: str, found: list[str]
) -> None:
    enrol(app, "s1", "Zoë O'Brien")
    enrol(app, "s2", "Zoé Chen")
    enrol(app, "s3", "李 小龍")
    page = admin.get("/students", query_string={"q": text}).text
    assert [student for student in ("s1", "s2", "s3") if f"/students/{student}" in page] == found


def test_a_long_search_says_that_there_are_more(app: Flask, admin: FlaskClient) -> None:
    for number in range(51):
        enrol(app, f"s{number}", f"Kim {number}")
    assert "The first 50 of more" in words(admin.get("/students?q=kim").text)


def test_a_students_page_shows_history_and_percentage(app: Flask, admin: FlaskClient) -> None:
    enrol(app, "s1", "Zoë", "physics")
    for day, status in (("2026-03-01", "present"), ("2026-03-02", "absent"), ("2026-03-03", "review")):
        put("attendance", row_item("physics", day, "s1", status))
    page = words(admin.get("/students/s1").text)
    assert "50.0 % of 2 classes, 1 to review" in page
    assert page.index("Tue 03 Mar 2026 physics review") < page.index("Sun 01 Mar 2026 physics present")


def test_what_a_person_said_counts_in_the_percentage(app: Flask, admin: FlaskClient) -> None:
    enrol(app, "s1", "Zoë", "physics")
    put("attendance", row_item("physics", "2026-03-01", "s1", "absent"))
    said = {"status": "present", "late": False, "left_early": False, "reason": "was there", "actor": "t", "at": "now"}
    put("corrections", {"session_key": "physics#2026-03-01", "student_id": "s1", "version": 1, "correction": said})
    assert "100.0 % of 1 class" in words(admin.get("/students/s1").text)


def test_an_instructor_sees_students_of_own_courses_and_rows_of_these_only(app: Flask, signed_in: SignIn) -> None:
    enrol(app, "s1", "Zoë", "physics", "history")
    enrol(app, "s2", "Bob", "history")
    put("attendance", row_item("physics", "2026-03-01", "s1", "present"))
    put("attendance", row_item("history", "2026-03-02", "s1", "absent"))
    teacher = signed_in(TEACHER)
    page = words(teacher.get("/students/s1").text)
    assert "100.0 % of 1 class" in page
    assert "physics 1 0 100.0" in page
    assert "history 0" not in page
    assert "02 Mar" not in page
    assert "Remove" not in page
    assert teacher.get("/students/s2").status_code == 403
    assert teacher.get("/students/nobody").status_code == 403


def test_a_photo_is_shown_by_an_address_that_soon_ends(app: Flask, admin: FlaskClient, tables: Settings) -> None:
    enrol(app, "s1", "Zoë")
    student = compose.enroller(tables).student("s1")
    assert student
    digest = student.photos[0].digest
    answer = admin.get(f"/students/s1/photos/{digest}")
    assert answer.status_code == 302
    assert "X-Amz-Expires=60" in answer.headers["Location"]
    assert f"{tables.photos_bucket}" in answer.headers["Location"]
    for path in (f"/students/s2/photos/{digest}", "/students/s1/photos/0", "/students/s1/photos/..%2f..%2fx"):
        assert admin.get(path).status_code == 404


def test_photos_are_added_to_a_student(app: Flask, admin: FlaskClient, faces: MemoryFaces) -> None:
    enrol(app, "s1", "Zoë")
    page = followed(admin, send(admin, "/students/s1/photos", "/students/s1", photos=photo("s1", shot=2)))
    assert "The photo is added." in page
    assert len(faces.faces) == 2
    page = followed(admin, send(admin, "/students/s1/photos", "/students/s1", photos=photo()))
    assert "There is no face on this photo" in page
    assert len(faces.faces) == 2
