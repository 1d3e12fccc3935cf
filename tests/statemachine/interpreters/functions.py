"""Lambda's Invoke as an interpreter calls it, answered by a function of the test."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from tests.contracts import ROOT

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

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            given = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "null")
            invoked = _INVOKE.fullmatch(unquote(self.path))
            assert invoked, self.path
            try:
                self._send(answer(invoked[1].removeprefix(_ARN), given), {})
            except TaskError as error:
                told = {"errorType": error.name, "errorMessage": error.cause, "stackTrace": []}
                self._send(told, {"X-Amz-Function-Error": "Unhandled"})

        def _send(self, value: Any, headers: dict[str, str]) -> None:
            body = json.dumps(value).encode()
            self.send_response(200)
            for name, content in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, content)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _step(resource: str) -> str:
    """`ResolveNames` ▶ `resolve_names`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", resource).lower()
