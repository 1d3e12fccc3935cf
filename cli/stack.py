"""The stack that a command works on, and the way there: the one that runs on this machine.

The other kind, deployed on AWS, is found by `cli.deployed`.
"""

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attendance.errors import RollcallError
from attendance.settings import Settings

DEFAULT_HOME = Path(__file__).resolve().parent.parent / ".local"
"""Where `make up` of this checkout keeps its data, from whichever folder the command is run."""
_ACCOUNT = "000000000000"
"""The emulated AWS takes a 12-digit access key for the account of that number; it is no secret."""


_ON_THIS_MACHINE = "127.0.0.1,localhost"
_NOTHING_RUNS = "no stack is running here: start it with `make up`, or name one on AWS with `rollcall --stack NAME`"


class NoStackError(RollcallError):
    """There is no such stack, or it cannot be worked on; the text says what to do."""


@dataclass(frozen=True)
class Stack:
    """A stack to work on.

    Attributes:
        name: which one it is, in words that follow "On".
        environment: the environment variables that lead to its services and name what it is made of.
        astray: environment variables that would lead clients elsewhere.
    """

    name: str
    environment: dict[str, str]
    astray: tuple[str, ...]

    @property
    def settings(self) -> Settings:
        """The names of its tables, buckets and collection."""
        return Settings.from_environment(self.environment)


def find(home: Path) -> Stack:
    """The stack that runs on this machine, by the endpoints.json of its home folder.

    Raises:
        NoStackError: there is none, or it is not what a stack writes.
    """
    file = home / "endpoints.json"
    if not _is_running(home):
        raise NoStackError(_NOTHING_RUNS)
    try:
        told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        environment = {name: str(value) for name, value in told["settings"].items()} | {
            "AWS_ENDPOINT_URL": told["aws"],
            "AWS_ENDPOINT_URL_REKOGNITION": told["rekognition"],
            "AWS_DEFAULT_REGION": told["region"],
            "AWS_REGION": told["region"],
            "AWS_ACCESS_KEY_ID": _ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": _ON_THIS_MACHINE,
            "no_proxy": _ON_THIS_MACHINE,
        }
    except FileNotFoundError as error:
        raise NoStackError(_NOTHING_RUNS) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoStackError(f"{file} cannot be read: stop the stack and start it again with `make up`") from error
    return Stack(f"the local stack in {home.resolve()}", environment, ("AWS_PROFILE", "AWS_SESSION_TOKEN"))


def _is_running(home: Path) -> bool:
    """Whether a stack runs in a folder: it holds the lock just as long; a killed one leaves its endpoints behind."""
    try:
        with (home / "lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def enter(stack: Stack) -> None:
    """Let every client of this process talk to the stack and to no other."""
    for name in stack.astray:
        os.environ.pop(name, None)
    os.environ.update(stack.environment)


def default_home() -> Path:
    """$ROLLCALL_HOME, or `.local` of the checkout."""
    return Path(os.environ.get("ROLLCALL_HOME") or DEFAULT_HOME)
