"""A service that is busy or away for a moment is told as that, and never as a crash."""

from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from flask import Flask
from werkzeug.test import TestResponse

from attendance.errors import UnprocessedItemsError
from tests.functional.web.browsing import ADMIN
from tests.functional.web.conftest import SignIn

PAGE, API = "/students", "/api/v1/courses/physics/sessions"


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "a secret"}}, "Query")


@pytest.fixture
def token(app: Flask) -> str:
    made: str = app.extensions["rollcall_services"].tokens.make(ADMIN, "LMS", 30)
    return made


def answer_when(
    error: Exception, path: str, signed_in: SignIn, token: str, monkeypatch: pytest.MonkeyPatch
) -> TestResponse:
    """What a page answers when AWS answers each of its calls with an error."""
    client = signed_in(ADMIN)

    def refuse(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(BaseClient, "_make_api_call", refuse)
    return client.get(path, headers={"Authorization": f"Bearer {token}"} if path == API else {})


@pytest.mark.parametrize(
    "error",
    [
        UnprocessedItemsError("The tables were too busy."),
        refusal("ThrottlingException"),
        refusal("TransactionConflictException"),
        EndpointConnectionError(endpoint_url="http://secret/"),
        ReadTimeoutError(endpoint_url="http://secret/"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("path", [PAGE, API])
def test_who_meets_a_busy_service_is_told_to_come_back(
    signed_in: SignIn, token: str, monkeypatch: pytest.MonkeyPatch, path: str, error: Exception
) -> None:
    answer = answer_when(error, path, signed_in, token, monkeypatch)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert "Wait a minute" in answer.text
    assert "secret" not in answer.text


@pytest.mark.parametrize("path", [PAGE, API])
@pytest.mark.parametrize("error", [refusal("AccessDeniedException"), RuntimeError("a secret")])
def test_what_time_does_not_mend_stays_a_crash_without_its_traceback(
    app: Flask, signed_in: SignIn, token: str, monkeypatch: pytest.MonkeyPatch, path: str, error: Exception
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = answer_when(error, path, signed_in, token, monkeypatch)
    assert answer.status_code == 500
    assert "secret" not in answer.text
