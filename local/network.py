"""Ports and health checks on this machine; everything of the stack listens on the loopback address only."""

import fcntl
import os
import socket
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOST = "127.0.0.1"
HEALTH_TIMEOUT_SECONDS = 2.0


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of the loopback address now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port(preferred: int | None = None) -> int:
    """The preferred port if it is free, else one the operating system picks."""
    if preferred is not None and is_free(preferred):
        return preferred
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def taking_ports() -> Iterator[None]:
    """Only one stack of this user at a time chooses ports and listens on them, so that no two choose the same."""
    with Path(tempfile.gettempdir(), f"rollcall-ports-{os.getuid()}.lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def url(port: int) -> str:
    """The address of a server on this machine, without a slash at its end."""
    return f"http://{HOST}:{port}"


def answers(health_url: str) -> bool:
    """Whether a GET of `health_url` is answered with success."""
    try:
        with urllib.request.urlopen(health_url, timeout=HEALTH_TIMEOUT_SECONDS) as response:  # noqa: S310 (our own URL)
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
