"""What no page of ours sends, in every place, query and field of every rule: it is refused, and nothing breaks."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

import pytest
from boto3.dynamodb.conditions import ConditionBase
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from flask import Flask, Request
from flask.testing import FlaskClient
from werkzeug.datastructures import ImmutableMultiDict

from attendance.aws.imports import Import
from attendance.importing import RosterLine
from tests.functional.web import a_session
from tests.functional.web.browsing import ADMIN, STUDENT, TEACHER
from tests.functional.web.conftest import SignIn
from tests.functional.web.faces import photo
from tests.functional.web.tables import PASSWORD
from tests.functional.web.test_routes import PLACES
from web.api_models import SessionsQuery
from web.security import limiter
from web.services import Services
from web.store import Store

LONGEST_SORT_KEY = 1024
"""Bytes; a partition key may have twice as many."""
SENT = {
    "nothing": b"",
    "a long number": b"9" * 60_000,
    "long": b"x" * 3_000,
    "brackets": b"[" * 15_000,
    "control characters": b"a\x00\r\n\x1b\t",
    "of many bytes": (
        "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}\N{SUPERSCRIPT TWO}\N{GRINNING FACE}" * 400
    ).encode(),
    "no number": b"nan",
    "infinite": b"-1e999",
    "a place elsewhere": b"//[",
    "no UTF-8": b"\xff\xfe\x80\xed\xa0\x80",
}
GOOD = {
    "student_id": "s1",
    "student": "s1",
    "student_name": "Zoë",
    "course_id": "physics",
    "course": "physics",
    "courses": "physics",
    "course_name": "Physics",
    "email": TEACHER,
    "password": PASSWORD,
    "role": "instructor",
    "current": PASSWORD,
    "new": "a new long phrase of words",
    "again": "a new long phrase of words",
    "say": "late",
    "version": "0",
    "outcome": "accepted",
    "reason": "He was ill.",
    "note": "I was there.",
    "consent": "y",
    "name": "lecture.mp4",
    "size": "1000",
    "date": a_session.DAY,
    "slot": "b",
    "consent_day": a_session.DAY,
    "key": f"videos/physics/{a_session.DAY}/lecture.mp4",
    "upload_id": "u",
    "etags": '["e"]',
    "number": "1",
    "time_zone": "UTC",
    "days": "30",
    "day": a_session.DAY,
    "from": a_session.DAY,
    "to": a_session.DAY,
    "save": "Save",
    "present_threshold": "99",
    "review_threshold": "90",
    "status": "present",
    "source": "video",
    "before": a_session.DAY,
    "after": "s1",
    "typed_id": "another",
}
"""What brings a view as far as it goes; a field that is not named here gets 1."""
ENDS = ("remove", "erase", "logout")
"""Rules that take away what the others need come last."""


class Noted(ImmutableMultiDict[str, Any]):
    """A form or a query that notes which of its fields a view reads."""

    read: ClassVar[set[str]] = set()

    def __contains__(self, key: object) -> bool:
        self.read.add(str(key))
        return super().__contains__(key)

    def get(self, key: str, *default: Any, **kind: Any) -> Any:
        self.read.add(key)
        return super().get(key, *default, **kind)

    def getlist(self, key: str, *kind: Any) -> list[Any]:
        self.read.add(key)
        return super().getlist(key, *kind)

    def to_dict(self, *flat: Any) -> dict[str, Any]:
        self.read.update(SessionsQuery.model_fields)  # the API reads a query as a whole
        return dict(super().to_dict(*flat))


class NotingRequest(Request):
    parameter_storage_class = Noted


@dataclass(frozen=True)
class Visitor:
    """A client of one role, and what its requests carry."""

    client: FlaskClient
    headers: Mapping[str, str]

    def send(self, method: str, path: str, fields: Mapping[str, Any]) -> int:
        """The status of the answer to a query or a form."""
        if method == "GET":
            return self._open("GET", path, query_string=urlencode(fields))
        return self._open(method, path, data=urlencode(fields), content_type="application/x-www-form-urlencoded")

    def send_file(self, path: str, name: str) -> int:
        """The status of the answer to a form in which one field is a file."""
        return self._open("POST", path, data={name: (io.BytesIO(b"x"), "x.txt")})

    def _open(self, method: str, path: str, **more: Any) -> int:
        return self.client.open(path, method=method, headers=self.headers, buffered=True, **more).status_code


@pytest.fixture
def visitors(app: Flask, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> dict[str, Visitor]:
    """An admin with a token, a student and a stranger, in a school with something in each place that a rule names."""
    services: Services = app.extensions["rollcall_services"]
    for student_id in ("s1", "s2", "s3"):
        services.enroller.enrol(student_id, "Zoë", photo(student_id), ["physics"], "tester")
    a_session.put_register()
    a_session.put_unknown_faces()
    lines = (RosterLine(2, "s1", "Zoë", "a.jpg"),)
    services.imports.save(Import(PLACES["<import_id>"], "physics", ADMIN, True, a_session.DAY, lines))
    token = services.tokens.make(ADMIN, "test", 30)
    found = {email: Visitor(signed_in(email), {}) for email in (ADMIN, STUDENT)}
    app.request_class = NotingRequest
    app.config["WTF_CSRF_ENABLED"] = False
    monkeypatch.setattr(limiter, "enabled", False)
    return {**found, "": Visitor(app.test_client(), {"Authorization": f"Bearer {token}"})}


@pytest.fixture(autouse=True)
def strict_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB refuses keys that are empty or too long; moto and the emulator take most of them."""
    call = BaseClient._make_api_call  # type: ignore[attr-defined]  # the one way of every client to AWS

    def checked(client: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:
        if client.meta.service_model.service_name == "dynamodb":
            for text in _texts(list(_keys(parameters))):
                if not 0 < len(text.encode()) <= LONGEST_SORT_KEY:
                    raise ClientError({"Error": {"Code": "ValidationException", "Message": text[:80]}}, operation)
        return call(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", checked)


def _keys(value: Any) -> Iterator[Any]:
    """Every key and condition of a key in the parameters of a call."""
    if isinstance(value, list):
        for one in value:
            yield from _keys(one)
    elif isinstance(value, Mapping):
        for name, one in value.items():
            if name in ("Key", "Keys", "ExclusiveStartKey", "KeyConditionExpression"):
                yield one
            else:
                yield from _keys(one)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, ConditionBase):
        yield from _texts(list(value.get_expression()["values"]))
    elif isinstance(value, list | tuple | Mapping):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(one)


def test_keys_that_dynamodb_refuses_are_refused_here_too(app: Flask) -> None:
    store: Store = app.extensions["rollcall_store"]
    too_long = "x" * 3_000
    for ask in (
        partial(store.course, too_long),
        partial(store.course, ""),
        partial(store.sessions, "physics", too_long),
    ):
        with pytest.raises(ClientError, match="ValidationException"):
            ask()


@pytest.mark.parametrize("kind", [*SENT, "missing"])
def test_no_field_of_a_query_or_a_form_breaks_anything(app: Flask, visitors: dict[str, Visitor], kind: str) -> None:
    broken = []
    for method, rule in _rules(app):
        visitor, path = visitors[_who(rule)], _path(rule)
        good = _filled_in(visitor, method, path)
        for name in good:
            if kind in SENT:
                status = visitor.send(method, path, good | {name: SENT[kind]})
            else:
                status = visitor.send(method, path, {one: text for one, text in good.items() if one != name})
            if status >= 500:
                broken.append((method, rule, name))
        if visitor.client.get("/account").status_code >= 500:
            broken.append((method, rule, "what it tells on the next page"))
    assert broken == []


def test_no_file_in_the_place_of_a_text_breaks_anything(app: Flask, visitors: dict[str, Visitor]) -> None:
    posts = [(visitors[_who(rule)], _path(rule)) for method, rule in _rules(app) if method == "POST"]
    broken = [
        (path, name)
        for visitor, path in posts
        for name in _filled_in(visitor, "POST", path)
        if visitor.send_file(path, name) >= 500
    ]
    assert broken == []


@pytest.mark.parametrize("kind", ["long", "control characters", "of many bytes", "no UTF-8", "a place elsewhere"])
def test_what_can_be_no_place_of_a_rule_is_not_found(app: Flask, visitors: dict[str, Visitor], kind: str) -> None:
    wrong = {}
    for method, rule in _rules(app):
        for place in PLACES:
            if place in rule:
                path = _path(rule.replace(place, quote(SENT[kind], safe="")))
                status = visitors[_who(rule)].client.open(path, method=method, buffered=True).status_code
                if status not in ((404, 405) if kind == "a place elsewhere" else (404,)):
                    wrong[method, rule, place] = status
    assert wrong == {}


def _rules(app: Flask) -> list[tuple[str, str]]:
    """The method and rule of every route."""
    rules = [(method, str(rule)) for rule in app.url_map.iter_rules() for method in sorted(rule.methods or ())]
    asked = [(method, rule) for method, rule in rules if method in ("GET", "POST")]
    return sorted(asked, key=lambda one: (any(word in one[1] for word in ENDS), one))


def _who(rule: str) -> str:
    """Whose request comes furthest."""
    if rule.startswith("/my-"):
        return STUDENT
    return "" if rule == "/login" or rule.startswith("/api/") else ADMIN


def _path(rule: str) -> str:
    """The rule with what is there in each of its places."""
    for place, value in {**PLACES, "<int:person>": "7"}.items():
        rule = rule.replace(place, value)
    return rule


def _filled_in(visitor: Visitor, method: str, path: str) -> dict[str, str]:
    """What a view reads of a query or form, filled in so that it goes as far as it does."""
    Noted.read.clear()
    visitor.send(method, path, {})
    visitor.send(method, path, {name: GOOD.get(name, "1") for name in Noted.read})
    return {name: GOOD.get(name, "1") for name in sorted(Noted.read - {"csrf_token"})}
