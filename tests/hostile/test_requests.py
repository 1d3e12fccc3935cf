"""Requests that no client of AWS would send."""

import json
import socket
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest

from tests.hostile.conftest import DEADLINE_SECONDS, Target

MANY = 3_000_000


def post(url: str, operation: str, body: bytes) -> tuple[int, dict[str, str]]:
    headers = {"X-Amz-Target": f"RekognitionService.{operation}", "Content-Type": "application/x-amz-json-1.1"}
    request = urllib.request.Request(url, body, headers)  # noqa: S310 - our own URL
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.mark.parametrize(
    ("operation", "body", "code"),
    [
        ("DeleteFaces", b'{"CollectionId":"c","FaceIds":[' + b'"x",' * MANY + b'"x"]}', "ValidationException"),
        ("DetectFaces", b'{"Image":{},"Attributes":[' + b'"x",' * MANY + b'"x"]}', "ValidationException"),
        ("DescribeCollection", b'{"CollectionId":' + b"[" * 5_000_000, "SerializationException"),
        ("DescribeCollection", b'{"CollectionId":"' + b"a" * 15_000_000 + b'"}', "ValidationException"),
        ("ListFaces", b'{"CollectionId":"c","MaxResults":' + b"9" * 1_000_000 + b"}", "SerializationException"),
        ("ListFaces", b'{"CollectionId":"c","NextToken":"' + b"A" * 255 + b'"}', "ResourceNotFoundException"),
        ("DetectFaces", b'{"Image":{"Bytes":"' + b"A" * 17_000_000 + b'"}}', "ImageTooLargeException"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_hostile_request_gets_a_short_answer(target: Target, operation: str, body: bytes, code: str) -> None:
    status, answer = post(target.url, operation, body)
    assert (status, answer["__type"]) == (400, code)
    assert len(answer["message"]) < 10_000
    target.assert_healthy()


def test_connections_that_never_say_anything_keep_nobody_out(target: Target) -> None:
    place = urlsplit(target.url)
    silent = [socket.create_connection((place.hostname, place.port)) for _ in range(40)]
    try:
        for connection in silent[::2]:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n{")
        target.assert_healthy()
    finally:
        for connection in silent:
            connection.close()
