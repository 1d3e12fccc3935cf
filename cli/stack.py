"""Finds the running stack and points this process at it."""

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


class NoStackError(RollcallError):
    """No stack is running, or what it left of itself cannot be read."""


@dataclass(frozen=True)
class Stack:
    """A running stack: the address of its web, and the environment that leads to its services."""

    web: str
    environment: dict[str, str]

    @property
    def settings(self) -> Settings:
        """The names of its tables, buckets and collection."""
        return Settings.from_environment(self.environment)


def find(home: Path) -> Stack:
    """Read the endpoints.json of a stack's home folder.

    Raises:
        NoStackError: there is none, or it is not what a stack writes.
    """
    file = home / "endpoints.json"
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
        }
        return Stack(told["web"], environment)
    except FileNotFoundError as error:
        raise NoStackError("no stack is running here: start it with `make up`") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoStackError(f"{file} cannot be read: stop the stack and start it again with `make up`") from error


def enter(home: Path) -> Stack:
    """Find the stack and let every client of this process talk to it and to no real account.

    Raises:
        NoStackError: there is none, or what it left of itself cannot be read.
    """
    stack = find(home)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        os.environ.pop(name, None)
    os.environ.update(stack.environment)
    return stack


def default_home() -> Path:
    """$ROLLCALL_HOME, or `.local` of the checkout."""
    return Path(os.environ.get("ROLLCALL_HOME") or DEFAULT_HOME)
