"""What every command shares: which stack it works on, and how refusals are told."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec

import click
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.text import Text

from attendance.errors import RollcallError
from cli.deployed import find_deployed
from cli.stack import Stack, default_home, enter, find

P = ParamSpec("P")

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def with_stack(command: Callable[Concatenate[Stack, P], None]) -> Callable[..., None]:
    """Give a command the option --home and, as its first argument, the stack to work on; it is named on standard error.

    That is the stack of `rollcall --stack`, else the local one. Refusals are told as `telling_refusals` does.
    """

    @click.option(
        "--home",
        type=click.Path(file_okay=False, path_type=Path),
        help="The local stack's folder. [default: $ROLLCALL_HOME, or .local of the checkout]",
    )
    @wraps(command)
    @telling_refusals
    def wrapped(home: Path | None, *args: P.args, **kwargs: P.kwargs) -> None:
        stack = _chosen(home)
        enter(stack)
        err.print(Text(f"On {stack.name}."), soft_wrap=True)
        command(stack, *args, **kwargs)

    return wrapped


def telling_refusals(command: Callable[P, None]) -> Callable[P, None]:
    """Let every refusal of ours end in its sentence on standard error and exit code 1, never in a traceback."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except RollcallError as error:
            raise click.ClickException(str(error)) from error
        except (BotoCoreError, ClientError) as error:
            # Only the error's kind: messages of services may repeat names and keys.
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            raise click.ClickException(
                f"the stack does not answer as it should ({code}): is it still there, and may you do this?"
            ) from error

    return wrapped


def _chosen(home: Path | None) -> Stack:
    """The stack that the command line names, or the environment.

    Raises:
        NoStackError: there is no such stack, or it cannot be worked on.
        click.UsageError: it names two.
    """
    name = click.get_current_context().find_object(str)
    if not name:
        return find(home or default_home())
    if home:
        raise click.UsageError(f"--home is for the local stack, and the stack {name} on AWS is named too: name one.")
    return find_deployed(name)
