"""Courses: creating them, their policy with its effect, their rosters by hand and by table."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from attendance.model import Enrolment
from tests.functional.web.browsing import ADMIN, TEACHER, followed, send, words
from tests.functional.web.conftest import SignIn
from tests.functional.web.faces import photo
from tests.functional.web.tables import get, put, row_item, session_item

NEW, SETTINGS, ROSTER = "/new-course", "/courses/physics/settings", "/courses/physics/students"
ART = {"course_id": "ART-1", "course_name": "Art & Design", "time_zone": "Europe/Zurich"}
POLICY = {"course_name": "Physics", "time_zone": "UTC"}
DATES = {"enrolled_from": "2026-02-01", "enrolled_until": "2026-06-30", "section": "A"}
S1 = {"course_id": "physics", "student_id": "s1", "student_name": "Zoë O'Brien"}
CHANGE = f"{ROSTER}/s1/enrolment"


@pytest.fixture
def admin(signed_in: SignIn) -> FlaskClient:
    return signed_in(ADMIN)


@pytest.fixture
def teacher(app: Flask, signed_in: SignIn) -> FlaskClient:
    """The instructor of physics, with two registered students."""
    for student_id, name in (("s1", "Zoë O'Brien"), ("s2", "=cmd()")):
        app.extensions["rollcall_services"].enroller.enrol(student_id, name, photo(student_id), [], "tester")
    return signed_in(TEACHER)


@pytest.fixture
def roster(app: Flask, teacher: FlaskClient) -> FlaskClient:
    """The instructor of physics, with s1 on its roster; s2 is registered and on no roster."""
    entry = Enrolment("s1", "Zoë O'Brien", **DATES)
    app.extensions["rollcall_services"].courses.put_on_roster("physics", entry, "tester")
    return teacher


def row(student_id: str) -> dict[str, Any] | None:
    return get("rosters", course_id="physics", student_id=student_id)


def test_a_created_course_is_listed_and_asks_for_its_students(admin: FlaskClient) -> None:
    page = followed(admin, send(admin, NEW, **ART))
    assert "Art & Design is created." in page
    assert "No students yet" in page
    assert "Art & Design ART-1 Europe/Zurich" in words(admin.get("/courses").text)


def test_who_joins_a_course_that_had_classes_joins_today_in_its_zone(
    admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.courses.utc_now", lambda: datetime(2026, 3, 4, 23, tzinfo=UTC))
    field = 'name="enrolled_from" value="{}"'.format
    assert field("") in admin.get(ROSTER).text
    put("sessions", session_item("physics", "2026-03-02"))
    assert field("2026-03-05") in admin.get(ROSTER).text


@pytest.mark.parametrize("zone", ["Asia/Calcutta", "Etc/GMT+5", "CET"])
def test_a_course_in_any_zone_that_is_taken_keeps_it_in_its_settings(admin: FlaskClient, app: Flask, zone: str) -> None:
    app.extensions["rollcall_services"].enroller.ensure_course("old", "Old", zone)
    page = admin.get("/courses/old/settings").text
    assert re.findall(r'<option selected value="([^"]+)"', page) == [zone]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"course_id": "physics"}, "There is a course physics already"),
        ({"course_id": "a/b"}, "is no course id"),
        ({"course_id": "unfiled"}, "is no course id"),
        ({"course_id": "é"}, "is no course id"),
        ({"course_id": ""}, "Give the course an id."),
        ({"course_name": ""}, "Give the course a name."),
        ({"course_name": "x" * 201}, "1 to 200 characters"),
        ({"time_zone": "Mars/Base"}, "Not a valid choice"),
    ],
)
def test_what_cannot_be_a_course_is_refused_in_a_sentence(
    admin: FlaskClient, changed: dict[str, str], told: str
) -> None:
    answer = send(admin, NEW, **ART | changed)
    assert answer.status_code == 422
    assert told in words(answer.text)
    assert get("courses", course_id="ART-1") is None


def test_a_policy_is_kept_and_what_is_left_empty_follows_the_default(teacher: FlaskClient) -> None:
    changed = POLICY | {"present_threshold": "95.5", "late_after_minutes": "10", "save": "Save"}
    assert "Saved." in followed(teacher, send(teacher, SETTINGS, **changed))
    item = get("courses", course_id="physics")
    assert item is not None
    assert (item["present_threshold"], item["late_after_minutes"]) == (Decimal("95.5"), 10)
    assert "review_threshold" not in item
    assert 'value="95.5"' in teacher.get(SETTINGS).text
    followed(teacher, send(teacher, SETTINGS, **POLICY, present_threshold="", late_after_minutes="", save="Save"))
    assert "present_threshold" not in (get("courses", course_id="physics") or {})


def test_the_number_of_planned_classes_is_kept_until_it_is_emptied(teacher: FlaskClient) -> None:
    for planned in ("0", "1000", "30"):
        followed(teacher, send(teacher, SETTINGS, **POLICY, planned_classes=planned, save="Save"))
        assert (get("courses", course_id="physics") or {})["planned_classes"] == int(planned)
    assert re.search(r'name="planned_classes"[^>]* value="30"', teacher.get(SETTINGS).text)
    followed(teacher, send(teacher, SETTINGS, **POLICY, planned_classes="", save="Save"))
    assert "planned_classes" not in (get("courses", course_id="physics") or {})


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"planned_classes": "-1"}, "between 0 and 1000"),
        ({"planned_classes": "1001"}, "between 0 and 1000"),
        ({"planned_classes": "9" * 5000}, "Write a whole number such as 3."),
        ({"planned_classes": "many"}, "Write a whole number such as 3."),
        ({"present_threshold": "101"}, "between 0 and 100"),
        ({"present_threshold": "nan"}, "between 0 and 100"),
        ({"present_threshold": "1e400"}, "between 0 and 100"),
        ({"present_threshold": "80"}, "not above the one for present; they are 90 and 80"),
        ({"review_threshold": "99.5"}, "they are 99.5 and 99"),
        ({"present_threshold": "high"}, "Write a number such as 97.5."),
        ({"margin": "-1"}, "The margin is between 0 and 100."),
        ({"margin": "nan"}, "The margin is between 0 and 100."),
        ({"minimum_sightings": "0"}, "between 1 and 1000"),
        ({"late_after_minutes": "-5"}, "Minutes are between 0"),
        ({"left_early_minutes": "99999"}, "Minutes are between 0"),
        ({"minimum_sightings": "1.5"}, "Write a whole number such as 3."),
        ({"course_name": " "}, "1 to 200 characters"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_and_not_kept(
    teacher: FlaskClient, changed: dict[str, str], told: str
) -> None:
    answer = send(teacher, SETTINGS, **POLICY | changed, save="Save")
    assert answer.status_code == 422
    assert told in words(answer.text)
    assert set(get("courses", course_id="physics") or {}) == {"course_id", "course_name", "time_zone", "created_at"}


def test_the_effect_of_a_policy_on_the_last_class_is_shown_before_it_is_saved(teacher: FlaskClient) -> None:
    item = session_item("physics", "2026-03-02")
    item["videos"]["0123456789abcdef"] |= {"matches_key": "found.json", "duration_ms": 3_661_000 + 61_000}
    put("sessions", item)
    put("sessions", session_item("physics", "2026-03-03", status="processing"))
    put("sessions", session_item("physics", "2026-03-04", videos={}, is_roll_call=True))
    put("attendance", row_item("physics", "2026-03-04", "a", "review", similarity=None))
    for student_id, status, similarity in (
        *(("a", "present", "99.5"), ("b", "present", "99.1"), ("c", "review", "96"), ("d", "review", "92")),
        ("e", "absent", None),
    ):
        seen = {"similarity": Decimal(similarity)} if similarity else {}
        put("attendance", row_item("physics", "2026-03-02", student_id, status, **seen))

    def effect(**changed: str) -> str:
        return words(send(teacher, SETTINGS, **POLICY | changed, preview="Show the effect").text)

    assert "1 would move from present to review." in effect(present_threshold="99.3")
    assert "1 would move from review to present." in effect(present_threshold="95")
    assert "1 would move from review to absent." in effect(review_threshold="95")
    assert "In the last class, Mon 02 Mar 2026, nobody would move." in effect()
    late = "2 would move from present to present, late, 2 would move from review to review, late."
    assert late in effect(late_after_minutes="1")
    assert "2 would move from present to present, left early" in effect(left_early_minutes="1")
    assert "present_threshold" not in (get("courses", course_id="physics") or {})


def test_without_a_class_there_is_no_effect_to_show(teacher: FlaskClient) -> None:
    assert "There is no class yet" in words(send(teacher, SETTINGS, **POLICY, preview="Show the effect").text)


def test_a_student_is_put_on_the_roster_with_dates_and_taken_off_again(
    teacher: FlaskClient, admin: FlaskClient
) -> None:
    page = followed(admin, send(admin, ROSTER, student_id=" s1 ", **DATES))
    assert "Zoë O'Brien s1 from Sun 01 Feb 2026 until Tue 30 Jun 2026 section A" in page
    assert row("s1") == S1 | DATES
    page = followed(teacher, send(teacher, f"{ROSTER}/s1/off", ROSTER))
    assert "Student s1 is off the roster." in page
    assert row("s1") is None
    assert get("students", student_id="s1")
    assert "no student s1 on this roster" in followed(teacher, send(teacher, f"{ROSTER}/s1/off", ROSTER))


def test_an_instructor_puts_back_who_was_taken_off(roster: FlaskClient) -> None:
    send(roster, f"{ROSTER}/s1/off", ROSTER)
    assert roster.get("/students/s1").status_code == 403
    assert "Zoë O'Brien is on the roster." in followed(roster, send(roster, ROSTER, student_id="s1"))
    assert row("s1") == S1


def test_only_an_administrator_puts_somebody_new_on_a_roster(roster: FlaskClient, admin: FlaskClient) -> None:
    send(roster, f"{ROSTER}/s2/off", ROSTER)  # who is not on it cannot be taken off, and so not be put back
    for student_id in ("s2", "nobody"):  # whether there is such a student is not told either
        told = followed(roster, send(roster, ROSTER, student_id=student_id))
        assert f"Student {student_id} was never on this roster: ask an administrator" in told
    table = words(send(roster, f"{ROSTER}/csv", ROSTER, table=(b"student_id\ns1\ns2\nnobody\n", "x.csv")).text)
    assert "1 of 3 lines is done, 2 failed" in table.replace("lines are", "lines is")
    assert "3 s2 Student s2 was never on this roster" in table
    assert "4 nobody Student nobody was never on this roster" in table
    assert row("s2") is None
    assert roster.get("/students/s2").status_code == 403
    send(admin, ROSTER, student_id="s2")
    assert roster.get("/students/s2").status_code == 200


def test_who_is_on_the_roster_is_changed_on_a_page_that_shows_how_it_is(roster: FlaskClient) -> None:
    sent = send(roster, ROSTER, student_id="s1", enrolled_until="2026-05-01")
    assert sent.headers["Location"] == CHANGE
    page = roster.get(CHANGE).text
    assert "on the roster already: change the dates and the section here" in words(page)
    assert [f'value="{value}"' in page for value in DATES.values()] == [True] * 3
    assert row("s1") == S1 | DATES
    assert "is changed" in followed(roster, send(roster, CHANGE, enrolled_until="2026-05-01"))
    assert row("s1") == S1 | DATES | {"enrolled_until": "2026-05-01"}  # what the form does not name stays
    send(roster, CHANGE, enrolled_from="", enrolled_until="", section="B")
    assert row("s1") == S1 | {"section": "B"}
    refused = send(roster, CHANGE, enrolled_from="soon")
    assert refused.status_code == 422
    assert "'soon' is no day of the calendar" in words(refused.text)
    assert 'value="soon"' in refused.text
    assert roster.get(f"{ROSTER}/s2/enrolment").status_code == 404


@pytest.mark.parametrize(
    ("table", "kept"),
    [
        ("student_id\ns1\n", DATES),
        ("student_id;enrolled_until\ns1;2026-05-01\n", DATES | {"enrolled_until": "2026-05-01"}),
        ("student_id,section,enrolled_until\ns1,,\n", {"enrolled_from": "2026-02-01"}),
        ("student_id,enrolled_until\ns1,2026-01-01\n", DATES),  # before the first day that is kept: refused
    ],
)
def test_a_table_changes_only_what_its_columns_name(roster: FlaskClient, table: str, kept: dict[str, str]) -> None:
    send(roster, f"{ROSTER}/csv", ROSTER, table=(table.encode(), "x.csv"))
    assert row("s1") == S1 | kept


def test_what_stays_the_same_is_not_in_the_audit_again(roster: FlaskClient, app: Flask) -> None:
    send(roster, f"{ROSTER}/csv", ROSTER, table=(b"student_id\ns1\n", "x.csv"))
    (entry,) = app.extensions["rollcall_services"].audit.history("roster#physics#s1", 5)
    assert entry.actor == "tester"
    assert "Zoë" not in entry.new


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"student_id": ""}, "is no student id"),
        ({"student_id": "a/é"}, "is no student id"),
        ({"student_id": "x" * 3000}, "is no student id"),
        ({"student_id": "nobody"}, "There is no student nobody: register the student first."),
        ({"student_id": "s1", "enrolled_from": "soon"}, "'soon' is no day of the calendar"),
        ({"student_id": "s1", "enrolled_from": "2026-03-02", "enrolled_until": "2026-03-01"}, "before it begins"),
        ({"student_id": "s1", "section": "a b"}, "is no section"),
    ],
)
@pytest.mark.usefixtures("teacher")
def test_what_cannot_be_on_a_roster_is_refused_in_a_sentence(
    admin: FlaskClient, fields: dict[str, str], told: str
) -> None:
    assert told in followed(admin, send(admin, ROSTER, **fields))
    assert row("s1") is None


def test_nobody_leaves_the_course_that_lists_every_student(app: Flask, admin: FlaskClient) -> None:
    app.extensions["rollcall_services"].enroller.enrol("s1", "Zoë", photo("s1"), [], "tester")
    assert send(admin, "/courses/default/students/s1/off", ROSTER).status_code == 400
    assert get("rosters", course_id="default", student_id="s1")


@pytest.mark.usefixtures("teacher")
def test_a_table_puts_many_on_the_roster_and_tells_about_each_line_that_failed(admin: FlaskClient) -> None:
    text = (
        "\N{ZERO WIDTH NO-BREAK SPACE}Student_ID;enrolled_from\r\n"
        "s1;2026-02-01\r\n;\r\ns2;\r\nnobody;\r\n=1+1;\r\ns2;never\r\ns1;2026-02-02\r\n"
    )
    page = words(send(admin, f"{ROSTER}/csv", ROSTER, table=(text.encode(), "roster.csv")).text)
    assert "3 of 6 lines are done, 3 failed" in page
    assert "5 nobody There is no student nobody" in page
    assert "6 =1+1" in page
    assert "7 s2 'never' is no day" in page
    assert row("s1") == {
        "course_id": "physics",
        "student_id": "s1",
        "student_name": "Zoë O'Brien",
        "enrolled_from": "2026-02-02",
    }
    assert row("s2")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "lacks student_id"),
        (b"name\nx\n", "lacks student_id"),
        (b"student_id\n", "names no student"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b'student_id\n"s1\n', "not a line of a table"),
        (b"student_id\n" + b"s1\n" * 5001, "more than 5000 lines"),
        (b"PK\x03\x04\x00\xff", "UTF-8"),
    ],
)
def test_a_file_that_is_no_roster_is_refused_and_changes_nothing(
    teacher: FlaskClient, content: bytes, told: str
) -> None:
    answer = send(teacher, f"{ROSTER}/csv", ROSTER, table=(content, "x.csv"))
    assert answer.status_code == 422
    assert told in words(answer.text)
    assert "Nothing was changed." in words(answer.text)
    assert row("s1") is None


def test_the_roster_comes_back_as_a_table_without_formulas(teacher: FlaskClient, admin: FlaskClient) -> None:
    send(admin, ROSTER, student_id="s1", enrolled_from="2026-02-01")
    send(admin, ROSTER, student_id="s2")
    answer = teacher.get(f"{ROSTER}.csv")
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="physics-roster.csv"'
    assert answer.text.lstrip("\N{ZERO WIDTH NO-BREAK SPACE}").splitlines() == [
        "student_id,student_name,enrolled_from,enrolled_until,section",
        "s1,Zoë O'Brien,2026-02-01,,",
        "s2,'=cmd(),,,",
    ]
    again = send(teacher, f"{ROSTER}/csv", ROSTER, table=(answer.data, "roster.csv"))
    assert "2 of 2 lines are done." in words(again.text)


def test_five_hundred_courses_come_page_by_page_with_none_lost(admin: FlaskClient) -> None:
    ids = [f"C{number:03}" for number in range(500)]
    for course_id in ids:
        put("courses", {"course_id": course_id, "course_name": f"Course {course_id}", "time_zone": "UTC"})
    put("courses", {"course_id": "#courses", "course_ids": set(ids)})
    shown: list[str] = []
    path: str | None = "/courses"
    while path:
        page = admin.get(path)
        assert len(page.data) < 60_000
        shown += re.findall(r'href="/courses/(C\d+)"', page.text)
        following = re.search(r'href="([^"]+)">Next page', page.text)
        path = following[1] if following else None
    assert shown == ids
    assert "All courses" in admin.get("/").text
