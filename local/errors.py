"""What can go wrong with a local stack and is no fault of its programs, and how a command tells it."""

import os
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C ended, as shells have it."""


class StackError(Exception):
    """A stack cannot do what was asked; the message is a sentence for a person, with what to do."""


class SettingError(StackError):
    """An environment variable does not hold what it should."""


def exit_code(command: Callable[[], int], tell: Callable[[str], None]) -> int:
    """Run a command; what a person can mend is told in a sentence, not as a traceback.

    Args:
        command: gives its own exit code.
        tell: shows a sentence.

    Returns:
        The command's exit code, 1 when it failed, 130 when Ctrl-C ended it.
    """
    try:
        return command()
    except KeyboardInterrupt:
        return INTERRUPTED
    except StackError as error:
        tell(str(error))
    except (BotoCoreError, ClientError) as error:
        tell(f"A service of the stack refused or fell silent: {error}. Its log is in the stack's folder, under logs.")
    except OSError as error:
        tell(f"{_what_failed(error)}. Is the disk full, or may this user not write there? Then start again.")
    return 1


def _what_failed(error: OSError) -> str:
    if error.errno is None:
        return f"The operating system or the network refused: {error}"
    return f"{error.filename or 'The operating system'}: {os.strerror(error.errno)}"
