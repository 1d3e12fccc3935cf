"""`rollcall session open` and `move`, in a process of their own on the emulated AWS."""

from tests.functional.cli.conftest import Rollcall
from tests.functional.cli.test_session import DATE, VIDEO, put_session
from tests.functional.web.tables import get, put


def enrol(course_id: str, *student_ids: str) -> None:
    put("courses", {"course_id": course_id, "course_name": course_id, "time_zone": "UTC"})
    for student_id in student_ids:
        put("rosters", {"course_id": course_id, "student_id": student_id, "student_name": "Zoë"})


def test_a_session_is_opened_to_call_the_roll(rollcall: Rollcall, in_stack: dict[str, str]) -> None:
    enrol("roll", "s1", "s2")
    done = rollcall("session", "open", "roll", DATE, "--slot", "lab")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"The session {DATE}_lab of roll is open: 2 students.\n"
    row = get("attendance", session_key=f"roll#{DATE}_lab", student_id="s1")
    assert row is not None
    assert (row["status"], row["source"]) == ("review", "roll call")
    refused = rollcall("session", "open", "roll", "someday")
    assert refused.returncode == 1
    assert "YYYY-MM-DD" in refused.stderr


def test_a_video_is_moved_with_who_did_it(rollcall: Rollcall, in_stack: dict[str, str]) -> None:
    enrol("move", "s1")
    put_session("move", "complete")
    done = rollcall("session", "move", "move", DATE, VIDEO, "--to", "2026-11-21_lab")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"The video {VIDEO} belongs to move 2026-11-21_lab now and runs again.\n"
    left, arrived = (get("sessions", course_id="move", session_id=day) for day in (DATE, "2026-11-21_lab"))
    assert left is not None
    assert arrived is not None
    assert (left["videos"], list(arrived["videos"])) == ({}, [VIDEO])
    again = rollcall("session", "move", "move", DATE, "fedcba9876543210", "--to", "2026-11-21")
    assert again.returncode == 1
    assert "no video fedcba9876543210" in again.stderr
