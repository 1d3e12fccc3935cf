"""What a person does with a page of forms: fills in the one of an address, sends it, reads the words."""

import html
import io
import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.functional.web.conftest import token

ADMIN, TEACHER, STUDENT = "admin@school.edu", "teacher@school.edu", "student@school.edu"


def words(page: str) -> str:
    """The words of a page, without its tags."""
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", page).split()))


def send(client: FlaskClient, path: str, form_at: str = "", **fields: Any) -> TestResponse:
    """Send the form of a page with its real token; bytes become files, a tuple is a file's content and name."""
    data: dict[str, Any] = {"csrf_token": token(client, form_at or path)}
    for name, value in fields.items():
        data[name] = [_part(one) for one in value] if isinstance(value, list) else _part(value)
    return client.post(path, data=data, content_type="multipart/form-data")


def followed(client: FlaskClient, answer: TestResponse) -> str:
    """The words of the page an answer leads to."""
    assert answer.status_code in (302, 303), words(answer.text)
    return words(client.get(answer.headers["Location"]).text)


def _part(value: Any) -> Any:
    if isinstance(value, bytes):
        return io.BytesIO(value), "photo.jpg"
    if isinstance(value, tuple):
        return io.BytesIO(value[0]), value[1]
    return value
