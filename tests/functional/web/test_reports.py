"""The matrix and the list of who is at risk, of small courses and of huge ones."""

import re

import pytest
from flask import Flask

from tests.functional.web.browsing import ADMIN, TEACHER, words
from tests.functional.web.conftest import SignIn
from tests.functional.web.tables import put, row_item, session_item
from tests.functional.web.test_log import correct, counted
from web.reports import MOST_SESSIONS, STUDENTS_PER_PAGE

DAYS = ("2026-03-02", "2026-03-03", "2026-03-04")


def enrol(student_id: str, **dates: str) -> None:
    put("rosters", {"course_id": "physics", "student_id": student_id, "student_name": f"Name {student_id}", **dates})


def hold(day: str, **statuses: str) -> None:
    """A session with a row for each student."""
    counts = {status: list(statuses.values()).count(status) for status in ("present", "review", "absent")}
    put("sessions", session_item("physics", day, counts=counts))
    for student_id, status in statuses.items():
        put("attendance", row_item("physics", day, student_id, status))


@pytest.fixture
def course(app: Flask) -> Flask:
    """s1 is always there, s2 never, s3 joined for the last class and was absent, s4 was excused once."""
    enrol("s1")
    enrol("s2")
    enrol("s3", enrolled_from=DAYS[2])
    enrol("s4")
    for day in DAYS:
        hold(day, s1="present", s2="absent", s3="absent", s4="present")
    put("attendance", row_item("physics", DAYS[2], "s4", "absent"))
    correct("physics", DAYS[2], "s4")
    put("attendance", row_item("physics", DAYS[0], "s1", "present", late=True))
    return app


def cells_of(page: str, student_id: str) -> list[str]:
    """The cells of a student's row."""
    (row,) = (row for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL) if f">{student_id}</span>" in row)
    return [words(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)]


def test_the_matrix_shows_each_class_and_the_percentage_so_far(course: Flask, signed_in: SignIn) -> None:
    page = signed_in(TEACHER).get("/courses/physics/matrix").text
    assert cells_of(page, "s1") == ["100.0", "L", "P", "P"]
    assert cells_of(page, "s2") == ["0.0", "A", "A", "A"]
    assert cells_of(page, "s3") == ["0.0", "", "", "A"]
    assert cells_of(page, "s4") == ["100.0", "P", "P", "E"]


def test_planned_classes_show_what_is_still_possible(course: Flask, signed_in: SignIn) -> None:
    page = signed_in(TEACHER).get("/courses/physics/matrix?planned=6").text
    assert cells_of(page, "s2")[:2] == ["0.0", "50.0"]
    assert cells_of(page, "s3")[:2] == ["0.0", "75.0"]
    assert "at all 3 classes to come" in words(page)
    assert "to come" not in signed_in(TEACHER).get("/courses/physics/matrix?planned=2").text


def plan(classes: int) -> None:
    put("courses", {"course_id": "physics", "course_name": "Physics", "time_zone": "UTC", "planned_classes": classes})


def test_the_courses_own_number_is_used_unless_the_form_says_another(course: Flask, signed_in: SignIn) -> None:
    plan(6)
    client = signed_in(TEACHER)
    assert cells_of(client.get("/courses/physics/matrix").text, "s2")[:2] == ["0.0", "50.0"]
    assert cells_of(client.get("/courses/physics/matrix?planned=9").text, "s2")[:2] == ["0.0", "66.6"]
    assert 'name="planned" value="6"' in client.get("/courses/physics/matrix").text


def test_with_dates_only_the_form_says_how_many_are_planned(course: Flask, signed_in: SignIn) -> None:
    plan(6)
    client = signed_in(TEACHER)
    assert "to come" not in client.get(f"/courses/physics/matrix?from={DAYS[1]}").text
    assert cells_of(client.get(f"/courses/physics/matrix?from={DAYS[1]}&planned=3").text, "s2")[:2] == ["0.0", "33.3"]


