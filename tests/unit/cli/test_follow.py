"""What is read from a run's history, and how a register is printed."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from attendance.aws.following import Searched, searched
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
    ("state_input", "told"),
    [
        ('{"job": {"percent": 42.5}}', Searched(42.5)),
        ('{"job": {"percent": 50, "people": 4, "searching_seconds": 90}}', Searched(50.0, 4, 90)),
        ('{"job": {"percent": null, "people": null, "searching_seconds": 0}}', Searched()),
        ('{"job": 1}', Searched()),
        ('{"job": {"percent": "many", "people": [], "searching_seconds": {}}}', Searched()),
        ('{"job": {"percent": true, "people": NaN, "searching_seconds": Infinity}}', Searched()),
        ('{"job": {"percent": 1' + "0" * 400 + "}}", Searched()),
        ("{}", Searched()),
        ("[]", Searched()),
        ("", Searched()),
        ("not json", Searched()),
    ],
)
def test_the_search_is_told_only_as_far_as_the_state_knows_it(state_input: str, told: Searched) -> None:
    assert searched(state_input) == told


def test_the_time_left_goes_on_between_two_looks_and_never_below_nothing() -> None:
    state_input = '{"job": {"percent": 50, "searching_seconds": 90}}'
    assert [searched(state_input, ago).seconds_left for ago in (-5, 0, 30.4, 1000)] == [90, 90, 60, 0]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (Searched(), ""),
        (Searched(None, 5, 9), ""),
        (Searched(37.4), "37 % of the video searched"),
        (Searched(37.0, 0), "37 % of the video searched, 0 people seen"),
        (Searched(37.0, 1, 20), "37 % of the video searched, 1 person seen, less than a minute left"),
        (Searched(37.0, 5, 90), "37 % of the video searched, 5 people seen, about 2 min left"),
        (Searched(1.0, None, 4 * 3600), "1 % of the video searched, about 4 h left"),
    ],
)
def test_a_search_is_told_in_words(told: Searched, words: str) -> None:
    assert told.words == words


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
