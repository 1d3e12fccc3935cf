"""Who uses the command line, for the audit."""

import getpass


def actor() -> str:
    """The account of this machine that runs the command."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # no such name, as in a container with a bare user number
        return "cli"
