"""Who may call the emulated AWS: the programs of this machine and the pages of our own web, but no other web page.

The emulated AWS takes whoever calls it for the account's owner and lets every page read its answers, so that any page
somebody has open could read, change or erase a school's data. Here a browser's request is known by what only the
browser itself can write: the name it called (Host), the page that asks (Origin) and how near that page is
(Sec-Fetch-Site). Programs send the first alone.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from local.journal_calls import Answer, App, header
from local.network import HEALTH_PATH
from rekognition_local.hosts import is_local

_ADMINISTRATION = "/_ministack/"
"""Paths of the emulator's own: to erase everything, to change its settings, to read messages."""

_OUR_PAGES = re.compile(rb"http://(127\.0\.0\.1|localhost)(:\d{1,5})?")
_ANOTHER_SITE = {b"cross-site", b"same-site"}


class Border:
    """The application, for those who may call it; everybody else is answered 403 with the reason.

    Args:
        app: the emulated AWS.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        """Serve a request or a lifespan, as ASGI has it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        reason = refusal(scope)
        if reason is None:
            await self._app(scope, receive, _readable_by(header(scope, b"origin"), send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
        else:
            await Answer(403, ((b"content-type", b"text/plain; charset=utf-8"),), reason.encode()).send(send)


def refusal(scope: Mapping[str, Any]) -> str | None:
    """Why a request is not served, in a sentence; None when it is."""
    origin = header(scope, b"origin")
    if not is_local(header(scope, b"host").decode("latin-1")):
        return "Call the local AWS by an address or as localhost."
    if origin and not _OUR_PAGES.fullmatch(origin):
        return "Only the pages of this machine's Rollcall may call the local AWS from a browser."
    if not origin and header(scope, b"sec-fetch-site") in _ANOTHER_SITE and not _reads_by_signed_address(scope):
        return "A page may only follow signed addresses of objects to the local AWS."
    if scope["path"].startswith(_ADMINISTRATION) and scope["path"] != HEALTH_PATH:
        return "The emulator's own administration is closed; stop the stack and look after its folder instead."
    return None


def _reads_by_signed_address(scope: Mapping[str, Any]) -> bool:
    """Whether a request is what a picture or a player of the pages sends: for those, browsers name no Origin.

    It can read an object and nothing else, and the page that holds the picture cannot see into it.
    """
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    is_for_objects = any("/s3/aws4_request" in credential for credential in query.get("X-Amz-Credential", []))
    return scope.get("method") in {"GET", "HEAD"} and is_for_objects and "Action" not in query


def _readable_by(origin: bytes, send: Any) -> Any:
    """`send`, with answers that only the page that asked may read, where the emulator lets every page."""

    async def sent(message: Any) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message["headers"] if pair[0].lower() != b"access-control-allow-origin"]
            own = [(b"access-control-allow-origin", origin)] if origin else []
            message = {**message, "headers": [*kept, *own, (b"vary", b"Origin")]}
        await send(message)

    return sent
