"""Every route, and who may use it: a new route without an entry here fails."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from tests.functional.web.conftest import SignIn
from tests.functional.web.tables import put, session_item
from web.security import PUBLIC_ENDPOINTS

ADMIN, TEACHER, STUDENT = "admin@school.edu", "teacher@school.edu", "student@school.edu"
TABLE = {
    ("/", ADMIN): 200,
    ("/", TEACHER): 200,
    ("/", STUDENT): 200,
    ("/courses/physics", ADMIN): 200,
    ("/courses/physics", TEACHER): 200,
    ("/courses/physics", STUDENT): 403,
    ("/courses/history", ADMIN): 200,
    ("/courses/history", TEACHER): 403,
    ("/courses/history", STUDENT): 403,
    ("/courses/nowhere", ADMIN): 404,
    ("/courses/nowhere", TEACHER): 403,
    ("/courses/physics/students", ADMIN): 200,
    ("/courses/physics/students", TEACHER): 200,
    ("/courses/physics/students", STUDENT): 403,
    ("/courses/history/students", TEACHER): 403,
    ("/courses/physics/sessions/2026-03-02", ADMIN): 200,
    ("/courses/physics/sessions/2026-03-02", TEACHER): 200,
    ("/courses/physics/sessions/2026-03-02", STUDENT): 403,
    ("/courses/history/sessions/2026-03-02", TEACHER): 403,
    ("/courses/physics/sessions/2026-03-09", TEACHER): 404,
    ("/unfiled", ADMIN): 200,
    ("/unfiled", TEACHER): 403,
    ("/unfiled", STUDENT): 403,
}
PUBLIC = {"/login", "/healthz", "/static/<path:filename>", "/bootstrap/static/<path:filename>"}


def _path(rule: Rule) -> str:
    """The rule with something in each of its places."""
    return str(rule).replace("<course_id>", "physics").replace("<session_id>", "2026-03-02")


def test_every_route_but_the_public_ones_asks_for_a_login(app: Flask) -> None:
    rules = list(app.url_map.iter_rules())
    assert {str(rule) for rule in rules if rule.endpoint in PUBLIC_ENDPOINTS} == PUBLIC
    for rule in rules:
        if rule.endpoint in PUBLIC_ENDPOINTS:
            continue
        client = app.test_client()
        app.config["WTF_CSRF_ENABLED"] = False  # so that only the login stands before a POST
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
            answer = client.open(_path(rule), method=method)
            assert (rule.endpoint, answer.status_code) == (rule.endpoint, 302)
            assert answer.headers["Location"].startswith("/login")


def test_every_page_is_in_the_table_of_roles(app: Flask) -> None:
    pages = {_path(rule) for rule in app.url_map.iter_rules() if rule.endpoint not in PUBLIC_ENDPOINTS} - {"/logout"}
    assert pages <= {path for path, _ in TABLE}


@pytest.mark.parametrize(("path", "email"), TABLE)
def test_each_role_gets_what_the_table_says(signed_in: SignIn, path: str, email: str) -> None:
    put("sessions", session_item("physics", "2026-03-02"))
    put("sessions", session_item("history", "2026-03-02"))
    assert signed_in(email).get(path).status_code == TABLE[path, email]


@pytest.mark.parametrize("path", ["/login", "/healthz", "/nowhere", "/static/rollcall.css", "/"])
def test_every_answer_carries_the_security_headers(client: FlaskClient, path: str) -> None:
    headers = client.get(path, buffered=True).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_pages_with_names_are_never_kept_by_a_cache(signed_in: SignIn) -> None:
    assert signed_in(ADMIN).get("/").headers["Cache-Control"] == "no-store"


def test_a_page_loads_its_stylesheets_from_this_server_alone(client: FlaskClient) -> None:
    page = client.get("/login").text
    assert "//" not in page.replace("<!doctype", "").split("</head>")[0]
    assert "<script" not in page
    assert " style=" not in page
    assert client.get("/bootstrap/static/css/bootstrap.min.css", buffered=True).status_code == 200


def test_a_request_to_another_host_name_is_refused(client: FlaskClient) -> None:
    assert client.get("/login", headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [("/nowhere", 404, "Not found"), ("/courses/history", 403, "Ask an administrator")],
)
def test_error_pages_speak_plainly(signed_in: SignIn, path: str, status: int, words: str) -> None:
    answer = signed_in(TEACHER).get(path)
    assert answer.status_code == status
    assert words in answer.text


def test_a_crash_shows_a_page_and_no_traceback(app: Flask, client: FlaskClient) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def crash() -> list[str]:
        raise RuntimeError("a secret inside")

    app.extensions["rollcall_store"].missing = crash
    answer = client.get("/healthz")
    assert answer.status_code == 500
    assert "Something broke" in answer.text
    assert "secret" not in answer.text
