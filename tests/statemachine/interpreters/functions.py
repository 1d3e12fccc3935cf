"""Lambda's Invoke as an interpreter calls it, answered by a function of the test."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from tests.contracts import ROOT
from tests.serving import QuietHandler, http_server

Answer = Callable[[str, Any], Any]
"""Gets a function's name, such as `resolve_names`, and its input; raises TaskError for an error of the function."""

_ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
_SUBSTITUTION = re.compile(r"\$\{(\w+)FunctionArn\}")
_INVOKE = re.compile(r"/2015-03-31/functions/(.+)/invocations")


class TaskError(Exception):
    """A function ended with an error.

    Attributes:
        name: by which the machine knows it.
        cause: what went wrong.
    """

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(f"{name}: {cause}")
        self.name = name
        self.cause = cause


def definition() -> dict[str, Any]:
    """The machine as it is in the repository, its substitutions filled in with ARNs of functions named as the steps."""
    text = (ROOT / "statemachine" / "attendance.asl.json").read_text(encoding="utf-8")
    filled: dict[str, Any] = json.loads(_SUBSTITUTION.sub(lambda found: _ARN + _step(found[1]), text))
    return filled


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """Serve functions on a free port; the address."""

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:  # noqa: N802 (the base class calls it so)
            given = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "null")
            invoked = _INVOKE.fullmatch(unquote(self.path))
            assert invoked, self.path
            try:
                self.answer(200, {}, json.dumps(answer(invoked[1].removeprefix(_ARN), given)).encode())
            except TaskError as error:
                told = {"errorType": error.name, "errorMessage": error.cause, "stackTrace": []}
                self.answer(200, {"X-Amz-Function-Error": "Unhandled"}, json.dumps(told).encode())

    with http_server(Handler) as address:
        yield address


def _step(resource: str) -> str:
    """`ResolveNames` ▶ `resolve_names`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", resource).lower()
