"""`make demo`: a real video becomes a register, through the real state machine, on a stack that is gone afterwards."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from cli.follow import print_register
from local.demo_class import COURSE_ID, DATE, STUDENTS, write_roster, write_video
from local.environment import forget_real_accounts
from local.errors import StackError, exit_code
from local.home import HOME, ROOT, Home
from local.locks import take
from local.supervisor import LocalStack

BUILD = ROOT / "build"
WORK = BUILD / "demo"
OUTPUT = BUILD / "demo.json"
LOCK = BUILD / "demo.lock"


class DemoError(StackError):
    """The register is not the one the video deserves."""


def run(console: Console) -> dict[str, Any]:
    """Enrol the demo class, put its lesson into the bucket, follow the run; with the commands a user has.

    Returns:
        session, rows and timings, as written to build/demo.json.
    """
    shutil.rmtree(WORK, ignore_errors=True)
    clock = _Clock()
    with ThreadPoolExecutor(1) as filming:
        lesson = WORK / "lesson.mp4"
        filmed = filming.submit(write_video, BUILD / "pictures", lesson)
        with LocalStack(Home(WORK / "home"), progress=console.print) as stack:
            clock.lap("stack_start_seconds")
            console.print(f"Enrolling {len(STUDENTS)} students, one photo each")
            roster = write_roster(BUILD / "pictures", WORK / "photos")
            _rollcall("students", "import", str(roster), str(roster.parent), "--course", COURSE_ID)
            clock.lap("enrolment_seconds")
            console.print("Making the lesson's video")
            filmed.result()
            clock.lap("film_seconds")
            console.print(
                f"Putting it into the bucket: s3://{stack.endpoints.bucket}/videos/{COURSE_ID}/{DATE}/{lesson.name}"
            )
            answer = _rollcall("process", str(lesson), "--course", COURSE_ID, "--date", DATE, "--json", captured=True)
            clock.lap("process_seconds")
    clock.lap("stack_stop_seconds")
    result: dict[str, Any] = json.loads(answer)
    return {**result, "timings": {**result["timings"], **clock.laps}}


def check(result: Mapping[str, Any]) -> None:
    """Compare the register with who is in the video.

    Raises:
        DemoError: somebody is missing, twice in it, or has the wrong status.
    """
    expected = {student.student_id: "present" if student.in_video else "absent" for student in STUDENTS}
    found = {row["student_id"]: row["status"] for row in result["rows"]}
    if found != expected or len(result["rows"]) != len(expected):
        raise DemoError(f"The register is wrong: expected {expected}, found {found}.")


@contextmanager
def _alone() -> Iterator[None]:
    """Keep another demo of this checkout from emptying the folder this one works in."""
    BUILD.mkdir(exist_ok=True)
    with LOCK.open("a") as file:
        if not take(file):
            raise DemoError("Another demo runs in this checkout: wait for its end, then start this one again.")
        yield


def _rollcall(*arguments: str, captured: bool = False) -> str:
    """Run the `rollcall` command on the demo's stack; its output when `captured`, else "" and the terminal has it."""
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        env={**os.environ, HOME: str(WORK / "home")},
        stdout=subprocess.PIPE if captured else None,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DemoError(f"`rollcall {' '.join(arguments)}` failed: see above.")
    return done.stdout or ""


class _Clock:
    """Names the seconds between one moment and the next."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[name] = round(now - self._last, 2)
        self._last = now


def main() -> int:
    """Run the demo, print the register, write build/demo.json; 0 when the register is right."""
    forget_real_accounts()
    console = Console(highlight=False, soft_wrap=True)
    return exit_code(partial(_show, console), partial(console.print, style="red", markup=False))


def _show(console: Console) -> int:
    with _alone():
        result = run(console)
        OUTPUT.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print_register(result, console)
    check(result)
    in_video = ", ".join(student.student_name for student in STUDENTS if student.in_video)
    console.print(f"In the video: {in_video}, and a stranger, who is nobody's row.")
    console.print(f"The video: {_shown(WORK / 'lesson.mp4')}; the register: {_shown(OUTPUT)}. Next: make up")
    return 0


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
