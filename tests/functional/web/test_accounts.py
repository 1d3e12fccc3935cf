"""Accounts in the web: one-time passwords, roles, and the administrator who is always left."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient

from attendance.errors import RollcallError
from attendance.users import Role
from tests.functional.web.browsing import ADMIN, TEACHER, followed, send, words
from tests.functional.web.conftest import SignIn, token
from tests.functional.web.faces import photo
from tests.functional.web.tables import PASSWORD
from web.services import Services

NEW = "new@school.edu"
EDIT = "/accounts/edit"


@pytest.fixture
def services(app: Flask) -> Services:
    found: Services = app.extensions["rollcall_services"]
    return found


@pytest.fixture
def admin(signed_in: SignIn) -> FlaskClient:
    return signed_in(ADMIN)


@pytest.fixture
def zoe(services: Services) -> str:
    """A student's id."""
    services.enroller.enrol("s1", "Zoë", photo("s1"), [], "tester")
    return "s1"


def password_of(page: str) -> str:
    found = re.search(r"<code[^>]*>([\w-]{16})</code>", page)
    assert found
    return found[1]


def sign_in(app: Flask, email: str, password: str) -> FlaskClient | None:
    client = app.test_client()
    answer = client.post("/login", data={"email": email, "password": password, "csrf_token": token(client)})
    return client if answer.status_code == 302 else None


def test_a_new_account_must_choose_its_own_password_before_anything_else(app: Flask, admin: FlaskClient) -> None:
    made = send(admin, "/accounts", email=" New@School.edu ", role="instructor", courses="physics, history")
    assert made.status_code == 200
    password = password_of(made.text)
    assert password not in admin.get("/accounts").text
    assert NEW in admin.get("/accounts?role=instructor").text

    client = sign_in(app, NEW, password)
    assert client
    for path in ("/", "/courses/physics", "/account/tokens"):
        assert client.get(path).headers["Location"] == "/account"
    assert "Choose one of your own" in words(client.get("/account").text)
    send(client, "/account", current=password, new=PASSWORD, again=PASSWORD)
    assert client.get("/courses/history").status_code == 200
    assert sign_in(app, NEW, password) is None


def test_a_new_role_counts_at_once_and_an_instructors_courses_go_with_it(
    admin: FlaskClient, signed_in: SignIn, services: Services, zoe: str
) -> None:
    teacher = signed_in(TEACHER)
    told = send(
        admin, EDIT, f"{EDIT}?email={TEACHER}", email=TEACHER, role="student", courses="physics", student_id=zoe
    )
    assert "is changed" in followed(admin, told)
    assert teacher.get("/courses/physics").status_code == 403
    user = services.accounts.get(TEACHER)
    assert (user.role, user.courses, user.student_id) == (Role.STUDENT, (), "s1")
    (entry,) = services.audit.history("account#student s1", 1)
    assert (entry.old, entry.new) == ("instructor, physics", "student, student s1")
    assert not services.audit.history(f"account#{TEACHER}", 1)  # nothing ties the address to the student


def test_who_is_disabled_is_out_at_once_and_in_again_when_enabled(
    app: Flask, admin: FlaskClient, signed_in: SignIn
) -> None:
    teacher = signed_in(TEACHER)
    assert "signed out" in followed(admin, send(admin, "/accounts/disable", f"{EDIT}?email={TEACHER}", email=TEACHER))
    assert teacher.get("/").headers["Location"].startswith("/login")
    assert sign_in(app, TEACHER, PASSWORD) is None
    send(admin, "/accounts/enable", f"{EDIT}?email={TEACHER}", email=TEACHER)
    assert sign_in(app, TEACHER, PASSWORD)


def test_a_handed_out_password_replaces_the_old_one(app: Flask, admin: FlaskClient, signed_in: SignIn) -> None:
    teacher = signed_in(TEACHER)
    password = password_of(send(admin, "/accounts/password", f"{EDIT}?email={TEACHER}", email=TEACHER).text)
    assert teacher.get("/").headers["Location"].startswith("/login")
    assert sign_in(app, TEACHER, PASSWORD) is None
    assert sign_in(app, TEACHER, password)


def test_the_audit_names_the_account_of_a_student_by_the_id_alone(
    admin: FlaskClient, services: Services, zoe: str
) -> None:
    send(admin, "/accounts", email="zoe@school.edu", role="student", student_id=zoe)
    send(admin, "/accounts/disable", f"{EDIT}?email=zoe@school.edu", email="zoe@school.edu")
    actions = [entry.action for entry in services.audit.history("account#student s1", 5)]
    assert actions == ["disable account", "add account"]
    assert services.audit.history("account#zoe@school.edu", 5) == []


