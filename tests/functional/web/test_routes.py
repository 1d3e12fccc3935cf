"""Every route, and who may use it: a new route without an entry here fails."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.functional.web.conftest import SignIn
from tests.functional.web.faces import photo
from tests.functional.web.tables import PASSWORD, put, session_item

ADMIN, TEACHER, STUDENT = "admin@school.edu", "teacher@school.edu", "student@school.edu"
STRANGER = ""
ROLES = (ADMIN, TEACHER, STUDENT, STRANGER)

# What each role gets: the method and rule, then admin, instructor of physics, student, nobody signed in. A form is sent
# without its fields, so 422 and 400 mean that the role may send it. 302 of a stranger leads to the sign-in.
ROUTES = {
    ("GET", "/"): (200, 200, 302, 302),
    ("GET", "/login"): (302, 302, 302, 200),
    ("POST", "/login"): (302, 302, 302, 401),
    ("POST", "/logout"): (302, 302, 302, 302),
    ("GET", "/account"): (200, 200, 200, 302),
    ("POST", "/account"): (422, 422, 422, 302),
    ("GET", "/healthz"): (200, 200, 200, 200),
    ("GET", "/assets/<digest>/<name>"): (404, 404, 404, 404),
    ("GET", "/unfiled"): (200, 403, 403, 302),
    ("GET", "/courses"): (200, 200, 403, 302),
    ("GET", "/new-course"): (200, 403, 403, 302),
    ("POST", "/new-course"): (422, 403, 403, 302),
    ("GET", "/courses/<course_id>"): (200, 200, 403, 302),
    ("GET", "/courses/<course_id>/students"): (200, 200, 403, 302),
    ("POST", "/courses/<course_id>/students"): (302, 302, 403, 302),
    ("POST", "/courses/<course_id>/students/<student_id>/off"): (302, 302, 403, 302),
    ("GET", "/courses/<course_id>/students/<student_id>/enrolment"): (200, 200, 403, 302),
    ("POST", "/courses/<course_id>/students/<student_id>/enrolment"): (302, 302, 403, 302),
    ("GET", "/courses/<course_id>/students.csv"): (200, 200, 403, 302),
    ("POST", "/courses/<course_id>/students/csv"): (422, 422, 403, 302),
    ("GET", "/courses/<course_id>/settings"): (200, 200, 403, 302),
    ("POST", "/courses/<course_id>/settings"): (422, 422, 403, 302),
    ("GET", "/courses/<course_id>/sessions/<session_id>"): (200, 200, 403, 302),
    ("GET", "/courses/<course_id>/sessions/<session_id>/progress"): (200, 200, 403, 302),
    ("POST", "/courses/<course_id>/sessions/<session_id>/again"): (302, 302, 403, 302),
    ("GET", "/courses/<course_id>/sessions/<session_id>/rows/<student_id>"): (404, 404, 403, 302),
    ("POST", "/courses/<course_id>/sessions/<session_id>/rows/<student_id>"): (400, 400, 403, 302),
    ("POST", "/courses/<course_id>/sessions/<session_id>/unknown/<video_id>/<int:person>"): (404, 404, 403, 302),
    ("POST", "/courses/<course_id>/sessions/<session_id>/unknown/<video_id>/<int:person>/photo"): (404, 403, 403, 302),
    ("GET", "/courses/<course_id>/sessions/<session_id>/videos/<video_id>"): (302, 302, 403, 302),
    ("POST", "/courses/<course_id>/sessions/<session_id>/videos/<video_id>/move"): (302, 403, 403, 302),
    ("POST", "/courses/<course_id>/sessions/<session_id>/videos/<video_id>/leave-out"): (303, 303, 403, 302),
    ("POST", "/courses/<course_id>/sessions/<session_id>/videos/<video_id>/count-again"): (303, 303, 403, 302),
    ("POST", "/courses/<course_id>/sessions/<session_id>/videos/<video_id>/erase"): (302, 403, 403, 302),
    ("POST", "/courses/<course_id>/sessions/<session_id>/decide"): (303, 303, 403, 302),
    ("GET", "/courses/<course_id>/sessions/<session_id>/roll-call"): (302, 302, 403, 302),
    ("POST", "/courses/<course_id>/sessions/<session_id>/roll-call"): (302, 302, 403, 302),
    ("POST", "/courses/<course_id>/sessions/<session_id>/roll-call/close"): (303, 303, 403, 302),
    ("GET", "/roll-call"): (200, 200, 403, 302),
    ("POST", "/roll-call"): (422, 422, 403, 302),
    ("GET", "/courses/<course_id>/upload"): (200, 200, 403, 302),
    ("GET", "/courses/<course_id>/uploads/<session_id>/arrived"): (302, 302, 403, 302),
    ("POST", "/courses/<course_id>/uploads"): (422, 422, 403, 302),
    ("POST", "/courses/<course_id>/uploads/part"): (400, 400, 403, 302),
    ("POST", "/courses/<course_id>/uploads/finish"): (400, 400, 403, 302),
    ("GET", "/log"): (200, 200, 403, 302),
    ("GET", "/log.csv"): (200, 200, 403, 302),
    ("GET", "/log.xlsx"): (200, 200, 403, 302),
    ("GET", "/courses/<course_id>/matrix"): (200, 200, 403, 302),
    ("GET", "/courses/<course_id>/at-risk"): (200, 200, 403, 302),
    ("GET", "/courses/<course_id>/moodle.csv"): (200, 200, 403, 302),
    ("GET", "/courses/<course_id>/sessions/<session_id>/presence"): (200, 200, 403, 302),
    ("GET", "/my-attendance"): (403, 403, 200, 302),
    ("GET", "/my-attendance/<course_id>/<session_id>"): (403, 403, 404, 302),
    ("POST", "/my-attendance/<course_id>/<session_id>"): (403, 403, 404, 302),
    ("GET", "/my-photo/<digest>"): (403, 403, 404, 302),
    ("GET", "/courses/<course_id>/notes"): (200, 200, 403, 302),
    ("POST", "/courses/<course_id>/sessions/<session_id>/notes/<student_id>"): (400, 400, 403, 302),
    ("GET", "/audit"): (200, 403, 403, 302),
    ("GET", "/accounts"): (200, 403, 403, 302),
    ("POST", "/accounts"): (422, 403, 403, 302),
    ("GET", "/accounts/edit"): (404, 403, 403, 302),
    ("POST", "/accounts/edit"): (404, 403, 403, 302),
    ("POST", "/accounts/password"): (404, 403, 403, 302),
    ("POST", "/accounts/disable"): (404, 403, 403, 302),
    ("POST", "/accounts/enable"): (404, 403, 403, 302),
    ("POST", "/accounts/remove"): (404, 403, 403, 302),
    ("POST", "/students/<student_id>/consent"): (302, 403, 403, 302),
    ("POST", "/students/<student_id>/consent/withdraw"): (302, 403, 403, 302),
    ("GET", "/account/tokens"): (200, 200, 403, 302),
    ("POST", "/account/tokens"): (422, 422, 403, 302),
    ("POST", "/account/tokens/<digest>/revoke"): (302, 302, 403, 302),
    ("GET", "/api/v1/openapi.json"): (200, 200, 200, 200),
    ("GET", "/api/v1/courses/<course_id>"): (401, 401, 401, 401),
    ("GET", "/api/v1/courses/<course_id>/sessions"): (401, 401, 401, 401),
    ("GET", "/api/v1/courses/<course_id>/sessions/<session_id>/rows"): (401, 401, 401, 401),
    ("GET", "/api/v1/courses/<course_id>/students"): (401, 401, 401, 401),
    ("GET", "/students"): (200, 403, 403, 302),
    ("GET", "/register-student"): (200, 403, 403, 302),
    ("POST", "/register-student"): (422, 403, 403, 302),
    ("POST", "/check-photo"): (200, 403, 403, 302),
    ("GET", "/students/<student_id>"): (200, 200, 403, 302),
    ("POST", "/students/<student_id>/photos"): (302, 403, 403, 302),
    ("GET", "/students/<student_id>/photos/<digest>"): (404, 404, 403, 302),
    ("POST", "/students/<student_id>/photos/<digest>/remove"): (404, 403, 403, 302),
    ("POST", "/students/<student_id>/photos/<digest>/mend"): (302, 403, 403, 302),
    ("GET", "/imports"): (200, 403, 403, 302),
    ("POST", "/imports"): (422, 403, 403, 302),
    ("GET", "/imports/<import_id>"): (404, 403, 403, 302),
    ("POST", "/imports/<import_id>/go"): (404, 403, 403, 302),
    ("POST", "/imports/<import_id>/in-earnest"): (404, 403, 403, 302),
    ("POST", "/imports/<import_id>/give-up"): (404, 403, 403, 302),
    ("GET", "/faces"): (200, 403, 403, 302),
    ("GET", "/faces/missing"): (200, 403, 403, 302),
    ("POST", "/faces/<face_id>/remove"): (302, 403, 403, 302),
    ("GET", "/students/<student_id>/remove"): (200, 403, 403, 302),
    ("POST", "/students/<student_id>/remove"): (422, 403, 403, 302),
    ("GET", "/students/<student_id>/removed"): (404, 403, 403, 302),
}
PLACES = {
    "<course_id>": "physics",
    "<session_id>": "2026-03-02",
    "<student_id>": "s1",
    "<video_id>": "0123456789abcdef",
    "<int:person>": "1",
    "<digest>": "0" * 64,
    "<import_id>": "0" * 16,
    "<face_id>": "00000000-0000-0000-0000-000000000000",
    "<name>": "rollcall.css",
}
OTHERS = {
    ("/courses/history", TEACHER): 403,
    ("/courses/history/students", TEACHER): 403,
    ("/courses/history/students/s2/enrolment", TEACHER): 403,
    ("/courses/physics/students/s2/enrolment", TEACHER): 404,
    ("/courses/unfiled/students/s1/enrolment", ADMIN): 404,
    ("/courses/history/upload", TEACHER): 403,
    ("/courses/history/sessions/2026-03-02", TEACHER): 403,
    ("/courses/history", ADMIN): 200,
    ("/courses/history/matrix", TEACHER): 403,
    ("/courses/history/at-risk", TEACHER): 403,
    ("/courses/history/moodle.csv", TEACHER): 403,
    ("/courses/history/sessions/2026-03-02/presence", TEACHER): 403,
    ("/courses/physics/sessions/2026-03-09/presence", TEACHER): 404,
    ("/log?course=history", TEACHER): 403,
    ("/log.csv?course=history", TEACHER): 403,
    ("/log.xlsx?course=history", TEACHER): 403,
    ("/courses/nowhere/matrix", ADMIN): 404,
    ("/courses/unfiled/matrix", ADMIN): 404,
    ("/courses/nowhere", ADMIN): 404,
    ("/courses/nowhere", TEACHER): 403,
    ("/courses/physics/sessions/2026-03-09", TEACHER): 404,
    ("/students/s2", TEACHER): 403,
    ("/students/nobody", TEACHER): 403,
    ("/students/nobody", ADMIN): 404,
}
"""Whether the course, session or student of an address is one's own, or there at all."""


