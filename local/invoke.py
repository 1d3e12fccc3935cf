"""`make invoke FUNCTION=resolve_names`: one function with its recorded event, without a container.

The function runs under AWS's own runtime client against the stack that runs; when none does, against a temporary one
that is brought to where the event is true. With --seed it brings the running stack there, for `sam local invoke`, which
runs the functions in containers with local/env.json.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import MISSING, fields
from functools import partial
from os import environ
from pathlib import Path
from typing import Any

from attendance.settings import Settings
from local.environment import clean_environment, forget_real_accounts
from local.errors import StackError, exit_code
from local.home import ROOT, Endpoints, Home
from local.network import HEALTH_PATH
from local.runtime_api import Function, invoke
from local.seed import WEB_SECRET, event_for, seed
from local.supervisor import LocalStack

FUNCTIONS = ROOT / "functions"
LAYER = ROOT / "layers" / "attendance"
WEB = Function("web", ROOT, "web.lambda_handler.handler")
CONTAINERS_HOST = "host.docker.internal"
"""The name containers know this machine by."""

_WEB_SETTINGS = {"SECRET_KEY_ARN": WEB_SECRET, "RATE_LIMITS_TABLE": ""}
"""What the deployment of a local stack leaves out: the seed makes a secret, and limits are counted in the process."""


class NoStackError(StackError):
    """Nothing runs on the home."""


def steps() -> list[str]:
    """The names of the pipeline's functions."""
    return sorted(path.parent.name for path in FUNCTIONS.glob("*/handler.py"))


def container_environment(endpoints: Endpoints) -> dict[str, dict[str, str]]:
    """What local/env.json holds for `sam local invoke -n`: every function's variables, under the name containers know.

    The SAM CLI sets only those that the template declares.
    """
    names = [field.name.upper() for field in fields(Settings) if field.default is MISSING]
    variables = endpoints.client_environment
    return {
        "Parameters": {
            name: variables[name].replace("127.0.0.1", CONTAINERS_HOST)
            for name in (*names, "STATE_MACHINE_ARN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_REKOGNITION")
        }
        | _WEB_SETTINGS
    }


def run(name: str, endpoints: Endpoints, temporary: Path) -> tuple[Any, bool]:
    """The answer of a function to its event, and whether it failed.

    Args:
        name: one of `steps`, or `web`.
        endpoints: the stack it works on.
        temporary: its folder for temporary files.

    Raises:
        InvocationError: the function ended without an answer.
    """
    environment = {**clean_environment(temporary), **endpoints.client_environment, **_WEB_SETTINGS}
    function = WEB if name == WEB.name else Function(name, FUNCTIONS / name)
    answer = invoke(function, LAYER, event_for(name), environment)
    sys.stderr.write(answer.log)
    return answer.value, answer.failed


def _running(home: Home) -> Endpoints:
    running = home.running(HEALTH_PATH)
    if running is None:
        raise NoStackError("No stack runs here: start one in another terminal with `make up`.")
    return running


@contextmanager
def _stack(home: Home) -> Iterator[Endpoints]:
    """The stack that runs on the home, or a temporary one."""
    running = home.running(HEALTH_PATH)
    if running is not None:
        yield running
        return
    print("No stack runs: starting a temporary one ...", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="rollcall-") as folder, LocalStack(Home(Path(folder)), web=False) as stack:
        seed(stack.endpoints)
        yield stack.endpoints


def main() -> int:
    """Run what the command line asks for; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m local.invoke", description="Run a function with its recorded event."
    )
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("function", nargs="?", choices=[*steps(), WEB.name], help="a folder under functions/, or web")
    chosen.add_argument("--seed", action="store_true", help="bring the running stack to where the events are true")
    arguments = parser.parse_args()
    home = Home.from_environment(environ)
    forget_real_accounts()
    command = partial(_seed, home) if arguments.seed else partial(_invoke, home, arguments.function)
    return exit_code(command, partial(print, file=sys.stderr))


def _seed(home: Home) -> int:
    seed(_running(home))
    return 0


def _invoke(home: Home, function: str) -> int:
    with _stack(home) as endpoints, tempfile.TemporaryDirectory(prefix="rollcall-") as temporary:
        value, failed = run(function, endpoints, Path(temporary))
    print(json.dumps(value, indent=2, ensure_ascii=False))
    if failed:
        print(f"The function failed with {value.get('errorType', 'an error')}.", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
