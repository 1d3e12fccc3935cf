"""An unknown face with a name becomes a photo: for administrators, with consent, of that student and nobody else."""

from typing import Any

import boto3
import pytest
from boto3.dynamodb.conditions import Key
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from attendance.enrolment import MAX_PHOTO_BYTES, Terms
from attendance.students import Consent, Indexed
from tests.functional.web.a_session import KEY, PAGE, VIDEO, assign, put_register, put_unknown_faces
from tests.functional.web.browsing import ADMIN, TEACHER, followed, send, words
from tests.functional.web.conftest import SignIn
from tests.functional.web.faces import MemoryFaces, photo
from tests.functional.web.tables import get, put
from web.services import Services

FACE = f"{PAGE}/unknown/{VIDEO}/7"
CROP = photo("s1", shot=2)
OFFER = "Keep this face as a photo of Zoë"
AGREED = Consent("2026-03-01", ADMIN)


@pytest.fixture
def admin(services: Services, signed_in: SignIn) -> FlaskClient:
    """An administrator, in a session whose unknown face 7 was said to be s1, who has one photo and consented."""
    put_register()
    put_unknown_faces()
    services.enroller.enrol("s1", "Zoë", photo("s1"), ["physics"], "tester", Terms(AGREED))
    client = signed_in(ADMIN)
    assign(client, 7, "s1")
    return client


def keep(client: FlaskClient, content: bytes = CROP, face: str = FACE, **fields: Any) -> TestResponse:
    return send(client, f"{face}/photo", PAGE, photo=content, **fields)


def photos_of(student_id: str) -> list[dict[str, str]]:
    student = get("students", student_id=student_id)
    found: list[dict[str, str]] = (student or {}).get("photos", [])
    return found


def audit_of(student_id: str) -> list[dict[str, Any]]:
    table = boto3.resource("dynamodb").Table("rollcall-audit")
    found = table.query(KeyConditionExpression=Key("subject").eq(f"student#{student_id}"))
    items: list[dict[str, Any]] = found["Items"]
    return items


def test_a_face_that_was_given_a_name_is_kept_as_a_photo_of_that_student(
    admin: FlaskClient, faces: MemoryFaces
) -> None:
    assert OFFER in words(admin.get(PAGE).text)
    answer = keep(admin)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{PAGE}#unknown-{VIDEO}-7")
    page = followed(admin, answer)
    assert "This face is a photo of Zoë now." in page
    assert "It is a photo of this student." in page
    assert OFFER not in page
    assert sorted(faces.faces.values()) == [("s1", "s1"), ("s1", "s1")]
    assert "from a video" in words(admin.get("/students/s1").text)


def test_the_photo_knows_its_moment_and_the_audit_only_its_video(admin: FlaskClient) -> None:
    keep(admin)
    assert [one["source"] for one in photos_of("s1")] == ["", f"{KEY}/{VIDEO}/12000"]
    last = audit_of("s1")[-1]
    assert (last["actor"], last["action"], last["reason"]) == (ADMIN, "enrol", f"{KEY}/{VIDEO}")


def test_erasing_the_student_erases_the_photo_and_where_it_is_from(
    admin: FlaskClient, services: Services, faces: MemoryFaces
) -> None:
    keep(admin)
    services.eraser.erase("s1", ADMIN, "asked for it")
    assert faces.faces == {}
    assert services.photos.of_student("s1") == []
    assert "12000" not in str(audit_of("s1"))
    assert OFFER not in words(admin.get(PAGE).text)


def test_a_face_that_is_sent_twice_is_kept_once(admin: FlaskClient, faces: MemoryFaces) -> None:
    keep(admin)
    keep(admin)
    assert len(photos_of("s1")) == len(faces.faces) == 2


def test_without_a_recorded_consent_nothing_is_kept_and_the_page_leads_to_recording_it(
    admin: FlaskClient, services: Services, faces: MemoryFaces
) -> None:
    services.enroller.enrol("s3", "Bob", photo("s3"), ["physics"], "an import")
    assign(admin, 9, "s3")
    page = admin.get(PAGE).text
    assert "first record the consent of Bob ." in words(page)
    assert 'href="/students/s3#consent-day"' in page
    told = followed(admin, keep(admin, photo("s3", shot=2), f"{PAGE}/unknown/{VIDEO}/9"))
    assert "Nothing was kept. No consent of student s3 is recorded" in told
    assert len(photos_of("s3")) == 1
    assert len(faces.faces) == 2
    services.students.record_consent("s3", AGREED)
    assert "Keep this face as a photo of Bob" in words(admin.get(PAGE).text)
    assert "This face is a photo of Bob now." in followed(
        admin, keep(admin, photo("s3", shot=2), f"{PAGE}/unknown/{VIDEO}/9")
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (photo("s1", flaw="SMALL_BOUNDING_BOX"), "the face is too small: come closer"),
        (photo("s1", flaw="LOW_SHARPNESS"), "the picture is blurred"),
        (photo(), "There is no face on this photo"),
        (photo("s1", "s2"), "There are 2 faces on this photo"),
        (b"", "The photo is empty"),
        (b"RIFF" + b"\0" * 64, "neither a JPEG nor a PNG"),
        (b"\xff\xd8\xff" + b"\0" * MAX_PHOTO_BYTES, "The photo has 5.0 MB: save it smaller"),
    ],
)
def test_a_picture_that_is_no_good_photo_is_refused_in_a_sentence(
    admin: FlaskClient, faces: MemoryFaces, content: bytes, told: str
) -> None:
    answer = keep(admin, content)
    assert answer.headers["Location"] == PAGE  # at its top, where the reason is told
    page = followed(admin, answer)
    assert "Nothing was kept." in page
    assert told in page
    assert len(photos_of("s1")) == len(faces.faces) == 1