def test_a_removed_account_is_gone_and_its_removal_in_the_audit(admin: FlaskClient, services: Services) -> None:
    assert "is removed" in followed(admin, send(admin, "/accounts/remove", f"{EDIT}?email={TEACHER}", email=TEACHER))
    assert admin.get(f"{EDIT}?email={TEACHER}").status_code == 404
    (entry,) = services.audit.history(f"account#{TEACHER}", 5)
    assert (entry.action, entry.actor, entry.old) == ("remove account", ADMIN, "instructor, physics")


@pytest.mark.parametrize("action", ["remove", "disable", "demote"])
def test_the_last_administrator_stays(admin: FlaskClient, services: Services, action: str) -> None:
    services.accounts.add(NEW, Role.ADMIN, [], "", ADMIN)
    services.accounts.disable(NEW, ADMIN)  # who may not sign in keeps no accounts
    page = f"{EDIT}?email={ADMIN}"
    if action == "demote":
        told = words(send(admin, EDIT, page, email=ADMIN, role="instructor").text)
    else:
        told = followed(admin, send(admin, f"/accounts/{action}", page, email=ADMIN))
    assert "last administrator" in told
    assert services.accounts.get(ADMIN).role is Role.ADMIN
    services.accounts.enable(NEW, ADMIN)
    services.accounts.remove(ADMIN, NEW)


def test_two_administrators_who_remove_each_other_at_once_are_never_both_gone(services: Services) -> None:
    services.accounts.add(NEW, Role.ADMIN, [], "", ADMIN)

    def removed(email: str) -> bool:
        try:
            services.accounts.remove(email, "other")
        except RollcallError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(removed, (ADMIN, NEW))) == 1
    assert len(services.accounts.page(Role.ADMIN, 10).items) == 1


@pytest.mark.parametrize(
    ("fields", "advice"),
    [
        ({"email": ""}, "Give the email address"),
        ({"email": "no address"}, "name@school.edu"),
        ({"email": "x" * 300 + "@y.z"}, "254"),
        ({"email": TEACHER}, "has an account already"),
        ({"email": NEW, "role": "emperor"}, "valid choice"),
        ({"email": NEW, "courses": "physics a/b"}, "course id"),
        ({"email": NEW, "courses": "physics phisics"}, "There is no course phisics: create it first"),
        ({"email": NEW, "courses": "physics " * 501}, "at most 500 courses, and these are 501"),
        ({"email": NEW, "role": "student", "student_id": "s9"}, "There is no student s9: register the student first"),
        ({"email": NEW, "student_id": "s1"}, "Only a student's account"),
        ({"email": NEW, "role": "student", "student_id": "#s1"}, "student id"),
    ],
)
def test_what_makes_no_account_is_refused_with_advice(
    admin: FlaskClient, services: Services, fields: dict[str, str], advice: str
) -> None:
    refused = send(admin, "/accounts", **({"role": "instructor"} | fields))
    assert refused.status_code == 422
    assert advice in words(refused.text)
    assert NEW not in {user.email for role in Role for user in services.accounts.page(role, 50).items}


def test_an_account_is_not_changed_to_courses_that_are_not_there(admin: FlaskClient, services: Services) -> None:
    refused = send(admin, EDIT, f"{EDIT}?email={TEACHER}", email=TEACHER, role="instructor", courses="physics art")
    assert refused.status_code == 422
    assert "There is no course art: create it first, or mend its id." in words(refused.text)
    assert services.accounts.get(TEACHER).courses == ("physics",)


def test_where_courses_are_few_the_form_names_them(admin: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "There are: default history physics" in words(admin.get("/accounts").text)
    monkeypatch.setattr("web.accounts.COURSES_TOLD", 2)
    assert "There are:" not in words(admin.get("/accounts").text)


def test_accounts_come_page_by_page(admin: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        services.accounts.add(f"t{number}@school.edu", Role.STUDENT, [], "", ADMIN)
    monkeypatch.setattr("web.accounts.PER_PAGE", 2)
    page = admin.get("/accounts?role=student").text
    assert "t0@" in page
    assert "t1@" not in page
    following = re.search(r'href="([^"]+after=[^"]+)"', page)
    assert following
    assert "t1@school.edu" in admin.get(following[1].replace("&amp;", "&")).text


@pytest.mark.parametrize("email", ["", "nobody@school.edu", "x" * 2000, "#token", "\x00"])
def test_an_account_that_is_not_there_has_no_page(admin: FlaskClient, email: str) -> None:
    assert admin.get(EDIT, query_string={"email": email}).status_code == 404
