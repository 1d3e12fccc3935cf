"""What is read from a run's history, and how a register is printed."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from attendance.aws.following import percent_of
from cli.follow import print_register, state_seconds

START = datetime(2026, 3, 2, tzinfo=UTC)


def _event(kind: str, name: str, seconds: float) -> dict[str, Any]:
    return {f"state{kind}EventDetails": {"name": name}, "timestamp": START + timedelta(seconds=seconds)}


def test_repeated_visits_of_a_state_are_added_up() -> None:
    events = [
        {"timestamp": START, "executionStartedEventDetails": {}},
        _event("Entered", "Register video", 0),
        _event("Exited", "Register video", 0.5),
        _event("Entered", "Wait", 0.5),
        _event("Exited", "Wait", 1.5),
        _event("Entered", "Get", 1.5),
        _event("Exited", "Get", 1.6),
        _event("Entered", "Wait", 1.6),
        _event("Exited", "Wait", 4.6),
        _event("Entered", "Broken off", 5),
    ]
    assert state_seconds(iter(events)) == {"Register video": 0.5, "Wait": 4.0, "Get": 0.1}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state_input", "percent"),
    [
        ('{"job": {"percent": 42.5}}', 42.5),
        ('{"job": {"percent": null}}', None),
        ('{"job": 1}', None),
        ('{"job": {"percent": "many"}}', None),
        ("{}", None),
        ("[]", None),
        ("", None),
        ("not json", None),
    ],
)
def test_the_percent_is_told_only_where_the_state_knows_it(state_input: str, percent: float | None) -> None:
    assert percent_of(state_input) == percent


def test_a_register_is_printed_with_names_as_plain_text() -> None:
    row = {
        "student_id": "s1",
        "student_name": "[red]Zoë[/red]",
        "status": "present",
        "similarity": 99.123,
        "first_seen_ms": 61_000,
        "last_seen_ms": 3_600_000,
    }
    absent = row | {
        "student_id": "s2",
        "status": "absent",
        "similarity": None,
        "first_seen_ms": None,
        "last_seen_ms": None,
    }
    result = {
        "session": {"course_id": "physics", "date": "2026-03-02", "counts": {"present": 1, "absent": 1}},
        "rows": [row, absent],
        "timings": {"total_seconds": 12.34},
    }
    file = io.StringIO()
    print_register(result, Console(file=file, width=120))
    text = file.getvalue()
    assert "[red]Zoë[/red]" in text
    assert "99.12" in text
    assert "1:01" in text
    assert "60:00" in text
    assert "1 present, 1 absent; 12.3 s" in text
