"""One invocation of a function without a container: a Lambda Runtime API for one event, and AWS's own client on it.

The API is the one of https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, as far as one invocation needs it.
"""

import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from local.errors import StackError
from local.network import HOST

_PREFIX = "/2018-06-01/runtime"
_POLL_SECONDS = 0.2


class InvocationError(StackError):
    """The function could not be run to its end: it ended, hung, or never started."""


@dataclass(frozen=True)
class Function:
    """A function's code.

    Attributes:
        name: what messages call it.
        folder: what it is run from, and finds its own modules in.
        handler: module and function, as in the template.
    """

    name: str
    folder: Path
    handler: str = "handler.handler"


@dataclass(frozen=True)
class Answer:
    """What a function answered.

    Attributes:
        value: its result, or for a failure the runtime's report: errorType, errorMessage, stackTrace.
        failed: whether the handler raised, or could not be loaded.
        log: all it printed.
    """

    value: Any
    failed: bool
    log: str = field(repr=False)


class _Invocation:
    """The event waiting to be fetched, and the answer once it is there."""

    def __init__(self, event: object, timeout_seconds: float) -> None:
        self.request_id = str(uuid.uuid4())
        self.body = json.dumps(event).encode()
        self.deadline_ms = int((time.time() + timeout_seconds) * 1000)
        self.fetched = False
        self.answered = threading.Event()
        self.value: Any = None
        self.failed = False

    def answer(self, path: str, body: bytes) -> None:
        """Take a POST of the runtime client: a response, or an error of the invocation or the initialisation."""
        self.value = json.loads(body) if body else None
        self.failed = path.endswith("/error")
        self.answered.set()


def _handler(invocation: _Invocation) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path != f"{_PREFIX}/invocation/next":
                self._send(404)
            elif invocation.fetched:
                invocation.answered.wait()
                self._send(410)  # there is no second event: the client ends
            else:
                invocation.fetched = True
                self._send(200, invocation.body, invocation)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._send(202)
            invocation.answer(self.path, body)

        def _send(self, status: int, body: bytes = b"", about: _Invocation | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if about is not None:
                self.send_header("Content-Type", "application/json")
                self.send_header("Lambda-Runtime-Aws-Request-Id", about.request_id)
                self.send_header("Lambda-Runtime-Deadline-Ms", str(about.deadline_ms))
                self.send_header("Lambda-Runtime-Invoked-Function-Arn", "local")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
            """Keep the exchange with the runtime client out of the function's output."""

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that was ended while it waited for a second event."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def _serving(invocation: _Invocation) -> Iterator[int]:
    with _Server((HOST, 0), _handler(invocation)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            invocation.answered.set()
            server.shutdown()


def invoke(
    function: Function, layer: Path, event: object, environment: Mapping[str, str], *, timeout_seconds: float = 60.0
) -> Answer:
    """Run a function's handler with one event, under AWS's runtime client.

    Args:
        function: what to run.
        layer: the folder of the layer's packages.
        event: any JSON value.
        environment: the function's whole environment.
        timeout_seconds: after which the function is stopped.

    Raises:
        InvocationError: the function ended without an answer, or gave none in time.
    """
    invocation = _Invocation(event, timeout_seconds)
    with _serving(invocation) as port:
        process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", function.handler],
            cwd=function.folder,
            env={
                **environment,
                "PYTHONPATH": os.pathsep.join([str(function.folder), str(layer)]),
                "AWS_LAMBDA_RUNTIME_API": f"{HOST}:{port}",
                "AWS_LAMBDA_FUNCTION_NAME": function.name,
                "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
                "LAMBDA_TASK_ROOT": str(function.folder),
                "_HANDLER": function.handler,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with _drained(process) as log:
            ended = _await(invocation, process, timeout_seconds)
    if ended:
        raise InvocationError(f"{function.name} {ended}. What it printed:\n{''.join(log)}")
    return Answer(invocation.value, invocation.failed, "".join(log))


@contextmanager
def _drained(process: subprocess.Popen[str]) -> Iterator[list[str]]:
    """Collect what the process prints while it runs, and end it afterwards."""
    lines: list[str] = []
    assert process.stdout is not None  # noqa: S101 (it was asked for)
    reader = threading.Thread(target=lines.extend, args=(process.stdout,), daemon=True)
    reader.start()
    try:
        yield lines
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()


def _await(invocation: _Invocation, process: subprocess.Popen[str], seconds: float) -> str:
    """Wait for the answer; in words what went wrong, or nothing."""
    deadline = time.monotonic() + seconds
    while not invocation.answered.wait(_POLL_SECONDS):
        if process.poll() is not None:
            return f"ended with exit code {process.returncode} before it answered"
        if time.monotonic() > deadline:
            return f"did not answer within {seconds:.0f} s"
    return ""
