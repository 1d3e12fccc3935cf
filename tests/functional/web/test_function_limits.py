"""On AWS: answers that are too large for a function reach the browser by the bucket, requests are refused in words."""

import csv
import io
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import requests
from flask import Flask, Response
from flask.testing import FlaskClient

from attendance.aws.downloads import PREFIX
from attendance.settings import Settings
from tests.functional.web.browsing import ADMIN, send, words
from tests.functional.web.conftest import _password_hash, token
from tests.functional.web.faces import photo
from tests.functional.web.tables import PASSWORD, put, row_item, session_item
from tests.functional.web.test_students import NEW, ZOE
from web import WebConfig, create_app, function_limits
from web.function_limits import MAX_ANSWER_BYTES, MAX_REQUEST_BYTES
from web.security import limiter

DAY = "2026-03-02"
PART = b"0123456789abcdef" * 4096


@pytest.fixture
def function(tables: Settings) -> Iterator[Flask]:
    """The application as the function makes it, with a route that answers as much as it is asked for."""
    put("users", {"email": ADMIN, "password_hash": _password_hash(), "role": "admin"})
    put("courses", {"course_id": "physics", "course_name": "Physics", "time_zone": "UTC", "created_at": DAY})
    put("sessions", session_item("physics", DAY, counts={}))
    for number in range(40):
        put("attendance", row_item("physics", DAY, f"s{number:02}", "present"))
    app = create_app(WebConfig("s" * 64, tables, local_http=True, is_function=True))
    app.add_url_rule("/parts/<int:number>", "parts", lambda number: Response(PART for _ in range(number)))
    yield app
    limiter.reset()


@pytest.fixture
def admin(function: Flask) -> FlaskClient:
    client = function.test_client()
    form = {"email": ADMIN, "password": PASSWORD, "csrf_token": token(client)}
    assert client.post("/login", data=form).status_code == 302
    return client


def fetched(answer: Any) -> requests.Response:
    """What the browser gets where it is sent to."""
    assert answer.status_code == 303
    return requests.get(answer.headers["Location"], timeout=10)


def kept() -> list[str]:
    found = boto3.client("s3").list_objects_v2(Bucket="rollcall-work").get("Contents", [])
    return [item["Key"] for item in found]


def test_an_answer_that_fits_is_given_as_it_is(admin: FlaskClient) -> None:
    answer = admin.get(f"/parts/{MAX_ANSWER_BYTES // len(PART)}")
    assert (answer.status_code, len(answer.data)) == (200, MAX_ANSWER_BYTES)
    rows = admin.get("/log.csv?course=physics")
    assert rows.headers["Content-Disposition"] == 'attachment; filename="attendance-physics.csv"'
    assert len(rows.data.splitlines()) == 41
    assert kept() == []


def test_an_answer_that_is_too_large_is_fetched_from_the_bucket(admin: FlaskClient) -> None:
    number = MAX_ANSWER_BYTES // len(PART) + 1
    answer = admin.get(f"/parts/{number}")
    file = fetched(answer)
    assert file.content == PART * number
    assert file.headers["Content-Disposition"] == "attachment"
    (key,) = kept()
    assert key.startswith(PREFIX)
    assert "X-Amz-Expires=60" in answer.headers["Location"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_exports_keep_their_name_and_type_on_that_way(admin: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function_limits, "MAX_ANSWER_BYTES", 1000)
    file = fetched(admin.get("/log.csv?course=physics"))
    assert file.headers["Content-Disposition"] == 'attachment; filename="attendance-physics.csv"'
    assert file.headers["Content-Type"] == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"), newline="")))
    assert [line["student_id"] for line in lines] == [f"s{number:02}" for number in range(40)]
    file = fetched(admin.get("/log.xlsx?course=physics"))
    assert file.headers["Content-Disposition"] == "attachment; filename=attendance-physics.xlsx"
    assert file.headers["Content-Type"].endswith("spreadsheetml.sheet")
    assert zipfile.ZipFile(io.BytesIO(file.content)).testzip() is None


def test_two_exports_have_names_that_tell_nothing(admin: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function_limits, "MAX_ANSWER_BYTES", 1000)
    for _ in range(2):
        admin.get("/log.csv?course=physics")
    names = {key.removeprefix(PREFIX) for key in kept()}
    assert len(names) == 2
    assert all(len(bytes.fromhex(name)) == 16 for name in names)


@pytest.mark.parametrize("path", ["/log.csv?course=physics", "/log.xlsx?course=physics", "/courses/physics/moodle.csv"])
def test_an_export_that_takes_too_long_says_what_to_do(function: Flask, admin: FlaskClient, path: str) -> None:
    put("rosters", {"course_id": "physics", "student_id": "s01", "student_name": "Zoë"})
    function.config["FUNCTION_WORKS_SECONDS"] = -1.0
    answer = admin.get(path)
    assert answer.status_code == 422
    assert "fewer days, and take the file in parts" in words(answer.text)
    assert "Content-Disposition" not in answer.headers
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert kept() == []


def test_a_table_that_takes_too_long_says_in_which_parts_to_send_it(function: Flask, admin: FlaskClient) -> None:
    function.config["FUNCTION_WORKS_SECONDS"] = -1.0
    table = (b"student_id\ns01\n", "roster.csv")
    answer = send(admin, "/courses/physics/students/csv", "/courses/physics/students", table=table)
    assert answer.status_code == 422
    assert "send the table in parts of 1,000 lines" in words(answer.text)


def test_refusals_are_not_sent_to_the_bucket(admin: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    form_token = token(admin, NEW)
    monkeypatch.setattr(function_limits, "MAX_ANSWER_BYTES", 10)
    assert admin.get("/nowhere").status_code == 404
    assert admin.post(NEW, data={"csrf_token": form_token}).status_code == 422
    assert kept() == []


def test_a_form_that_is_larger_than_a_function_takes_is_refused_in_words(admin: FlaskClient) -> None:
    shots = [(photo("zoë") + b"\0" * 1024 * 1024, f"{number}.jpg") for number in range(4)]
    answer = send(admin, NEW, **ZOE | {"photos": shots})
    assert answer.status_code == 413
    assert "this form 4.0 MB in all" in words(answer.text)


def test_the_form_says_how_much_it_takes(admin: FlaskClient) -> None:
    page = admin.get(NEW).text
    assert f'data-most="{MAX_REQUEST_BYTES}"' in page
    assert "at most 5 MB each, 4 MB in all" in words(page)


def test_small_forms_stay_small(admin: FlaskClient) -> None:
    answer = admin.post("/logout", data={"csrf_token": token(admin, "/"), "x": "y" * 100_000})
    assert answer.status_code == 413
