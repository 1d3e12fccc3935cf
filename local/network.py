"""Ports and health checks on this machine; everything of the stack listens on the loopback address only."""

import fcntl
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

HOST = "127.0.0.1"
HEALTH_PATH = "/_ministack/health"
"""Of the emulated AWS."""

HEALTH_TIMEOUT_SECONDS = 2.0

DIRECT = build_opener(ProxyHandler({}))
"""Opens addresses of the stack, which no proxy of the network can reach."""


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
def taking_ports(progress: Callable[[str], None]) -> Iterator[None]:
    """Only one stack of this user at a time chooses ports and listens on them, so that no two choose the same.

    The file is in a folder that only the user can write to. Who has none goes on without: should two stacks choose
    one port at the same moment, the later one ends with the reason.

    Args:
        progress: told when another stack has to be waited for.
    """
    file = _ports_file()
    if file is None:
        yield
        return
    with os.fdopen(file, "r+b"):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("Waiting for another stack to start")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _ports_file() -> int | None:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rollcall"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(folder / "ports.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError:
        return None


def url(port: int) -> str:
    """The address of a server on this machine, without a slash at its end."""
    return f"http://{HOST}:{port}"


def answers(health_url: str) -> bool:
    """Whether a GET of `health_url` is answered with success."""
    try:
        with DIRECT.open(health_url, timeout=HEALTH_TIMEOUT_SECONDS) as response:
            return bool(response.status == 200)
    except (HTTPException, OSError):
        return False
