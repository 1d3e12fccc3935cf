"""A web on moto's tables, with an admin, an instructor of `physics` and a student account."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache, partial
from typing import Any

import pytest
from argon2 import PasswordHasher
from botocore.client import BaseClient
from flask import Flask, has_request_context
from flask.testing import FlaskClient

from attendance.aws import compose
from attendance.aws.people import DynamoUsers
from attendance.settings import Settings
from attendance.users import Role, User
from tests.functional.web.faces import MemoryFaces
from tests.functional.web.rights import Need, is_allowed, needs
from tests.functional.web.tables import PASSWORD, make_tables
from tests.moto_aws import moto_aws
from web import WebConfig, create_app
from web.security import limiter
from web.services import Services, open_services
from web.store import Store

TODAY = date(2026, 3, 4)
SignIn = Callable[[str], FlaskClient]
_QUICK = partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
"""The real hash with little of the work it is meant to make."""


@pytest.fixture(autouse=True)
def quick_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attendance.users.PasswordHasher", _QUICK)


@pytest.fixture(autouse=True)
def rights(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a page asks AWS for, the web function on AWS must be allowed."""
    asked: set[Need] = set()
    call = BaseClient._make_api_call  # type: ignore[attr-defined]  # the one way of every client to AWS

    def noted(client: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:
        if has_request_context():
            asked.update(needs(client.meta.service_model.service_name, operation, parameters))
        return call(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", noted)
    yield
    assert sorted(need for need in asked if not is_allowed(need)) == []


@pytest.fixture
def tables() -> Iterator[Settings]:
    with moto_aws():
        yield make_tables()


@pytest.fixture
def checks() -> dict[str, Callable[[], None]]:
    return {"table students": lambda: None, "face service": lambda: None}


@pytest.fixture
def faces() -> MemoryFaces:
    return MemoryFaces()


@pytest.fixture
def app(tables: Settings, checks: dict[str, Callable[[], None]], faces: MemoryFaces) -> Iterator[Flask]:
    users = DynamoUsers(tables.users_table)
    users.add(User("admin@school.edu", Role.ADMIN, (), "", _password_hash()))
    users.add(User("teacher@school.edu", Role.INSTRUCTOR, ("physics",), "", _password_hash()))
    users.add(User("student@school.edu", Role.STUDENT, (), "", _password_hash(), student_id="s1"))
    enroller = compose.enroller(tables)
    enroller.ensure_course("physics", "Physics <1>", "Pacific/Auckland")
    enroller.ensure_course("history", "History", "UTC")
    store = Store(compose.reader(tables), compose.users(tables), checks, lambda: TODAY)
    config = WebConfig("s" * 64, tables, local_http=True, trusted_hosts=("localhost",))
    yield create_app(config, store, open_services(tables, faces))
    limiter.reset()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def services(app: Flask) -> Services:
    """What the application changes data with."""
    found: Services = app.extensions["rollcall_services"]
    return found


@pytest.fixture
def signed_in(app: Flask) -> SignIn:
    """A client of the named account, signed in through the real form with its real token."""

    def sign_in(email: str) -> FlaskClient:
        client = app.test_client()
        answer = client.post("/login", data={"email": email, "password": PASSWORD, "csrf_token": token(client)})
        assert answer.status_code == 302
        return client

    return sign_in


@cache
def _password_hash() -> str:
    return _QUICK().hash(PASSWORD)


def token(client: FlaskClient, path: str = "/login") -> str:
    """The form token of a page, read from its HTML."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(path).text)
    assert found
    return found[1]
