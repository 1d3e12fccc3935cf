"""A consent that is written down after a student was registered."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.functional.web.browsing import ADMIN, followed, send, words
from tests.functional.web.conftest import SignIn
from tests.functional.web.faces import photo
from web.services import Services

PAGE = "/students/s1"


@pytest.fixture
def services(app: Flask) -> Services:
    found: Services = app.extensions["rollcall_services"]
    found.enroller.enrol("s1", "Zoë", photo("s1"), [], "tester")
    return found


@pytest.fixture
def admin(services: Services, signed_in: SignIn) -> FlaskClient:
    return signed_in(ADMIN)


def test_a_consent_is_recorded_once_and_by_whom(admin: FlaskClient, services: Services) -> None:
    assert "not recorded" in words(admin.get(PAGE).text)
    told = followed(admin, send(admin, f"{PAGE}/consent", PAGE, day="2026-03-02"))
    assert "given Mon 02 Mar 2026, recorded by admin@school.edu" in told
    assert "Record the consent" not in told
    again = send(admin, f"{PAGE}/consent", "/account", day="2020-01-01")
    assert "there is a consent already" in followed(admin, again)
    student = services.students.student("s1")
    assert student
    assert student.consent
    assert student.consent.given_at == "2026-03-02"
    assert services.audit.history("student#s1", 1)[0].action == "consent"


@pytest.mark.parametrize("day", ["", "yesterday", "2026-02-30", "9999-01-01", "<script>"])
def test_what_is_no_day_or_is_to_come_is_refused(admin: FlaskClient, services: Services, day: str) -> None:
    told = followed(admin, send(admin, f"{PAGE}/consent", PAGE, day=day))
    assert "day" in told
    student = services.students.student("s1")
    assert student
    assert student.consent is None


def test_nobody_who_is_not_there_or_is_being_erased_consents(admin: FlaskClient, services: Services) -> None:
    services.students.mark("s1", {"faces": 1, "photos": 1, "rows": 0, "courses": 1}, "me", "2026-03-04T00:00:00")
    for student_id in ("s1", "nobody"):
        answer = send(admin, f"/students/{student_id}/consent", "/account", day="2026-03-02")
        assert answer.status_code == 302
    assert services.students.student("nobody") is None
    student = services.students.student("s1")
    assert student
    assert student.consent is None
