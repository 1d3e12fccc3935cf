"""A running stack with a small class, for the tests that need no start or stop of their own."""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.running import RunningStack, Visitor, running

COURSE = "SMALL-1"
STUDENTS = {"S-1": "man.jpg", "S-2": "obama.jpg", "S-3": "biden.jpg"}
"""student_id ▶ enrolment photo; the man of S-1 is the one in man.mp4, and nobody else is."""


def write_class(pictures: Path, folder: Path) -> Path:
    """A roster with its photos beside it."""
    folder.mkdir()
    roster = folder / "roster.csv"
    with roster.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["student_id", "student_name", "photo"])
        for student_id, photo in STUDENTS.items():
            shutil.copy(pictures / photo, folder)
            writer.writerow([student_id, f"Student {student_id}", photo])
    return roster


@pytest.fixture(scope="module")
def stack(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack of the module's own, the class enrolled with the command a teacher uses."""
    folder = tmp_path_factory.mktemp("stack")
    roster = write_class(pictures, folder / "class")
    with running(folder / "home") as stack:
        stack.rollcall("students", "import", str(roster), str(roster.parent), "--course", COURSE)
        yield stack


@pytest.fixture(scope="module")
def admin(stack: RunningStack) -> Visitor:
    """The first admin, signed in."""
    visitor = Visitor(stack.endpoints.web)
    visitor.sign_in(stack.endpoints.admin_email, stack.endpoints.admin_password)
    return visitor
