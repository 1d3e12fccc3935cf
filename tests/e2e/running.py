"""A whole running stack as people meet it: the `rollcall` command, the bucket, the tables' records, the pages."""

import html
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

from boto3.dynamodb.conditions import Key

from attendance.model import Progress
from attendance.register import Session, SessionVideo, session_from
from local import clients
from local.home import HOME, ROOT, Endpoints, Home
from local.supervisor import LocalStack
from tests.statemachine.machine import eventually


@dataclass(frozen=True)
class Outcome:
    """What is recorded of one uploaded video, and of the session it is kept in."""

    session: Session
    video: SessionVideo

    @property
    def error(self) -> str:
        """The name of the video's error, or nothing."""
        return self.video.error.name if self.video.error else ""

    @property
    def reason(self) -> str:
        """The sentence for a person, or nothing."""
        return self.video.error.reason if self.video.error else ""


class RunningStack:
    """A stack that runs on a home of its own, with free ports and its pages."""

    def __init__(self, home: Home, endpoints: Endpoints) -> None:
        self.endpoints = endpoints
        self._home = home
        self._s3 = clients.s3(endpoints.aws)
        self._states = clients.stepfunctions(endpoints.aws)
        self._tables = clients.dynamodb(endpoints.aws)

    def rollcall(self, *arguments: str) -> str:
        """Run the `rollcall` command as a user of this stack does; what it printed."""
        done = subprocess.run(  # noqa: S603 (our own command)
            [sys.executable, "-m", "cli.main", *arguments],
            cwd=ROOT,
            env={**os.environ, HOME: str(self._home.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def put(self, key: str, body: bytes) -> None:
        """Put an object into the videos bucket, as any S3 client does."""
        self._s3.put_object(Bucket=self.endpoints.bucket, Key=key, Body=body)

    def delete(self, key: str) -> None:
        """Delete an object of the videos bucket."""
        self._s3.delete_object(Bucket=self.endpoints.bucket, Key=key)

    def outcomes(self, keys: Iterable[str]) -> dict[str, Outcome]:
        """What is recorded of each uploaded key, once every execution has ended."""
        for key in keys:
            eventually(partial(self._is_done, key), f"an outcome of {key}")
        eventually(self._is_idle, "the end of every execution")
        return self._recorded()

    def rows(self, course_id: str, session_id: str) -> dict[str, str]:
        """The register of a session: student_id ▶ status."""
        table = self._tables.Table(self.endpoints.settings["ATTENDANCE_TABLE"])
        found = table.query(KeyConditionExpression=Key("session_key").eq(f"{course_id}#{session_id}"))["Items"]
        return {str(row["student_id"]): str(row["status"]) for row in found}

    def _is_done(self, key: str) -> bool:
        found = self._recorded().get(key)
        return found is not None and found.video.status is not Progress.PROCESSING

    def _is_idle(self) -> bool:
        machine = self.endpoints.state_machine
        return not self._states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]

    def _recorded(self) -> dict[str, Outcome]:
        items = self._tables.Table(self.endpoints.settings["SESSIONS_TABLE"]).scan()["Items"]
        sessions = map(session_from, items)
        return {video.key: Outcome(session, video) for session in sessions for video in session.videos}


class Visitor:
    """Somebody at the pages, with cookies and no browser."""

    def __init__(self, web: str) -> None:
        self._web = web
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))

    def get(self, path: str) -> str:
        """The text of a page that must be there, character references resolved."""
        with self._opener.open(self._web + path) as answer:
            return html.unescape(answer.read().decode())

    def sign_in(self, email: str, password: str) -> None:
        """Fill in the form of the sign-in page and send it."""
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get("/login"))
        assert found
        form = {"email": email, "password": password, "csrf_token": found[1]}
        with self._opener.open(f"{self._web}/login", urlencode(form).encode()) as answer:
            assert answer.url == f"{self._web}/"


@contextmanager
def running(folder: Path) -> Iterator[RunningStack]:
    """A stack with everything in it real, until the block ends."""
    home = Home(folder)
    with LocalStack(home) as stack:
        yield RunningStack(home, stack.endpoints)
