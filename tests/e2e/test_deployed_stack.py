"""The `rollcall` command on a stack that it knows only by its name, as one on AWS; here it is on the emulated one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.deploy import STACK
from local.environment import account_environment
from local.home import ROOT
from tests.e2e.conftest import write_class
from tests.e2e.running import RunningStack, Visitor

pytestmark = pytest.mark.stack

COURSE, DATE, PASSWORD = "NAMED-1", "2026-11-20", "a long enough password"
ASTRAY = "http://127.0.0.1:9"
"""Nobody answers there."""


class Person:
    """Somebody with credentials and no folder of a local stack."""

    def __init__(self, stack: RunningStack, folder: Path) -> None:
        self._environment = account_environment() | {
            "PATH": os.environ["PATH"],
            "COLUMNS": "160",
            "ROLLCALL_HOME": str(folder),
            "AWS_ENDPOINT_URL": stack.endpoints.aws,
            "AWS_ENDPOINT_URL_REKOGNITION": ASTRAY,
            "STUDENTS_TABLE": "of-another-stack",
        }

    def rollcall(self, *arguments: str) -> str:
        """Run a command on the stack; what it printed."""
        done = subprocess.run(  # noqa: S603 (our own command)
            [sys.executable, "-m", "cli.main", "--stack", STACK, *arguments],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "On the stack rollcall in us-east-1, account 000000000000.\n" in done.stderr
        return done.stdout


@pytest.fixture
def person(stack: RunningStack, tmp_path: Path) -> Person:
    return Person(stack, tmp_path)


def test_the_first_admin_is_made_and_signs_in(stack: RunningStack, person: Person) -> None:
    person.rollcall("users", "add", "first@school.edu", "--role", "admin", "--password", PASSWORD)
    Visitor(stack.endpoints.web).sign_in("first@school.edu", PASSWORD)


def test_a_class_is_enrolled_its_video_processed_and_the_register_exported(
    person: Person, pictures: Path, tmp_path: Path
) -> None:
    roster = write_class(pictures, tmp_path / "class")
    command = ("students", "import", str(roster), str(roster.parent), "--course", COURSE)
    assert "3 of 3 lines are good." in person.rollcall(*command, "--dry-run")
    assert "3 of 3 lines are done." in person.rollcall(*command)
    printed = person.rollcall("process", str(pictures / "man.mp4"), "--course", COURSE, "--date", DATE)
    assert all(count in printed for count in ("1 present", "0 review", "2 absent"))
    assert len(person.rollcall("export", "--course", COURSE).splitlines()) == 4
    assert "Every video has its register." in person.rollcall("session", "list", "--course", COURSE)
    assert "No video is of a class before" in person.rollcall("retention", "run", "--older-than", "30000", "--yes")
