"""The log shows every row an account may see, in pages that leave nobody out, and refuses what is no filter."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import boto3
import pytest
from flask import Flask
from flask.testing import FlaskClient

from attendance.aws.compose import utc_now
from tests.functional.web.browsing import ADMIN, STUDENT, TEACHER, words
from tests.functional.web.conftest import SignIn
from tests.functional.web.tables import put, row_item, session_item
from web.log import PAGE_ROWS

DAY = "2026-03-02"
MARCH = "from=2026-03-01&to=2026-03-06"
CORRECTION = {
    "status": "excused",
    "late": False,
    "left_early": False,
    "reason": "ill",
    "actor": TEACHER,
    "at": "2026-03-03T10:00:00+00:00",
}


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page looks on until it is full, however slow the machine is."""
    monkeypatch.setattr("web.log.LOOK_SECONDS", 60)


def correct(course_id: str, day: str, student_id: str) -> None:
    """Excuse a student, as a correction that came after the counts."""
    key = {"session_key": f"{course_id}#{day}", "student_id": student_id}
    put("corrections", {**key, "version": 1, "correction": CORRECTION, "before": [None], "changed_by": TEACHER})
    boto3.client("dynamodb").update_item(
        TableName="rollcall-sessions",
        Key={"course_id": {"S": course_id}, "session_id": {"S": day}},
        UpdateExpression="ADD corrected :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )


def shown(page: str) -> list[tuple[str, str]]:
    """The date and the student of each row on a page."""
    body = page.partition("<tbody>")[2]
    return re.findall(
        r"sessions/([\w-]+)\?student=.*?<span class=\"small fw-normal muted\">([\w.-]+)</span>", body, re.DOTALL
    )


def all_shown(client: FlaskClient, path: str) -> list[tuple[str, str]]:
    """The rows of a page and of all that follow it."""
    found: list[tuple[str, str]] = []
    following: str | None = path
    while following:
        page = client.get(following)
        assert page.status_code == 200
        found += shown(page.text)
        link = re.search(r'href="([^"]+)">(?:Next page|Go on looking)', page.text)
        following = link[1].replace("&amp;", "&") if link else None
    return found


@contextmanager
def counted(app: Flask) -> Iterator[Counter[str]]:
    """The calls to DynamoDB meanwhile, by operation, without those that read one item, such as the own account."""
    calls: Counter[str] = Counter()

    def note(model: Any, **_: Any) -> None:
        if model.name != "GetItem":
            calls[model.name] += 1

    events = app.extensions["rollcall_services"].log._client.meta.events
    events.register("before-call", note)
    yield calls
    events.unregister("before-call", note)


@pytest.fixture
def school(app: Flask) -> Flask:
    """Two courses of two days; s1 is in both, s3 was excused by hand."""
    for course_id, students in (("physics", ("s1", "s2", "s3")), ("history", ("s1", "h1"))):
        for day in (DAY, "2026-03-03"):
            put("sessions", session_item(course_id, day, counts={}))
            for student_id in students:
                put("attendance", row_item(course_id, day, student_id, "present"))
    put("attendance", row_item("physics", DAY, "s2", "absent"))
    correct("physics", DAY, "s3")
    put("sessions", session_item("physics", "2026-03-05", videos={}, counts={"review": 1}, is_roll_call=True))
    put("attendance", row_item("physics", "2026-03-05", "s1", "review", source="roll call"))
    return app


def test_rows_come_newest_first_and_only_of_ones_own_courses(school: Flask, signed_in: SignIn) -> None:
    everything = shown(signed_in(ADMIN).get(f"/log?{MARCH}").text)
    assert [day for day, _ in everything] == sorted((day for day, _ in everything), reverse=True)
    assert len(everything) == 11
    mine = signed_in(TEACHER).get("/log").text
    assert len(shown(mine)) == 7
    assert "history" not in mine


@pytest.mark.parametrize(
    ("query", "students"),
    [
        ("course=history", ["h1", "s1", "h1", "s1"]),
        ("course=physics&to=2026-03-02", ["s1", "s2", "s3"]),
        ("course=physics&from=2026-03-05", ["s1"]),
        ("student=s1", ["s1"] * 5),
        ("student=s1&course=physics", ["s1"] * 3),
        ("student=s1&from=2026-03-03&to=2026-03-03", ["s1"] * 2),
        ("student=nobody", []),
        (f"status=absent&{MARCH}", ["s2"]),
        (f"status=excused&{MARCH}", ["s3"]),
        (f"status=review&{MARCH}", ["s1"]),
        (f"source=person&{MARCH}", ["s3"]),
        (f"source=roll+call&{MARCH}", ["s1"]),
        (f"source=video&status=present&course=physics&{MARCH}", ["s1", "s2", "s3", "s1"]),
        ("from=2025-01-01&to=2025-12-31", []),
    ],
)
def test_a_filter_leaves_just_what_passes_it(school: Flask, signed_in: SignIn, query: str, students: list[str]) -> None:
    assert [student for _, student in all_shown(signed_in(ADMIN), f"/log?{query}")] == students


def test_a_row_shows_what_counts_and_who_said_it(school: Flask, signed_in: SignIn) -> None:
    text = words(signed_in(TEACHER).get("/log?student=s3").text)
    assert "2026-03-02 physics Name of s3 s3 excused person 97.2 1:01" in text
    assert "2026-03-03 physics Name of s3 s3 present video" in text


def test_many_rows_come_page_by_page_with_nobody_twice_and_nobody_lost(app: Flask, signed_in: SignIn) -> None:
    students = [f"s{number:03}" for number in range(130)]
    for day in (DAY, "2026-03-03"):
        put("sessions", session_item("physics", day))
        for student_id in students:
            put("attendance", row_item("physics", day, student_id, "present"))
    expected = [(day, student_id) for day in ("2026-03-03", DAY) for student_id in students]
    client = signed_in(TEACHER)
    for query in ("course=physics", MARCH):
        first = client.get(f"/log?{query}").text
        assert len(shown(first)) == PAGE_ROWS
        assert all_shown(client, f"/log?{query}") == expected


def test_a_page_that_has_looked_for_long_enough_says_how_far(
    app: Flask, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.log.LOOK_SECONDS", 0)
    for number in range(30):
        day = f"2026-{number // 28 + 1:02}-{number % 28 + 1:02}"
        put("sessions", session_item("physics", day, counts={}))
        put("attendance", row_item("physics", day, "s1", "present"))
    put("attendance", row_item("physics", "2026-01-01", "s2", "absent"))
    client = signed_in(TEACHER)
    with counted(app) as calls:
        page = client.get("/log?course=physics&status=absent").text
    assert set(calls) == {"Query"}
    assert calls["Query"] <= 2
    assert "Nothing found so far." in words(page)
    assert "There may be more." in words(page)
    assert all_shown(client, "/log?course=physics&status=absent") == [("2026-01-01", "s2")]


def test_sessions_whose_counts_say_no_are_not_read(app: Flask, signed_in: SignIn) -> None:
    for number in range(1, 29):
        put("sessions", session_item("physics", f"2026-02-{number:02}"))  # one present, one for review, one absent
    client = signed_in(TEACHER)
    with counted(app) as calls:
        page = client.get("/log?course=physics&status=excused").text
    assert calls["Query"] == 1
    assert "No row is like this" in page


def test_without_dates_the_log_of_many_courses_shows_the_last_days(app: Flask, signed_in: SignIn) -> None:
    today = utc_now().date()
    recent, old = ((today - timedelta(days=back)).isoformat() for back in (2, 90))
    for day in (recent, old):
        for course_id in ("physics", "history"):
            put("sessions", session_item(course_id, day))
            put("attendance", row_item(course_id, day, "s1", "present"))
    assert {day for day, _ in all_shown(signed_in(ADMIN), "/log")} == {recent}
    assert {day for day, _ in all_shown(signed_in(ADMIN), "/log?course=physics")} == {recent, old}


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("from=yesterday", "write it like 2026-11-20"),
        ("from=2026-02-30", "write it like 2026-11-20"),
        ("from=2026-03-02&to=2026-03-01", "The first date is after the last"),
        ("from=2020-01-01&to=2026-03-01", "choose a course or a student"),
        ("status=late", "There is no such status"),
        ("source=%3Cscript%3E", "There is no such source"),
        ("course=%3Cscript%3E", "This is no course id"),
        ("student=a%2Fb", "This is no student id"),
        ("student=" + "x" * 5000, "This is no student id"),
        ("course=%00", "This is no course id"),
    ],
)
@pytest.mark.parametrize("path", ["/log", "/log.csv", "/log.xlsx"])
def test_what_is_no_filter_gets_a_sentence(signed_in: SignIn, path: str, query: str, sentence: str) -> None:
    client = signed_in(ADMIN)
    answer = client.get(f"{path}?{query}", follow_redirects=True)
    assert answer.status_code == 422
    assert sentence in words(answer.text)
    assert "<script>" not in answer.text


