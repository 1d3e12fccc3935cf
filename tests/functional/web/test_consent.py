"""A consent that is written down after a student was registered."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from attendance.enrolment import NoConsentError, PhotoConflictError, Terms
from attendance.students import Consent, Indexed, Student
from tests.functional.web.browsing import ADMIN, followed, send, words
from tests.functional.web.conftest import SignIn
from tests.functional.web.faces import MemoryFaces, photo
from web.services import Services

AGREED = Terms(Consent("2026-03-01", "tester"))
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


def test_a_withdrawn_consent_takes_every_photo_and_face_along_and_lets_none_come_back(
    admin: FlaskClient, services: Services, faces: MemoryFaces
) -> None:
    services.enroller.enrol("s1", "Zoë", photo("s1", shot=2), [], "tester")
    services.enroller.enrol("s2", "Bob", photo("bob"), [], "tester")
    keys = [each.key for each in _student(services).photos]
    told = followed(admin, send(admin, f"{PAGE}/consent/withdraw", PAGE))
    assert "Photos erased with their faces: 2." in told
    assert "Consent withdrawn" in told
    assert "Add photos" not in told
    assert "Withdraw the consent" not in told
    assert [owner for owner, _ in faces.faces.values()] == ["s2"]
    assert [services.photos.get(key) for key in keys] == [None, None]
    for terms in (AGREED, Terms()):
        with pytest.raises(NoConsentError, match="withdrew"):
            services.enroller.enrol("s1", "Zoë", photo("s1"), [], "tester", terms)
    assert "withdraw consent" in [entry.action for entry in services.audit.history("student#s1", 5)]
    assert not _student(services).photos

    followed(admin, send(admin, f"{PAGE}/consent", PAGE, day="2026-03-02"))
    services.enroller.enrol("s1", "Zoë", photo("s1"), [], "tester")
    assert len(_student(services).photos) == 1


def test_a_withdrawal_that_broke_off_is_gone_on_with(
    admin: FlaskClient, services: Services, faces: MemoryFaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.students.record_consent("s1", Consent("2026-03-01", "tester"))
    with monkeypatch.context() as patch:
        patch.setattr(faces, "delete", _broken)
        with pytest.raises(ConnectionError):
            services.enroller.withdraw_consent("s1", "me")
    assert _student(services).consent is None
    assert _student(services).photos
    assert "Photos erased with their faces: 1." in followed(admin, send(admin, f"{PAGE}/consent/withdraw", PAGE))
    assert not faces.faces
    assert "Photos erased with their faces: 0." in followed(admin, send(admin, f"{PAGE}/consent/withdraw", PAGE))
    actions = [entry.action for entry in services.audit.history("student#s1", 9)]
    assert actions.count("withdraw consent") == 1


def test_a_photo_that_was_read_before_the_withdrawal_is_not_kept_after_it(
    services: Services, faces: MemoryFaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = faces.index

    def withdrawn_meanwhile(content: bytes, student_id: str) -> Indexed:
        services.enroller.withdraw_consent("s1", "me")
        return index(content, student_id)

    monkeypatch.setattr(faces, "index", withdrawn_meanwhile)
    with pytest.raises(PhotoConflictError):
        services.enroller.enrol("s1", "Zoë", photo("s1", shot=2), [], "tester")
    assert not faces.faces
    assert not _student(services).photos


def test_nobody_who_is_not_there_or_is_being_erased_withdraws(admin: FlaskClient, services: Services) -> None:
    services.students.mark("s1", {"faces": 1, "photos": 1, "rows": 0, "courses": 1}, "me", "2026-03-04T00:00:00")
    for student_id in ("s1", "nobody"):
        send(admin, f"/students/{student_id}/consent/withdraw", "/account")
        assert "being removed" in words(admin.get("/account").text)
    assert len(_student(services).photos) == 1


def _student(services: Services) -> Student:
    student = services.students.student("s1")
    assert student
    return student


def _broken(face_id: str) -> None:
    raise ConnectionError(face_id)
