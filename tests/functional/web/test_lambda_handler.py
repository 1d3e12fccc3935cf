"""The web as a Lambda function: events of an HTTP API in, its answers out."""

import base64
import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import boto3
import pytest
import requests

from attendance.aws.people import DynamoUsers
from attendance.errors import SettingsError
from attendance.settings import Settings
from attendance.users import Role, User
from tests.functional.web.conftest import _password_hash
from tests.functional.web.tables import PASSWORD, make_table, put, row_item, session_item
from tests.statemachine.face_double import FaceDouble, serving
from web import function_limits, lambda_handler

EVENT = json.loads((Path(__file__).parents[3] / "events" / "web.json").read_text(encoding="utf-8"))

NOBODY_THERE = "http://127.0.0.1:9"


@pytest.fixture
def function(tables: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The function's environment on moto's tables, secret and collection."""
    secret = boto3.client("secretsmanager").create_secret(Name="web", SecretString="k" * 64)
    for name, value in asdict(tables).items():
        monkeypatch.setenv(name.upper(), str(value))
    monkeypatch.setenv("SECRET_KEY_ARN", secret["ARN"])
    monkeypatch.setenv("RATE_LIMITS_TABLE", make_table("web-rate-limits"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_REKOGNITION", NOBODY_THERE)
    DynamoUsers(tables.users_table).add(User("admin@school.edu", Role.ADMIN, (), "", _password_hash()))
    lambda_handler._adapted.cache_clear()
    yield
    lambda_handler._adapted.cache_clear()


def ask(path: str, method: str = "GET", body: str | None = None, **more: Any) -> dict[str, Any]:
    """The function's answer to the recorded request, asked for another path."""
    event = json.loads(json.dumps(EVENT)) | {"rawPath": path, "rawQueryString": "", "body": body, **more}
    event["requestContext"]["http"] |= {"method": method, "path": path}
    if body is not None:
        event["headers"] |= {"content-type": "application/x-www-form-urlencoded", "content-length": str(len(body))}
    return lambda_handler.handler(event, object())


def cookie_of(answer: dict[str, Any]) -> str:
    found: list[str] = [cookie for cookie in answer["cookies"] if cookie.startswith("rollcall=")]
    assert len(found) == 1
    return found[0]


@pytest.mark.usefixtures("function")
def test_the_recorded_request_gets_the_sign_in_page_over_https_with_a_cookie_for_https_alone() -> None:
    answer = lambda_handler.handler(EVENT, object())
    assert answer["statusCode"] == 200
    assert "<h1" in answer["body"]
    assert not answer["isBase64Encoded"]
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    assert headers["strict-transport-security"].startswith("max-age=")
    assert "default-src 'none'" in headers["content-security-policy"]
    cookie = cookie_of(answer)
    assert "; Secure" in cookie
    assert "; HttpOnly" in cookie
    assert "; SameSite=Lax" in cookie


@pytest.mark.usefixtures("function")
def test_health_names_what_does_not_answer() -> None:
    answer = ask("/healthz")
    told = json.loads(answer["body"])
    assert (answer["statusCode"], told["missing"]) == (503, ["face service"])


@pytest.mark.usefixtures("function")
def test_health_is_well_when_tables_and_faces_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(FaceDouble()) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_REKOGNITION", url)
        answer = ask("/healthz")
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"status": "ok"})


def signed_in() -> list[str]:
    """The cookies of an account that signed in."""
    page = ask("/login")
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page["body"])
    assert token
    form = f"email=admin%40school.edu&password={quote_plus(PASSWORD)}&csrf_token={quote_plus(token[1])}"
    referrer = {"referer": "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/login"}
    cookies = [cookie_of(page).partition(";")[0]]
    answer = ask("/login", "POST", form, cookies=cookies, headers=EVENT["headers"] | referrer)
    assert answer["statusCode"] == 302
    return [cookie_of(answer).partition(";")[0]]


@pytest.mark.usefixtures("function")
def test_an_account_signs_in_and_its_page_is_served() -> None:
    home = ask("/", cookies=signed_in())
    assert home["statusCode"] == 200
    assert "admin@school.edu" in home["body"]


@pytest.mark.usefixtures("function")
def test_a_file_that_fits_passes_through_the_function_and_a_larger_one_through_the_bucket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put("sessions", session_item("physics", "2026-03-02", counts={}))
    put("attendance", row_item("physics", "2026-03-02", "s1", "present"))
    cookies, asked = signed_in(), {"rawQueryString": "course=physics"}
    small = ask("/log.xlsx", cookies=cookies, **asked)
    assert base64.b64decode(small["body"]).startswith(b"PK")
    monkeypatch.setattr(function_limits, "MAX_ANSWER_BYTES", 100)
    large = ask("/log.xlsx", cookies=cookies, **asked)
    assert large["statusCode"] == 303
    assert len(json.dumps(large)) < 4000
    file = requests.get(large["headers"]["location"], timeout=10)
    assert file.content[:2] == b"PK"


@pytest.mark.usefixtures("function")
def test_a_body_that_just_reaches_the_function_is_refused_in_words() -> None:
    cookies = signed_in()
    body = base64.b64encode(b"x" * (function_limits.MAX_REQUEST_BYTES + 1)).decode()
    answer = ask("/register-student", "POST", body, cookies=cookies, isBase64Encoded=True)
    assert answer["statusCode"] == 413
    assert "Go back and send less" in answer["body"]


@pytest.mark.usefixtures("function")
def test_a_stylesheet_comes_compressed_and_unharmed() -> None:
    address = re.search(r'href="(/assets/[^"]+/rollcall\.css)"', ask("/login")["body"])
    assert address
    answer = ask(address[1])
    assert answer["isBase64Encoded"]
    style = (Path(lambda_handler.__file__).parent / "static" / "rollcall.css").read_bytes()
    assert gzip.decompress(base64.b64decode(answer["body"])) == style


@pytest.mark.usefixtures("function")
def test_failed_sign_ins_are_counted_over_all_instances_of_the_function() -> None:
    def status() -> int:
        lambda_handler._adapted.cache_clear()  # an instance of its own
        page = ask("/login")
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page["body"])
        assert token
        form = f"email=admin%40school.edu&password=wrong+{PASSWORD[:4]}&csrf_token={quote_plus(token[1])}"
        referrer = {"referer": "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/login"}
        cookies = [cookie_of(page).partition(";")[0]]
        answer = ask("/login", "POST", form, cookies=cookies, headers=EVENT["headers"] | referrer)
        code: int = answer["statusCode"]
        return code

    assert [status() for _ in range(6)] == [401] * 5 + [429]


@pytest.mark.usefixtures("tables")
def test_without_a_secret_the_function_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY_ARN", raising=False)
    lambda_handler._adapted.cache_clear()
    with pytest.raises(SettingsError, match="SECRET_KEY_ARN"):
        lambda_handler.handler(EVENT, object())
