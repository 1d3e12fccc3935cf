"""The web as a Lambda function behind an HTTP API, whose events apig-wsgi turns into WSGI calls and back."""

import os
from collections.abc import Callable
from functools import cache
from typing import Any

from apig_wsgi import make_lambda_handler

from attendance.aws.secret_values import secret_value
from attendance.errors import SettingsError
from web.app import create_app
from web.config import WebConfig

SECRET_KEY_ARN = "SECRET_KEY_ARN"  # noqa: S105 (the variable's name)

Event = dict[str, Any]
Answer = dict[str, Any]


def handler(event: Event, context: object) -> Answer:
    """Answer one request.

    Args:
        event: an HTTP API's, format 2.0.
        context: Lambda's.

    Raises:
        SettingsError: an environment variable is missing or wrong.
    """
    return _adapted()(event, context)


@cache
def _adapted() -> Callable[[Event, object], Answer]:
    """The application behind its adapter, made once per instance of the function."""
    arn = os.environ.get(SECRET_KEY_ARN, "")
    if not arn:
        raise SettingsError(f"Set the environment variable {SECRET_KEY_ARN} to the secret that signs sessions.")
    environment = {**os.environ, "SECRET_KEY": secret_value(arn)}
    return make_lambda_handler(create_app(WebConfig.from_environment(local_http=False, environment=environment)))
