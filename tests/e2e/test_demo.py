"""`make demo`'s program, as it is run by whoever has just cloned the project."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from local.demo import OUTPUT, WORK
from local.demo_class import COURSE_ID, DATE, STUDENTS
from local.home import ROOT, Home
from tests.e2e.process import HOSTILE, of_home

pytestmark = pytest.mark.stack

EVIDENCE = {"bucket", "key", "version_id", "timestamp_ms", "box"}
ROW = {
    *("student_id", "student_name", "status", "similarity", "margin", "sightings"),
    *("first_seen_ms", "last_seen_ms", "evidence"),
    *("late", "left_early", "decided", "correction", "version"),
}


@pytest.fixture(scope="module")
def demo() -> "subprocess.CompletedProcess[str]":
    """The finished program, run amid settings that lead nowhere."""
    OUTPUT.unlink(missing_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "local.demo"],
        cwd=ROOT,
        env={**os.environ, **HOSTILE},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def result(demo: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    """What the demo wrote to build/demo.json."""
    assert demo.returncode == 0, demo.stdout
    found: dict[str, Any] = json.loads(OUTPUT.read_text(encoding="utf-8"))
    return found


def test_the_demo_prints_the_register_with_every_student(
    demo: "subprocess.CompletedProcess[str]", result: dict[str, Any]
) -> None:
    for student in STUDENTS:
        (line,) = (line for line in demo.stdout.splitlines() if student.student_id in line and "│" in line)
        assert student.student_name in line
        assert ("present" if student.in_video else "absent") in line
    assert "Traceback" not in demo.stdout


def test_the_register_is_right_and_every_row_is_whole(result: dict[str, Any]) -> None:
    assert [set(row) for row in result["rows"]] == [ROW] * len(STUDENTS)
    rows = {row["student_id"]: row for row in result["rows"]}
    for student in STUDENTS:
        row = rows[student.student_id]
        assert row["student_name"] == student.student_name
        if student.in_video:
            assert (row["status"], set(row["evidence"])) == ("present", EVIDENCE)
            assert 92 <= row["similarity"] <= 100
            assert 0 <= row["first_seen_ms"] <= row["evidence"]["timestamp_ms"] <= row["last_seen_ms"] <= 36_000
        else:
            assert (row["status"], row["similarity"], row["sightings"]) == ("absent", None, 0)
            assert (row["first_seen_ms"], row["last_seen_ms"], row["evidence"]) == (None, None, None)


def test_the_session_is_complete_and_counts_its_rows(result: dict[str, Any]) -> None:
    assert result["session"] == {
        "course_id": COURSE_ID,
        "session_id": DATE,
        "date": DATE,
        "status": "complete",
        "counts": {"present": 2, "review": 0, "absent": 4},
    }


def test_the_seconds_of_every_part_are_told(result: dict[str, Any]) -> None:
    timings = dict(result["timings"])
    states = timings.pop("states")
    assert {"Register video", "Get face search", "Close session"} <= states.keys()
    assert timings.keys() >= {
        *("stack_start_seconds", "enrolment_seconds", "film_seconds", "process_seconds", "stack_stop_seconds"),
        *("upload_seconds", "start_seconds", "run_seconds", "total_seconds"),
    }
    assert all(seconds >= 0 for seconds in (*timings.values(), *states.values()))


def test_nothing_is_left_running(result: dict[str, Any]) -> None:
    home = Home(WORK / "home")
    assert of_home(home) == {}
    assert not home.endpoints_file.exists()