def test_a_face_that_looks_like_somebody_else_is_kept_only_when_a_person_says_that_it_is_right(
    admin: FlaskClient, services: Services, faces: MemoryFaces
) -> None:
    services.enroller.enrol("s9", "Twin", photo("twin"), (), "tester")
    look = photo("twin", shot=2)
    assert "This face looks like student s9's" in followed(admin, keep(admin, look))
    assert len(photos_of("s1")) == 1
    page = followed(admin, keep(admin, look, register_anyway="y"))
    assert "This face is a photo of Zoë now." in page
    assert "This face looks like student s9's" in page
    assert ("s1", "twin") in faces.faces.values()


def test_the_server_decides_whose_photo_it_is_not_the_form(admin: FlaskClient, services: Services) -> None:
    services.enroller.enrol("s2", "Eve", photo("s2"), ["physics"], "tester", Terms(AGREED))
    keep(admin, student_id="s2")
    assert (len(photos_of("s1")), len(photos_of("s2"))) == (2, 1)


def test_a_face_that_nobody_counts_as_is_kept_for_nobody(admin: FlaskClient, faces: MemoryFaces) -> None:
    send(admin, f"{PAGE}/rows/s1", PAGE, say="undo", version="1")
    assert "nobody counts as this face any more" in followed(admin, keep(admin))
    assert len(faces.faces) == 1


def test_a_student_who_was_removed_meanwhile_is_not_made_again(
    admin: FlaskClient, services: Services, faces: MemoryFaces
) -> None:
    services.eraser.erase("s1", ADMIN, "left the school")
    assert "nobody counts as this face any more" in followed(admin, keep(admin))
    assert (faces.faces, photos_of("s1"), services.students.student("s1")) == ({}, [], None)


def test_a_student_who_is_removed_while_the_face_is_enrolled_is_not_made_again(
    admin: FlaskClient, services: Services, faces: MemoryFaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.enroller.remove_photo("s1", photos_of("s1")[0]["key"], ADMIN)
    index = faces.index

    def after_the_removal(content: bytes, student_id: str) -> Indexed:
        services.eraser.erase(student_id, ADMIN, "left the school")
        return index(content, student_id)

    monkeypatch.setattr(faces, "index", after_the_removal)
    assert "Someone changed this student at the same moment" in followed(admin, keep(admin))
    assert (faces.faces, services.photos.of_student("s1"), services.students.student("s1")) == ({}, [], None)


def test_a_student_who_is_being_removed_gets_no_photo(admin: FlaskClient, faces: MemoryFaces) -> None:
    student = get("students", student_id="s1") or {}
    put("students", student | {"erasing": {"since": "2026-03-03T00:00:00+00:00", "by": ADMIN, "traces": {}}})
    assert OFFER not in words(admin.get(PAGE).text)
    assert "Student s1 is being removed: finish that first." in followed(admin, keep(admin))
    assert len(faces.faces) == 1


def test_an_instructor_is_offered_nothing_and_a_forged_form_is_refused(
    admin: FlaskClient, signed_in: SignIn, faces: MemoryFaces
) -> None:
    teacher = signed_in(TEACHER)
    page = teacher.get(PAGE).text
    assert "This is Name of s1 ." in words(page)
    assert f"{FACE}/photo" not in page
    assert "face.js" not in page
    page = admin.get(PAGE).text
    assert f"{FACE}/photo" in page
    assert "face.js" in page
    assert keep(teacher).status_code == 403
    assert len(faces.faces) == 1


@pytest.mark.parametrize("face", [f"{VIDEO}/8", f"{VIDEO}/-1", "fedcba9876543210/7", f"{VIDEO}/{'9' * 99}"])
def test_a_face_that_is_not_there_is_not_found(admin: FlaskClient, face: str) -> None:
    assert keep(admin, face=f"{PAGE}/unknown/{face}").status_code == 404


def test_a_form_without_a_picture_and_one_that_is_far_too_large_are_refused(admin: FlaskClient) -> None:
    assert send(admin, f"{FACE}/photo", PAGE).status_code == 400
    assert keep(admin, b"\xff\xd8\xff" + b"\0" * (MAX_PHOTO_BYTES + 2**20)).status_code == 413
