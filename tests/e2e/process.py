"""`python -m local.up` in a process of its own, as `make up` runs it: started, looked at, killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.home import ROOT, Endpoints, Home
from local.network import HEALTH_PATH, free_port
from tests.statemachine.machine import eventually

HOSTILE = {
    "AWS_PROFILE": "a-profile-that-does-not-exist",
    "AWS_ENDPOINT_URL": "http://192.0.2.1",
    "http_proxy": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
}
"""Settings that a user's shell may hold and that must not reach the stack: an account's, and a network's proxy."""


def launched(
    home: Home, port: int | None = None, *, log: Path | None = None, **settings: str
) -> subprocess.Popen[bytes]:
    """A stack that starts; what it prints goes to a file, see `printed`."""
    environment = {"PATH": os.environ["PATH"], "ROLLCALL_HOME": str(home.folder), "PORT": str(port or free_port())}
    with (log or _log(home)).open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "local.up"],
            cwd=ROOT,
            env=environment | HOSTILE | settings,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )


@contextmanager
def up(home: Home, port: int | None = None) -> Iterator[tuple[subprocess.Popen[bytes], Endpoints]]:
    """A running stack; killed with everything it started at the end."""
    process = launched(home, port)
    try:
        yield process, eventually(lambda: _started(home, process), "the start of the stack")
    finally:
        kill(home, process)


def printed(home: Home) -> str:
    """All that the stacks of a home have printed so far."""
    return _log(home).read_text()


def stop(process: subprocess.Popen[bytes], number: signal.Signals) -> int:
    """End a stack by a signal; its exit code."""
    process.send_signal(number)
    return process.wait(timeout=60)


def kill(home: Home, process: subprocess.Popen[bytes]) -> None:
    """SIGKILL for the supervisor and all that it started, in one go."""
    for pid in [process.pid, *of_home(home)]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait()
    eventually(lambda: not of_home(home), "the end of the stack")


def of_home(home: Home) -> dict[int, str]:
    """The processes that belong to a home (it is in their environment), each with its command line."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if str(home.folder).encode() in (entry / "environ").read_bytes():
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue  # it ended, or is not ours to look at
    return found


def _started(home: Home, process: subprocess.Popen[bytes]) -> Endpoints | None:
    assert process.poll() is None, printed(home)
    return home.running(HEALTH_PATH)


def _log(home: Home) -> Path:
    return home.folder.parent / "up.log"
