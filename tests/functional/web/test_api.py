"""The API: tokens, what they open, and answers that are what the document says."""

import base64
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from werkzeug.test import TestResponse

from attendance.aws.tokens import DynamoTokens
from attendance.corrections import Said
from attendance.courses import CourseSettings
from attendance.model import Status
from attendance.settings import Settings
from attendance.tokens import MOST_TOKENS, Tokens, TokenTable
from tests.functional.web.browsing import ADMIN, STUDENT, TEACHER, send, words
from tests.functional.web.conftest import SignIn
from tests.functional.web.tables import get, put, row_item, session_item
from web.services import Services

SESSIONS = "/api/v1/courses/physics/sessions"
ROWS = f"{SESSIONS}/2026-03-02/rows"
STUDENTS = "/api/v1/courses/physics/students"


@pytest.fixture
def services(app: Flask) -> Services:
    """Sessions of four days, one with two rows of which one is corrected; a roster of three."""
    found: Services = app.extensions["rollcall_services"]
    for day in ("2026-02-28", "2026-03-01", "2026-03-02", "2026-03-03"):
        put("sessions", session_item("physics", day))
    put("sessions", session_item("physics", "2026-03-02", session_id="2026-03-02_b"))
    put("attendance", row_item("physics", "2026-03-02", "s1", "present"))
    put("attendance", row_item("physics", "2026-03-02", "s2", "absent"))
    found.corrector.correct("physics#2026-03-02", "s2", Said(Status.EXCUSED), TEACHER, "Ill", 0)
    for number in (1, 2, 3):
        put("rosters", {"course_id": "physics", "student_id": f"s{number}", "student_name": f"Zoë {number}"})
    put("rosters", {"course_id": "physics", "student_id": "s4", "student_name": "D", "enrolled_from": "2026-03-02"})
    return found


def ask(client: FlaskClient, path: str, token: str = "") -> TestResponse:
    return client.get(path, headers={"Authorization": f"Bearer {token}"} if token else {})


def checked(client: FlaskClient, answer: TestResponse) -> Any:
    """The body of an answer, held against the schema that the document has for its path and status."""
    document = client.get("/api/v1/openapi.json").json
    assert document
    path = re.sub(r"/courses/[^/]+", "/courses/{course_id}", answer.request.path.removeprefix("/api/v1"))
    path = re.sub(r"/sessions/[^/]+", "/sessions/{session_id}", path)
    content = document["paths"][path]["get"]["responses"][str(answer.status_code)]["content"]
    schema = {**content[answer.mimetype]["schema"], "components": document["components"]}
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert [error.message for error in validator.iter_errors(answer.json)] == []
    return answer.json


def test_sessions_come_newest_first_page_by_page(client: FlaskClient, services: Services) -> None:
    token = services.tokens.make(TEACHER, "LMS", 30)
    found, query = [], "?limit=2"
    while query:
        page = checked(client, ask(client, SESSIONS + query, token))
        found += [session["session_id"] for session in page["items"]]
        query = f"?limit=2&cursor={page['next']}" if page["next"] else ""
    assert found == ["2026-03-03", "2026-03-02_b", "2026-03-02", "2026-03-01", "2026-02-28"]


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("?since=2026-03-02", ["2026-03-03", "2026-03-02_b", "2026-03-02"]),
        ("?until=2026-03-02&since=2026-03-01", ["2026-03-02_b", "2026-03-02", "2026-03-01"]),
        ("?until=2026-02-27", []),
        ("?since=2027-01-01", []),
    ],
)
def test_a_range_of_dates_takes_in_both_its_days(
    client: FlaskClient, services: Services, query: str, days: list[str]
) -> None:
    page = checked(client, ask(client, SESSIONS + query, services.tokens.make(TEACHER, "LMS", 30)))
    assert [session["session_id"] for session in page["items"]] == days


def test_rows_are_as_they_count_with_what_a_person_said(client: FlaskClient, services: Services) -> None:
    register = checked(client, ask(client, ROWS, services.tokens.make(ADMIN, "LMS", 30)))
    first, second = register["rows"]
    assert (first["student_id"], first["status"], first["similarity"]) == ("s1", "present", 97.25)
    assert (second["status"], second["decided"], second["correction"]["reason"]) == ("excused", "absent", "Ill")
    assert second["similarity"] is None