def _routes(app: Flask) -> set[tuple[str, str]]:
    rules = app.url_map.iter_rules()
    return {(method, str(rule)) for rule in rules for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}}


def _path(rule: str) -> str:
    """The rule with something in each of its places."""
    for place, value in PLACES.items():
        rule = rule.replace(place, value)
    return rule


@pytest.fixture
def school(app: Flask) -> Flask:
    """Two courses with a session each, and a student of each."""
    app.config["WTF_CSRF_ENABLED"] = False  # so that only the role decides what becomes of a form
    for course_id, student_id in (("physics", "s1"), ("history", "s2")):
        put("sessions", session_item(course_id, "2026-03-02"))
        app.extensions["rollcall_services"].enroller.enrol(student_id, "Zoë", photo(student_id), [course_id], "tester")
    return app


def _client(app: Flask, email: str) -> FlaskClient:
    client = app.test_client()
    if email:
        assert client.post("/login", data={"email": email, "password": PASSWORD}).status_code == 302
    return client


def test_every_route_is_in_the_table_and_the_table_names_no_other(app: Flask) -> None:
    assert _routes(app) == set(ROUTES)


@pytest.mark.parametrize("email", ROLES, ids=["admin", "instructor", "student", "stranger"])
def test_each_role_gets_what_the_table_says(school: Flask, email: str) -> None:
    client = _client(school, email)
    wrong = {}
    for (method, rule), answers in ROUTES.items():
        if rule == "/logout":
            continue  # it ends the session: asked last
        put("rosters", {"course_id": "physics", "student_id": "s1", "student_name": "Zoë"})  # whoever was taken off
        status = client.open(_path(rule), method=method, buffered=True).status_code
        if status != answers[ROLES.index(email)]:
            wrong[method, rule] = status
    assert wrong == {}
    assert client.post("/logout").status_code == 302


