"""A program of the stack: started, watched until it answers, stopped."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.errors import StackError
from local.home import ROOT
from local.network import answers

POLL_SECONDS = 0.05
TAIL_LINES = 15


class ChildError(StackError):
    """A program of the stack ended or never answered; the message holds the end of its log."""


@dataclass(frozen=True)
class Program:
    """What to run.

    Attributes:
        name: what people call it.
        module: run with `python -m`.
        environment: its whole environment.
        health_url: answers 200 when the program is ready.
        log: where its output goes.
        start_seconds: after which it is given up when it does not answer.
        stop_seconds: after which it is killed when it does not end.
    """

    name: str
    module: str
    environment: Mapping[str, str] = field(repr=False)
    health_url: str
    log: Path
    start_seconds: float = 60.0
    stop_seconds: float = 20.0


class Child:
    """A running program, which ends when this process does: it holds the other end of the child's standard input."""

    def __init__(self, program: Program) -> None:
        self.program = program
        program.log.parent.mkdir(parents=True, exist_ok=True)
        with program.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local.child", program.module],
                env=dict(program.environment),
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches the supervisor only, which stops all in order
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def wait_until_healthy(self) -> None:
        """Return as soon as the program answers.

        Raises:
            ChildError: it ended, or did not answer in time.
        """
        seconds = self.program.start_seconds
        deadline = time.monotonic() + seconds
        while not answers(self.program.health_url):
            self.check()
            if time.monotonic() > deadline:
                raise ChildError(f"The {self.program.name} did not answer within {seconds:.0f} s.{self._tail()}")
            time.sleep(POLL_SECONDS)

    def check(self) -> None:
        """Do nothing while the program runs.

        Raises:
            ChildError: it ended.
        """
        code = self._process.poll()
        if code is not None:
            how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
            raise ChildError(f"The {self.program.name} {how}.{self._tail()}")

    def stop(self) -> None:
        """Ask the program to end, and insist after a while; does nothing when it has ended."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(self.program.stop_seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _tail(self) -> str:
        lines = self.program.log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
        return os.linesep.join([f" The end of its log, {self.program.log}:", *(f"  {line}" for line in lines)])