def test_what_can_be_reached_is_not_guessed_where_not_all_classes_are_shown(app: Flask, signed_in: SignIn) -> None:
    plan(100)
    enrol("s1")
    for number in range(MOST_SESSIONS + 1):
        day = f"2026-{number // 28 + 1:02}-{number % 28 + 1:02}"
        hold(day, s1="absent")
    for page in ("matrix", "at-risk"):
        text = words(signed_in(TEACHER).get(f"/courses/physics/{page}").text)
        assert "still to come" not in text
        assert "cannot reach" not in text
        assert "those of the term to see what can still be reached" in text


def test_who_cannot_reach_the_percentage_any_more_is_told_apart(course: Flask, signed_in: SignIn) -> None:
    client = signed_in(TEACHER)
    assert "cannot reach it" not in client.get("/courses/physics/at-risk").text
    plan(8)
    text = words(client.get("/courses/physics/at-risk").text)
    assert "5 of the planned classes are still to come" in text
    assert "Name s2 s2 below the percentage, cannot reach it any more, absent in a row 0.0 0 3 0 3" in text
    assert "Name s3 s3 below the percentage 0.0 0 1 0 1" in text
    assert "cannot" not in words(client.get("/courses/physics/at-risk?percent=60").text)
    assert "cannot" not in words(client.get("/courses/physics/at-risk?planned=99").text)


def test_a_class_without_a_register_yet_can_still_be_attended(course: Flask, signed_in: SignIn) -> None:
    plan(4)
    put("sessions", session_item("physics", "2026-03-05", status="processing"))
    client = signed_in(TEACHER)
    assert cells_of(client.get("/courses/physics/matrix").text, "s2")[:2] == ["0.0", "25.0"]
    hold("2026-03-05", s2="present")
    assert "to come" not in client.get("/courses/physics/matrix").text


def test_dates_choose_the_classes(course: Flask, signed_in: SignIn) -> None:
    page = signed_in(TEACHER).get(f"/courses/physics/matrix?from={DAYS[1]}&to={DAYS[1]}").text
    assert cells_of(page, "s1") == ["100.0", "P"]
    assert "No class in these dates" in signed_in(TEACHER).get("/courses/physics/matrix?to=2020-01-01").text


def test_the_chart_says_in_words_what_it_shows(course: Flask, signed_in: SignIn) -> None:
    page = signed_in(TEACHER).get("/courses/physics/matrix").text
    svg = page[page.index("<svg") : page.index("</svg>")]
    assert 'role="img" aria-labelledby="chart-title chart-summary"' in svg
    assert "2 classes from 2026-03-02 to 2026-03-03" in svg  # the third was corrected after it was counted
    assert svg.count("<rect") == 2
    assert "style=" not in page


def test_a_huge_course_comes_in_pages_of_few_queries(app: Flask, signed_in: SignIn) -> None:
    students = [f"s{number:03}" for number in range(STUDENTS_PER_PAGE + 10)]
    for student_id in students:
        enrol(student_id)
    for number in range(MOST_SESSIONS + 5):
        put("sessions", session_item("physics", f"2026-{number // 28 + 1:02}-{number % 28 + 1:02}"))
    client = signed_in(TEACHER)
    with counted(app) as calls:
        page = client.get("/courses/physics/matrix").text
    assert set(calls) == {"Query"}
    assert calls["Query"] <= 2 * MOST_SESSIONS + 3
    assert f"the newest {MOST_SESSIONS} classes" in words(page)
    assert len(page) < 200_000
    following = re.search(r'href="([^"]+)">Next page', page)
    assert following
    rest = client.get(following[1]).text
    found = re.findall(r'muted">(s\d+)</span>', page) + re.findall(r'muted">(s\d+)</span>', rest)
    assert found == students


