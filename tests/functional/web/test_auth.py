"""Signing in and out, as a browser and as a stranger with bad intentions do it."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from attendance.aws import compose
from attendance.settings import Settings
from tests.functional.web.browsing import followed, send, words
from tests.functional.web.conftest import SignIn, token
from tests.functional.web.tables import PASSWORD, get
from web import WebConfig, create_app
from web.auth import REFUSED


def _post(client: FlaskClient, email: str, password: str, path: str = "/login") -> tuple[int, str]:
    answer = client.post(path, data={"email": email, "password": password, "csrf_token": token(client)})
    return answer.status_code, answer.text


def test_the_right_password_signs_in_and_out_again(signed_in: SignIn) -> None:
    client = signed_in("admin@school.edu")
    page = client.get("/")
    assert page.status_code == 200
    assert "admin@school.edu" in page.text
    client.post("/logout", data={"csrf_token": token(client, "/")})
    assert client.get("/").status_code == 302


def test_the_spelling_of_an_email_does_not_matter(client: FlaskClient) -> None:
    assert _post(client, "  Teacher@School.EDU ", PASSWORD)[0] == 302


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("admin@school.edu", "wrong horse battery staple"),
        ("nobody@school.edu", PASSWORD),
        ("", ""),
        ("no email", PASSWORD),
        ("admin@school.edu", ""),
        ("admin@school.edu", "x" * 5000),
        ("x" * 5000 + "@school.edu", PASSWORD),
        ("admin@school.edu\x00", PASSWORD),
        ("<script>alert(1)</script>@school.edu", "<script>secret</script>"),
    ],
)
def test_every_failed_login_gives_the_same_page_and_echoes_nothing(
    client: FlaskClient, email: str, password: str
) -> None:
    status, text = _post(client, email, password)
    assert status == 401
    assert REFUSED in text
    assert "<script" not in text
    assert not password or password not in text
    assert "nobody@" not in text


def test_a_login_without_its_form_token_is_refused_in_plain_words(client: FlaskClient) -> None:
    answer = client.post("/login", data={"email": "admin@school.edu", "password": PASSWORD})
    assert answer.status_code == 400
    assert "The form has expired" in answer.text


def test_a_logout_from_another_site_does_nothing(signed_in: SignIn) -> None:
    client = signed_in("admin@school.edu")
    assert client.post("/logout").status_code == 400
    assert client.get("/").status_code == 200


def test_the_sixth_wrong_password_of_an_account_has_to_wait(client: FlaskClient) -> None:
    for _ in range(5):
        assert _post(client, "admin@school.edu", "wrong horse battery")[0] == 401
    status, text = _post(client, "Admin@school.edu", PASSWORD)
    assert status == 429
    assert "Try again in a minute" in text


def test_an_account_has_one_limit_however_its_email_is_spelled(client: FlaskClient) -> None:
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in "admin")  # full-width letters, which open the same account
    spellings = ("admin@school.edu", f"{wide}@school.edu", f" {wide.upper()}@school.edu", "ADMIN@school.edu")
    assert _post(client, spellings[1], PASSWORD)[0] == 302
    client.post("/logout", data={"csrf_token": token(client, "/")})
    tries = [_post(client, spellings[number % 4], "wrong horse battery")[0] for number in range(6)]
    assert tries == [401] * 5 + [429]


def test_the_limit_of_one_account_does_not_lock_the_others_out(client: FlaskClient) -> None:
    for _ in range(6):
        _post(client, "admin@school.edu", "wrong horse battery")
    assert _post(client, "teacher@school.edu", PASSWORD)[0] == 302


def test_a_class_that_signs_in_from_one_address_is_never_limited(app: Flask) -> None:
    for _ in range(35):
        assert _post(app.test_client(), "teacher@school.edu", PASSWORD)[0] == 302


@pytest.mark.parametrize(
    "target",
    [
        *("https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)"),
        *("/\t/evil.example", "/\n/evil.example", "/a\r\nSet-Cookie: a=b", "//[", "/" + "a/" * 20_000 + "\\", "/\x00"),
    ],
    ids=lambda target: ascii(target[:30]),
)
def test_the_login_never_leads_to_another_site(client: FlaskClient, target: str) -> None:
    answer = client.post(
        "/login",
        query_string={"next": target},
        data={"email": "admin@school.edu", "password": PASSWORD, "csrf_token": token(client)},
    )
    assert answer.headers["Location"] == "/"


def test_the_login_leads_back_to_the_page_that_was_asked_for(client: FlaskClient) -> None:
    asked = client.get("/courses/physics?before=2026-01-01")
    answer = client.post(
        asked.headers["Location"],
        data={"email": "admin@school.edu", "password": PASSWORD, "csrf_token": token(client)},
    )
    assert answer.headers["Location"] == "/courses/physics?before=2026-01-01"


def test_a_new_password_ends_every_session(signed_in: SignIn, tables: Settings) -> None:
    client = signed_in("teacher@school.edu")
    compose.users(tables).set_password("teacher@school.edu", "another long password")
    assert client.get("/").status_code == 302


def test_a_removed_account_is_out_at_once(signed_in: SignIn, tables: Settings) -> None:
    client = signed_in("teacher@school.edu")
    compose.users(tables).remove("teacher@school.edu")
    assert client.get("/").status_code == 302


def test_a_forged_session_cookie_is_no_login(client: FlaskClient) -> None:
    client.set_cookie("rollcall", "eyJfdXNlcl9pZCI6ImFkbWluQHNjaG9vbC5lZHUifQ.aaaaaa.bbbbbb")
    assert client.get("/").status_code == 302


def test_the_table_holds_argon2id_and_never_the_password(app: Flask) -> None:
    item = get("users", email="admin@school.edu")
    assert item is not None
    assert item["password_hash"].startswith("$argon2id$")
    assert PASSWORD not in str(item)


def test_the_session_cookie_is_kept_from_scripts_other_sites_and_plain_http(tables: Settings) -> None:
    app = create_app(WebConfig("s" * 64, tables))
    compose.users(tables).ensure_admin("root@school.edu", PASSWORD)
    client = app.test_client()
    base = "https://rollcall.school.edu"
    page = client.get("/login", base_url=base)
    cookie = page.headers["Set-Cookie"]
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert page.headers["Strict-Transport-Security"]


NEW_PASSWORD = "a new long phrase of words"


def _change(client: FlaskClient, current: str = PASSWORD, new: str = NEW_PASSWORD, again: str = "") -> TestResponse:
    return send(client, "/account", current=current, new=new, again=again or new)


def test_ones_own_password_is_changed_and_other_sessions_end(signed_in: SignIn, client: FlaskClient) -> None:
    here, elsewhere = signed_in("teacher@school.edu"), signed_in("teacher@school.edu")
    assert "Your password is changed." in followed(here, _change(here))
    assert elsewhere.get("/").status_code == 302
    assert _post(client, "teacher@school.edu", NEW_PASSWORD)[0] == 302


@pytest.mark.parametrize(
    ("current", "new", "again", "told"),
    [
        ("wrong horse battery", NEW_PASSWORD, "", "This is not your password."),
        (PASSWORD, "short", "", "A password has 12 to 1024 characters"),
        (PASSWORD, "x" * 1025, "", "A password has 12 to 1024 characters"),
        (PASSWORD, NEW_PASSWORD, "another", "not typed the same twice"),
        ("", "", "", "Give your password as it is now."),
    ],
)
def test_a_password_that_cannot_be_changed_stays_and_is_not_echoed(
    signed_in: SignIn, client: FlaskClient, current: str, new: str, again: str, told: str
) -> None:
    answer = _change(signed_in("teacher@school.edu"), current, new, again)
    assert answer.status_code in (401, 422)
    assert told in words(answer.text)
    assert not new or f'"{new}"' not in answer.text
    assert _post(client, "teacher@school.edu", PASSWORD)[0] == 302


def test_a_stolen_session_cannot_try_passwords_for_long(signed_in: SignIn) -> None:
    client = signed_in("teacher@school.edu")
    assert [_change(client, "wrong horse battery").status_code for _ in range(6)] == [401] * 5 + [429]
