"""The audit as administrators read it."""

import pytest
from flask.testing import FlaskClient

from attendance.courses import CourseSettings
from tests.functional.web.browsing import ADMIN, TEACHER, words
from tests.functional.web.conftest import SignIn
from tests.functional.web.faces import photo
from tests.functional.web.tables import put, session_item
from web.audit import KINDS
from web.services import Services


@pytest.fixture
def admin(services: Services, signed_in: SignIn) -> FlaskClient:
    return signed_in(ADMIN)


def test_what_was_done_to_a_student_is_told_without_the_name(admin: FlaskClient, services: Services) -> None:
    services.enroller.enrol("s1", "Zoë O'Brien", photo("s1"), ["physics"], ADMIN)
    assert "/audit?kind=student&amp;id=s1" in admin.get("/students/s1").text
    page = admin.get("/audit?kind=student&id=s1").text
    assert f"{ADMIN} enrol" in words(page)
    assert "Zo" not in page


def test_what_was_changed_of_a_course_is_told_value_by_value(admin: FlaskClient, services: Services) -> None:
    services.courses.save("physics", CourseSettings("Physics", "UTC", present_threshold=97.5), TEACHER)
    assert "/audit?kind=course&amp;id=physics" in admin.get("/courses/physics/settings").text
    page = words(admin.get("/audit?kind=course&id=physics").text)
    assert f"{TEACHER} settings course_name: Physics <1>, time_zone: Pacific/Auckland" in page
    assert "course_name: Physics, time_zone: UTC, present_threshold: 97.5" in page
    assert "Decimal" not in page
    assert "None" not in page


def test_pages_of_accounts_and_recordings_lead_to_what_was_done_with_them(admin: FlaskClient) -> None:
    put("sessions", session_item("physics", "2026-03-02"))
    session = admin.get("/courses/physics/sessions/2026-03-02").text
    assert "/audit?kind=video&amp;id=0123456789abcdef" in session
    assert f"/audit?kind=account&amp;id={TEACHER}" in admin.get(f"/accounts/edit?email={TEACHER}").text
    assert 'href="/audit"' in admin.get("/accounts").text


@pytest.mark.parametrize("subject", ["nobody", "<script>", "a#b#c", "é" * 3000, "\x00", " "])
@pytest.mark.parametrize("kind", [*KINDS, "", "nonsense"])
def test_whatever_is_asked_for_gets_an_answer(admin: FlaskClient, kind: str, subject: str) -> None:
    answer = admin.get("/audit", query_string={"kind": kind, "id": subject})
    assert answer.status_code == 200
    assert "<script>" not in answer.text
    assert ("Nothing was done to it" in answer.text) is bool(subject.strip())


def test_a_teacher_sees_no_way_there(signed_in: SignIn) -> None:
    put("sessions", session_item("physics", "2026-03-02"))
    teacher = signed_in(TEACHER)
    for path in ("/courses/physics/sessions/2026-03-02", "/courses/physics/settings"):
        assert "/audit" not in teacher.get(path).text
