"""What every command shares: where the stack is, and how refusals are told."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec

import click
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from attendance.errors import RollcallError
from cli.stack import Stack, default_home, enter

P = ParamSpec("P")

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def with_stack(command: Callable[Concatenate[Stack, P], None]) -> Callable[..., None]:
    """Give a command the option --home and, as its first argument, the running stack found there.

    Every refusal of ours ends in its sentence on standard error and exit code 1, never in a traceback.
    """

    @click.option(
        "--home",
        type=click.Path(file_okay=False, path_type=Path),
        help="The stack's folder. [default: $ROLLCALL_HOME, or .local of the checkout]",
    )
    @wraps(command)
    def wrapped(home: Path | None, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(enter(home or default_home()), *args, **kwargs)
        except RollcallError as error:
            raise click.ClickException(str(error)) from error
        except (BotoCoreError, ClientError) as error:
            # Only the error's kind: messages of services may repeat names and keys.
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            raise click.ClickException(f"the stack does not answer as it should ({code}): is it still up?") from error

    return wrapped