def test_what_is_not_public_sends_a_stranger_to_the_sign_in(school: Flask) -> None:
    client = school.test_client()
    for method, rule in ROUTES:
        if ROUTES[method, rule][ROLES.index(STRANGER)] == 302:
            assert client.open(_path(rule), method=method).headers["Location"].startswith("/login"), rule


def test_ones_own_is_what_counts(school: Flask) -> None:
    clients = {email: _client(school, email) for email in (ADMIN, TEACHER)}
    found = {(path, email): clients[email].get(path).status_code for path, email in OTHERS}
    assert found == OTHERS


@pytest.mark.parametrize("path", ["/login", "/healthz", "/nowhere", "/assets/0/rollcall.css", "/"])
def test_every_answer_carries_the_security_headers(client: FlaskClient, path: str) -> None:
    headers = client.get(path, buffered=True).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"


def test_pages_with_names_are_never_kept_by_a_cache(signed_in: SignIn) -> None:
    assert signed_in(ADMIN).get("/").headers["Cache-Control"] == "no-store"


def test_a_page_loads_its_stylesheets_from_this_server_alone(client: FlaskClient) -> None:
    page = client.get("/login").text
    assert "//" not in page.replace("<!doctype", "").split("</head>")[0]
    assert "<script" not in page
    assert " style=" not in page


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
