"""Who is let in to the emulated AWS, and which page may read its answers; the application behind tells what came."""

import asyncio
from typing import Any

import pytest

from local.border import Border
from local.journal_calls import Answer, call
from tests.unit.local.journaled import scope

WEB = "http://127.0.0.1:8000"
FOREIGN = ["http://school.example", "https://127.0.0.1.evil.example", "null", "file://", "http://localhost.evil:1", "x"]
SIGNED = b"X-Amz-Credential=000000000000%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=0"


async def emulator(scope: Any, receive: Any, send: Any) -> None:
    """Lets every page read, as the real one does."""
    headers = ((b"Access-Control-Allow-Origin", b"*"), (b"etag", b"1"))
    await Answer(200, headers, scope["path"].encode()).send(send)


def ask(method: str = "GET", path: str = "/videos/a.mp4", query: bytes = b"", **headers: str) -> Answer:
    """What a request is answered; underscores in headers stand for hyphens."""
    given = {"host": "127.0.0.1:4566", **headers}
    named = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in given.items()]
    request = scope(path=path) | {"method": method, "query_string": query, "headers": named}
    return asyncio.run(call(Border(emulator), request, b""))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:4566", "172.17.0.1:1", "[::1]:4566", "host.docker.internal"])
def test_a_program_that_calls_by_an_address_is_served(host: str) -> None:
    assert ask("POST", host=host).status == 200


@pytest.mark.parametrize("host", ["", "evil.example", "127.0.0.1.evil.example:4566", "localhost.evil", "[::1", "\xff"])
def test_a_name_that_anybody_can_point_at_this_machine_is_refused(host: str) -> None:
    assert ask(host=host).status == 403
    assert b"by an address or as localhost" in ask(host=host).body


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
def test_a_foreign_page_is_refused_and_may_not_read_why(method: str, origin: str) -> None:
    answer = ask(method, origin=origin)
    assert answer.status == 403
    assert b"access-control-allow-origin" not in dict(answer.headers)


@pytest.mark.parametrize("origin", [WEB, "http://localhost:8080", "http://localhost", "http://127.0.0.1"])
def test_a_page_of_this_machine_is_served_and_alone_may_read_the_answer(origin: str) -> None:
    answer = ask("PUT", origin=origin, sec_fetch_site="same-site")
    assert answer.status == 200
    assert [value for name, value in answer.headers if name.lower() == b"access-control-allow-origin"] == [
        origin.encode()
    ]
    assert (b"vary", b"Origin") in answer.headers


def test_an_answer_to_a_program_tells_no_page_that_it_may_read_it() -> None:
    headers = ask().headers
    assert [name.lower() for name, _ in headers] == [b"etag", b"vary"]


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_picture_or_player_may_follow_a_signed_address(site: str) -> None:
    assert ask(query=SIGNED, sec_fetch_site=site).status == 200


@pytest.mark.parametrize(
    ("method", "query"),
    [
        ("GET", b""),
        ("GET", b"Action=DeleteStack&StackName=rollcall"),
        ("GET", SIGNED + b"&Action=DeleteStack"),
        ("GET", SIGNED.replace(b"s3", b"sqs")),
        ("POST", SIGNED),
        ("DELETE", SIGNED),
    ],
)
def test_a_link_or_picture_of_a_page_can_do_nothing_else(method: str, query: bytes) -> None:
    assert ask(method, query=query, sec_fetch_site="cross-site").status == 403


def test_an_address_that_a_person_types_is_served() -> None:
    assert ask(sec_fetch_site="none").status == 200


@pytest.mark.parametrize("path", ["/_ministack/reset", "/_ministack/config", "/_ministack/ses/messages"])
def test_the_emulators_administration_is_closed_to_everybody(path: str) -> None:
    assert ask("POST", path).status == 403
    assert ask("POST", path, origin=WEB).status == 403


def test_the_emulators_health_can_be_asked() -> None:
    assert ask(path="/_ministack/health").body == b"/_ministack/health"


def test_a_websocket_of_a_foreign_page_is_closed_before_it_opens() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"127.0.0.1"), (b"origin", b"http://school.example")]
    asyncio.run(Border(emulator)({"type": "websocket", "path": "/", "headers": headers}, None, send))
    assert [message["type"] for message in sent] == ["websocket.close"]
