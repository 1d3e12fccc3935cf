"""Answers that a real client gets in place of the service's, as they come over the wire."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders


def answer(status: int, body: bytes, length: int | None = None) -> AWSResponse:
    """An answer of a service; `length` is what it says of its body, if that is not so."""
    headers = HTTPHeaders()
    if length is not None:
        headers["Content-Length"] = str(length)
    made: Any = AWSResponse("https://aws/", status, headers, BytesIO(body))
    if length is None:
        made._content = body
    found: AWSResponse = made
    return found


@contextmanager
def answering(client: Any, calls: str, give: Callable[[Any], AWSResponse | None]) -> Iterator[None]:
    """Let a client's calls, as `dynamodb` or `s3.GetObject`, be answered by a function, or by the service for None."""

    def before(request: Any, **_: object) -> AWSResponse | None:
        return give(request)

    heard = (f"before-send.{calls}", before)
    client.meta.events.register_first(*heard)
    try:
        yield
    finally:
        client.meta.events.unregister(*heard)