def test_a_course_says_how_many_classes_are_planned_as_far_as_that_is_known(
    client: FlaskClient, services: Services
) -> None:
    token = services.tokens.make(TEACHER, "LMS", 30)
    expected = {"course_id": "physics", "course_name": "Physics <1>", "time_zone": "Pacific/Auckland"}
    assert checked(client, ask(client, "/api/v1/courses/physics", token)) == expected | {"planned_classes": None}
    services.courses.save("physics", CourseSettings("Physics", "UTC", planned_classes=30), TEACHER)
    assert checked(client, ask(client, "/api/v1/courses/physics", token))["planned_classes"] == 30


def test_students_of_a_course_come_page_by_page(client: FlaskClient, services: Services) -> None:
    token = services.tokens.make(TEACHER, "LMS", 30)
    first = checked(client, ask(client, f"{STUDENTS}?limit=3", token))
    rest = checked(client, ask(client, f"{STUDENTS}?limit=3&cursor={first['next']}", token))
    assert [student["student_id"] for student in (*first["items"], *rest["items"])] == ["s1", "s2", "s3", "s4"]
    assert rest["items"][0]["enrolled_from"] == "2026-03-02"
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/courses/history", 403),
        ("/api/v1/courses/history/students", 403),
        ("/api/v1/courses/nowhere/students", 403),
        ("/api/v1/courses/physics/sessions/2026-03-09/rows", 404),
    ],
)
def test_what_is_not_ones_own_or_not_there_is_a_problem(
    client: FlaskClient, services: Services, path: str, status: int
) -> None:
    answer = ask(client, path, services.tokens.make(TEACHER, "LMS", 30))
    assert checked(client, answer)["status"] == answer.status_code == status


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=101", "limit=x", "since=yesterday", "until=2026-13-01", "colour=red", "cursor=" + "x" * 201],
)
def test_a_wrong_query_is_told_what_is_wrong_with_it(client: FlaskClient, services: Services, query: str) -> None:
    answer = ask(client, f"{SESSIONS}?{query}", services.tokens.make(TEACHER, "LMS", 30))
    assert answer.status_code == 422
    assert query.partition("=")[0] in checked(client, answer)["detail"]


def _without_its_end(token: str) -> str:
    return token[:-1]


def _of_another_account(token: str) -> str:
    email = base64.urlsafe_b64encode(ADMIN.encode()).decode().rstrip("=")
    return f"rollcall_{email}.{token.partition('.')[2]}"


@pytest.mark.parametrize(
    "spoil",
    [
        _without_its_end,
        _of_another_account,
        lambda token: token * 9,
        *(lambda _, text=text: text for text in ("", "x", "rollcall_é.é", "rollcall_====.x", "rollcall_/w.x")),
        lambda _: "rollcall_I3Rva2Vu.x",
    ],
)
def test_what_is_no_token_opens_nothing(client: FlaskClient, services: Services, spoil: Any) -> None:
    token = spoil(services.tokens.make(TEACHER, "LMS", 30))
    answer = client.get(SESSIONS, headers={"Authorization": f"Bearer {token}".encode().decode("latin-1")})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    checked(client, answer)


def test_a_cookie_opens_nothing_of_the_api_and_none_is_set(services: Services, signed_in: SignIn) -> None:
    client = signed_in(TEACHER)
    assert ask(client, SESSIONS).status_code == 401
    answer = ask(client, SESSIONS, services.tokens.make(TEACHER, "LMS", 30))
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_token_opens_no_page(client: FlaskClient, services: Services) -> None:
    answer = ask(client, "/courses/physics", services.tokens.make(TEACHER, "LMS", 30))
    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/login")


def test_a_revoked_or_expired_token_and_one_of_a_disabled_account_open_nothing(
    client: FlaskClient, services: Services, tables: Settings
) -> None:
    table: TokenTable = DynamoTokens(tables)
    old = Tokens(table, lambda: datetime.now(UTC) - timedelta(days=30)).make(TEACHER, "Old", 30)
    revoked, good = (services.tokens.make(TEACHER, name, 30) for name in ("Revoked", "Good"))
    assert [ask(client, SESSIONS, token).status_code for token in (old, revoked, good)] == [401, 200, 200]
    digest = next(token.digest for token in services.tokens.all(TEACHER) if token.name == "Revoked")
    services.tokens.revoke(TEACHER, digest)
    assert [ask(client, SESSIONS, token).status_code for token in (revoked, good)] == [401, 200]
    services.accounts.disable(TEACHER, ADMIN)
    assert ask(client, SESSIONS, good).status_code == 401
    services.accounts.enable(TEACHER, ADMIN)
    services.accounts.remove(TEACHER, ADMIN)
    services.accounts.add(TEACHER, services.accounts.get(ADMIN).role, [], "", ADMIN)
    assert ask(client, SESSIONS, good).status_code == 401