def test_who_is_at_risk_comes_with_the_lowest_first(course: Flask, signed_in: SignIn) -> None:
    text = words(signed_in(TEACHER).get("/courses/physics/at-risk").text)
    assert "Name s2 s2 below the percentage, absent in a row 0.0 0 3 0 3" in text
    assert "Name s3 s3 below the percentage 0.0 0 1 0 1" in text
    assert "Name s1" not in text
    assert "Name s4" not in text


def test_without_a_class_no_roster_is_read(app: Flask, signed_in: SignIn) -> None:
    for number in range(3):
        enrol(f"s{number}")
    client = signed_in(TEACHER)
    with counted(app) as calls:
        assert "There is no class" in client.get("/courses/physics/at-risk").text
    assert calls == {"Query": 1}


def test_the_limits_are_the_forms(course: Flask, signed_in: SignIn) -> None:
    client = signed_in(TEACHER)
    in_a_row = words(client.get("/courses/physics/at-risk?percent=0&in_a_row=3").text)
    assert "Name s2" in in_a_row
    assert "Name s3" not in in_a_row
    assert "Nobody is at risk" in client.get("/courses/physics/at-risk?percent=0&in_a_row=4").text


@pytest.mark.parametrize("page", ["matrix", "at-risk"])
def test_an_empty_course_says_so(app: Flask, signed_in: SignIn, page: str) -> None:
    answer = signed_in(ADMIN).get(f"/courses/history/{page}")
    assert answer.status_code == 200
    assert "no class" in words(answer.text).lower()


@pytest.mark.parametrize("page", ["matrix", "at-risk"])
@pytest.mark.parametrize(
    "query",
    [
        "from=x",
        "to=2026-02-30",
        "after=%00",
        "after=../x",
        "after=" + "9" * 3000,
        "percent=-1",
        "in_a_row=0",
        "planned=x",
        "planned=1001",
        "planned=²",
    ],
)
def test_a_mistyped_address_gets_400_or_is_left_aside(course: Flask, signed_in: SignIn, page: str, query: str) -> None:
    expected = 200 if page == "matrix" and query.split("=")[0] in ("percent", "in_a_row") else 400
    assert signed_in(TEACHER).get(f"/courses/physics/{page}?{query}").status_code == expected


def test_hostile_names_are_shown_as_text(app: Flask, signed_in: SignIn) -> None:
    name = "<script>alert(1)</script>"
    put("rosters", {"course_id": "physics", "student_id": "s1", "student_name": name})
    hold(DAYS[0], s1="absent")
    put("attendance", row_item("physics", DAYS[0], "s1", "absent", student_name=name))
    client = signed_in(TEACHER)
    for path in ("/courses/physics/matrix", "/courses/physics/at-risk", "/log?course=physics"):
        assert "<script" not in client.get(path).text


def test_presence_over_a_session_has_a_chart_and_the_same_as_a_table(course: Flask, signed_in: SignIn) -> None:
    put("sessions", session_item("physics", DAYS[0]))  # a recording of 1:02
    times = {"s1": (0, 62_000), "s2": (31_000, 62_000)}
    for student_id, (first, last) in times.items():
        more = {"first_seen_ms": first, "last_seen_ms": last}
        put("attendance", row_item("physics", DAYS[0], student_id, "present", **more))
    for student_id in ("s3", "s4"):
        put("attendance", row_item("physics", DAYS[0], student_id, "absent"))
    text = words(signed_in(TEACHER).get(f"/courses/physics/sessions/{DAYS[0]}/presence").text)
    assert "1 at the start, 2 at the end, most at 0:31: 2." in text
    assert "0:27 1 0:31 2" in text


def test_presence_of_several_recordings_is_not_drawn(course: Flask, signed_in: SignIn) -> None:
    item = session_item("physics", DAYS[0])
    item["videos"]["f" * 16] = item["videos"]["0123456789abcdef"]
    put("sessions", item)
    assert "Nothing to draw" in signed_in(TEACHER).get(f"/courses/physics/sessions/{DAYS[0]}/presence").text
