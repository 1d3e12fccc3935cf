"""Documents survive JSON."""

import json

from attendance import documents
from attendance.model import Matches, Register, Stranger
from attendance.rollcall import decide
from tests.builders import THRESHOLDS, enrolment, sighting

STRANGERS = (Stranger(7, 3, 0, 1000, sighting("nobody").evidence),)
MATCHES = Matches(60_000, 10, 3, 1, (sighting("ada"), sighting("grace", 95.0)), STRANGERS)
ROWS = decide(
    [enrolment("ada", name="Ada O'Brien_é"), enrolment("grace"), enrolment("linus")],
    [MATCHES.students],
    THRESHOLDS,
    "2026-11-20",
)
REGISTER = Register(
    course_id="cs101",
    session_id="2026-11-20",
    session_key="cs101#2026-11-20",
    date="2026-11-20",
    source="machine",
    thresholds=THRESHOLDS,
    models=("7.0",),
    sources=("a", "b"),
    unknown=1,
    rows=ROWS,
)


def test_matches_and_registers_read_back_as_they_were_written() -> None:
    assert documents.to_matches(json.loads(json.dumps(documents.from_matches(MATCHES)))) == MATCHES
    assert documents.to_register(json.loads(json.dumps(documents.from_register(REGISTER)))) == REGISTER


def test_matches_of_before_strangers_were_kept_have_none() -> None:
    old = {name: value for name, value in documents.from_matches(MATCHES).items() if name != "strangers"}
    assert documents.to_matches(old).strangers == ()


def test_a_row_of_the_table_tells_who_when_how_sure_and_by_which_rule() -> None:
    item = documents.attendance_item(REGISTER, ROWS[0])
    assert item["student_name"] == "Ada O'Brien_é"
    assert (item["session_key"], item["course_id"], item["date"]) == ("cs101#2026-11-20", "cs101", "2026-11-20")
    assert (item["status"], item["similarity"], item["source"]) == ("present", 99.5, "machine")
    assert (item["thresholds"]["present"], item["thresholds"]["minimum_sightings"], item["model"]) == (99.0, 1, "7.0")
    assert set(item["evidence"]) == {"bucket", "key", "version_id", "timestamp_ms", "box"}


def test_an_absent_row_of_the_table_has_no_similarity_and_no_times() -> None:
    item = documents.attendance_item(REGISTER, ROWS[2])
    assert (item["status"], item["sightings"]) == ("absent", 0)
    assert not {"similarity", "margin", "first_seen_ms", "last_seen_ms", "evidence"} & set(item)
