"""Makes the first admin of a local stack, so that one can log in at all: `python -m local.accounts`.

A program of its own, as `attendance.aws` finds its account, tables and endpoints in its process's environment.
"""

import os
import subprocess
import sys
from collections.abc import Mapping

from attendance.aws.compose import users
from attendance.settings import Settings
from local.errors import StackError

EMAIL = "ROLLCALL_ADMIN_EMAIL"
PASSWORD = "ROLLCALL_ADMIN_PASSWORD"  # noqa: S105 (the variable's name)


class AccountError(StackError):
    """The first admin could not be made."""


def ensure_first_admin(email: str, password: str, environment: Mapping[str, str]) -> None:
    """Make the account unless it is there; the password travels in the environment, which only its owner can read.

    Args:
        email: the login.
        password: for a new account; an existing one keeps its own.
        environment: as of `supervisor.client_environment`.

    Raises:
        AccountError: the users table could not be read or written.
    """
    result = subprocess.run(
        [sys.executable, "-m", "local.accounts"],
        env={**environment, EMAIL: email, PASSWORD: password},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise AccountError(f"The first admin could not be made: {result.stderr.strip()}")


def main() -> None:
    """Make the account named in the environment."""
    users(Settings.from_environment()).ensure_admin(os.environ[EMAIL], os.environ[PASSWORD])


if __name__ == "__main__":
    main()
