"""Files that a program holds locked for as long as it lives; the system lets go of them however it ends."""

import fcntl
import time
from pathlib import Path
from typing import IO

POLL_SECONDS = 0.05


def take(file: IO[str], seconds: float = 0.0) -> bool:
    """Lock an open file until it is closed; whether that was possible within `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL_SECONDS)
        else:
            return True


def is_held(path: Path) -> bool:
    """Whether a program holds the file locked now; a file that is not there or not readable is nobody's."""
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