def test_tokens_are_made_on_the_account_page_shown_once_and_kept_as_a_hash(
    client: FlaskClient, services: Services, signed_in: SignIn
) -> None:
    teacher = signed_in(TEACHER)
    made = send(teacher, "/account/tokens", name="Moodle <1>", days="90")
    shown = re.search(r"rollcall_[\w-]+\.[\w-]{43}", made.text)
    assert shown
    assert ask(client, SESSIONS, shown[0]).status_code == 200
    page = teacher.get("/account/tokens").text
    assert shown[0] not in page
    assert "Moodle &lt;1&gt;" in page
    assert "never" not in words(page)
    item = get("users", email=TEACHER)
    assert item
    assert shown[0].partition(".")[2] not in str(item)
    (digest,) = item["tokens"]
    send(teacher, f"/account/tokens/{digest}/revoke", "/account/tokens")
    assert ask(client, SESSIONS, shown[0]).status_code == 401
    actions = [entry.action for entry in services.audit.history(f"account#{TEACHER}", 5)]
    assert actions == ["revoke token", "make token"]


@pytest.mark.parametrize(
    ("name", "days"), [("", "90"), ("x" * 201, "90"), ("\x00", "90"), ("LMS", "9999"), ("LMS", "²")]
)
def test_a_token_without_a_name_or_an_end_is_not_made(
    services: Services, signed_in: SignIn, name: str, days: str
) -> None:
    refused = send(signed_in(TEACHER), "/account/tokens", name=name, days=days)
    assert refused.status_code == 422
    assert services.tokens.all(TEACHER) == []


def test_an_account_has_so_many_tokens_at_most(services: Services, signed_in: SignIn) -> None:
    for number in range(MOST_TOKENS):
        services.tokens.make(TEACHER, f"Token {number}", 30)
    assert "revoke one" in words(send(signed_in(TEACHER), "/account/tokens", name="One more", days="30").text)


def test_nobody_revokes_the_token_of_another(services: Services, signed_in: SignIn) -> None:
    services.tokens.make(ADMIN, "LMS", 30)
    (token,) = services.tokens.all(ADMIN)
    send(signed_in(TEACHER), f"/account/tokens/{token.digest}/revoke", "/account/tokens")
    assert list(services.tokens.all(ADMIN)) == [token]


def test_a_students_account_has_no_token_that_opens_anything(client: FlaskClient, services: Services) -> None:
    assert ask(client, SESSIONS, services.tokens.make(STUDENT, "LMS", 30)).status_code == 401


def test_an_unknown_address_of_the_api_is_a_problem_and_no_page(client: FlaskClient) -> None:
    for answer in (client.get("/api/v1/nothing"), client.post(SESSIONS)):
        assert answer.mimetype == "application/problem+json"
        assert answer.json
        assert answer.json["status"] == answer.status_code


def test_wrong_tokens_of_one_address_are_limited(client: FlaskClient, services: Services) -> None:
    found = [ask(client, SESSIONS, f"rollcall_x.{number}").status_code for number in range(31)]
    assert found == [401] * 30 + [429]


def test_the_document_is_valid_and_names_every_route(app: Flask, client: FlaskClient) -> None:
    document = client.get("/api/v1/openapi.json").json
    assert document
    OpenAPIV31SpecValidator(document).validate()
    rules = {
        re.sub(r"<(\w+)>", r"{\1}", str(rule)) for rule in app.url_map.iter_rules() if str(rule).startswith("/api")
    }
    assert {"/api/v1" + path for path in document["paths"]} | {"/api/v1/openapi.json"} == rules
    for path, item in document["paths"].items():
        names = [parameter["name"] for parameter in item["get"]["parameters"] if parameter["in"] == "path"]
        assert names == re.findall(r"{(\w+)}", path)
