"""What a Lambda function behind an HTTP API takes and gives, and what becomes of an answer that is larger.

The function collects each answer before it gives it. One that is too large for it goes to the work bucket, and the
browser is sent on to there; so no page has to know how much it answers with, and a server streams the same answers.
"""

import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import IO, TypeVar

from flask import Flask, Response, current_app, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from attendance.errors import RollcallError
from web.services import services

MAX_REQUEST_BYTES = 4 * 1024 * 1024
"""An event has 6 MB at most, in which a body takes four bytes for three, beside the headers. What is larger by more
than a tenth does not even reach the function, and the API answers in its own words."""
MAX_ANSWER_BYTES = 4 * 1024 * 1024
"""An answer has 6 MB at most, a file encoded as a request's body, a text with a backslash before each quote."""
WORKING_SECONDS = 20.0
"""How long one request works: the API gives up after 30 s, and a file has to be put together and kept."""

T = TypeVar("T")


class TooMuchError(RollcallError):
    """There is more to do than one request has time for; the text says what to do instead."""


def register(app: Flask) -> None:
    """Keep the application within a function's limits."""
    app.config.update(FUNCTION_TAKES_BYTES=MAX_REQUEST_BYTES, FUNCTION_WORKS_SECONDS=WORKING_SECONDS)

    @app.errorhandler(TooMuchError)
    def explain(error: TooMuchError) -> tuple[str, int]:
        return render_template("error.html", code=422, title="Too much at once", text=str(error)), 422

    @app.after_request
    def fit(response: Response) -> BaseResponse:
        is_large = response.is_streamed or (response.content_length or 0) > MAX_ANSWER_BYTES
        if not is_large or response.status_code != 200 or request.method != "GET":
            return response
        try:
            return _collected(response)
        except TooMuchError as error:
            return app.make_response(explain(error))


def in_time(items: Iterable[T], advice: str) -> Iterator[T]:
    """The items as they are read, for as long as there is time.

    Args:
        items: what is worked on, one after the other.
        advice: what a person should do who asked for too much.

    Raises:
        TooMuchError: the time is over, from the iterator; never on a server, which may take its time.
    """
    seconds = current_app.config.get("FUNCTION_WORKS_SECONDS")
    return iter(items) if seconds is None else _until(time.monotonic() + seconds, items, advice)


def _until(end: float, items: Iterable[T], advice: str) -> Iterator[T]:
    for item in items:
        if time.monotonic() > end:
            raise TooMuchError(advice)
        yield item


def _collected(response: Response) -> BaseResponse:
    """The answer with all of its content, or one that leads to where that is kept."""
    with tempfile.SpooledTemporaryFile(MAX_ANSWER_BYTES) as file:
        with closing(response):
            for part in response.iter_encoded():
                file.write(part)
        size = file.tell()
        file.seek(0)
        if size > MAX_ANSWER_BYTES:
            return redirect(_kept(file, response), 303)
        response.direct_passthrough = False
        response.set_data(file.read())
    return response


def _kept(file: IO[bytes], response: Response) -> str:
    # Nothing is shown at the bucket's address, where none of our headers would be with it.
    disposition = response.headers.get("Content-Disposition", "attachment")
    return services().downloads.keep(file, response.headers["Content-Type"], disposition)
