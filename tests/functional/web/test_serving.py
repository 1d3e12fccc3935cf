"""`python -m web` as the supervisor starts and stops it."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.network import free_port
from tests.functional.web.tables import TABLES

ROOT = Path(__file__).parents[3]
Start = Callable[..., "subprocess.Popen[str]"]


def _environment(port: int) -> dict[str, str]:
    """Complete settings that lead to services nobody runs."""
    names = {f"{name.upper()}_TABLE": name for name in TABLES}
    names |= {f"{name.upper()}_BUCKET": name for name in ("videos", "photos", "work")}
    nowhere = "http://127.0.0.1:1"
    return names | {
        "COLLECTION_ID": "rollcall",
        "DEFAULT_COURSE_ID": "default",
        "DEFAULT_TIME_ZONE": "UTC",
        "PRESENT_THRESHOLD": "99",
        "REVIEW_THRESHOLD": "90",
        "MARGIN": "0",
        "MINIMUM_SIGHTINGS": "1",
        "LATE_AFTER_MINUTES": "0",
        "LEFT_EARLY_MINUTES": "0",
        "POLL_SECONDS": "1",
        "AWS_ENDPOINT_URL": nowhere,
        "AWS_ENDPOINT_URL_REKOGNITION": nowhere,
        "SECRET_KEY": "s" * 64,
        "PORT": str(port),
    }


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def start(port: int) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def run(**extra: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "web"],
            env=os.environ | _environment(port) | extra,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stderr):
            if stream:
                stream.close()


def _status(port: int, process: "subprocess.Popen[str]", path: str) -> int:
    """The status of a page, asked for until the server listens."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            time.sleep(0.1)
    pytest.fail("the web does not answer")


def test_the_web_answers_while_everything_else_is_down(start: Start, port: int) -> None:
    process = start()
    assert _status(port, process, "/login") == 200
    assert _status(port, process, "/healthz") == 503


def test_sigterm_ends_it_cleanly(start: Start, port: int) -> None:
    process = start()
    assert _status(port, process, "/login") == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0


def test_without_a_secret_key_it_says_what_to_set(start: Start) -> None:
    process = start(SECRET_KEY="")
    _, text = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "SECRET_KEY" in text
    assert "Traceback" not in text
