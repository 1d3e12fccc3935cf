"""Errors of the API, as RFC 9457 wants them told."""

from http import HTTPStatus

from flask import Response, request

from web.api_models import Problem

MIME_TYPE = "application/problem+json"


def is_api() -> bool:
    """Whether this request is to the API: it knows neither cookies nor pages."""
    return request.path.startswith("/api/")


def problem(status: int, detail: str) -> Response:
    """The answer to a request that is not answered; `detail` says what to do."""
    told = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    response = Response(told.model_dump_json(), status=status, mimetype=MIME_TYPE)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="Rollcall"'
    return response
