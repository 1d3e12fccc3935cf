"""Ends a process together with the one that started it, however that one ended.

A pipe (or a lock) is closed by the operating system even when its holder is killed with SIGKILL, so that nothing a
stack has started can outlive it.
"""

import fcntl
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

EMULATOR_LOCK = "ROLLCALL_EMULATOR_LOCK"
"""Path of the file the emulator holds locked for as long as it lives; read by the Lambda workers."""


def stop_when_the_parent_ends() -> None:
    """Send this process SIGTERM at the end of its standard input, a pipe whose other end only its parent holds."""
    _watch(_wait_for_end_of_input, lambda: os.kill(os.getpid(), signal.SIGTERM))


def exit_when_released(lock: Path) -> None:
    """End this process at once, without cleaning up, when nobody holds `lock` any more."""
    _watch(lambda: _wait_for_release(lock), lambda: os._exit(0))


def _watch(wait: Callable[[], None], then: Callable[[], None]) -> None:
    def run() -> None:
        wait()
        then()

    threading.Thread(target=run, name="parent-watch", daemon=True).start()


def _wait_for_end_of_input() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass


def _wait_for_release(lock: Path) -> None:
    with lock.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