@pytest.mark.parametrize(
    "after",
    [
        "x",
        "%00",
        "physics%23",
        "physics%232026-03-02%23..%2F",
        "history%232026-03-02",
        "2026-03-02",
        "9" * 3000,
        "%23%23",
    ],
)
def test_a_cursor_that_was_tampered_with_gets_400(school: Flask, signed_in: SignIn, after: str) -> None:
    assert signed_in(TEACHER).get(f"/log?course=physics&after={after}").status_code == 400


def test_a_cursor_shows_nothing_of_other_courses(school: Flask, signed_in: SignIn) -> None:
    teacher = signed_in(TEACHER)
    assert teacher.get(f"/log?{MARCH}&after=history%232026-03-02").status_code == 400
    answer = teacher.get("/log?student=s1&after=zzz%232026-03-02")
    assert "history" not in answer.text


def test_dates_at_the_ends_of_the_calendar_are_no_trouble(signed_in: SignIn) -> None:
    client = signed_in(ADMIN)
    for query in ("to=0001-01-02", "from=9999-12-31&to=9999-12-31", "course=physics&from=0001-01-01&to=9999-12-31"):
        assert client.get(f"/log?{query}").status_code == 200


@pytest.mark.parametrize("path", ["/log", "/log.csv", "/log.xlsx"])
def test_a_student_account_gets_no_log(signed_in: SignIn, path: str) -> None:
    assert signed_in(STUDENT).get(path).status_code == 403


def test_an_instructor_without_a_course_is_told_and_nothing_is_read(app: Flask, signed_in: SignIn) -> None:
    boto3.client("dynamodb").update_item(
        TableName="rollcall-users",
        Key={"email": {"S": TEACHER}},
        UpdateExpression="SET courses = :none",
        ExpressionAttributeValues={":none": {"L": []}},
    )
    client = signed_in(TEACHER)
    with counted(app) as calls:
        assert "No row is like this" in client.get("/log").text
    assert not calls


def test_an_erased_students_row_has_no_name(school: Flask, signed_in: SignIn) -> None:
    item = row_item("physics", DAY, "s9", "absent")
    del item["student_name"]
    put("attendance", item)
    assert "(removed) s9" in words(signed_in(ADMIN).get("/log?student=s9").text)
