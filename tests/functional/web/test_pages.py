"""What the pages show."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from attendance.settings import Settings
from tests.functional.web.conftest import TODAY, SignIn
from tests.functional.web.tables import put, row_item, session_item
from web import WebConfig, create_app

ADMIN, TEACHER, STUDENT = "admin@school.edu", "teacher@school.edu", "student@school.edu"


def _text(html: str) -> str:
    """The words of a page, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_a_register_shows_what_needs_a_review_first(signed_in: SignIn) -> None:
    put("sessions", session_item("physics", "2026-03-02"))
    for student_id, status in (("s1", "absent"), ("s2", "present"), ("s3", "review")):
        put("attendance", row_item("physics", "2026-03-02", student_id, status))
    text = _text(signed_in(TEACHER).get("/courses/physics/sessions/2026-03-02").text)
    assert text.index("Name of s3") < text.index("Name of s2") < text.index("Name of s1")
    assert "Name of s3 s3 review 97.2 1:01 to 1:01:01, 12 sightings" in text
    assert "Name of s1 s1 absent not seen" in text
    assert "review 1 present 1 absent 1" in text


def test_times_are_those_of_the_courses_zone(signed_in: SignIn) -> None:
    put("sessions", session_item("physics", "2026-03-02"))
    text = _text(signed_in(TEACHER).get("/courses/physics/sessions/2026-03-02").text)
    assert "lecture.mp4 Tue 03 Mar 2026, 12:30, 1:02 long" in text


def test_a_page_refreshes_itself_only_while_a_video_is_processed(signed_in: SignIn) -> None:
    item = session_item("physics", "2026-03-02", status="processing")
    item["videos"]["0123456789abcdef"]["status"] = "processing"
    put("sessions", item)
    put("sessions", session_item("physics", "2026-03-03"))
    client = signed_in(TEACHER)
    assert '<noscript><meta http-equiv="refresh"' in client.get("/courses/physics/sessions/2026-03-02").text
    assert "refresh" not in client.get("/courses/physics/sessions/2026-03-03").text


def test_a_register_that_is_worked_on_is_never_refreshed_without_being_asked(signed_in: SignIn) -> None:
    item = session_item("physics", "2026-03-02", status="processing")
    item["videos"]["0123456789abcdef"]["status"] = "processing"
    put("sessions", item)
    for number in range(60):
        put("attendance", row_item("physics", "2026-03-02", f"s{number}", "review"))
    page = signed_in(TEACHER).get("/courses/physics/sessions/2026-03-02?page=2").text
    here = "/courses/physics/sessions/2026-03-02?page=2"
    assert "http-equiv" not in page
    assert f'data-then="{here}"' in page
    assert f'<noscript> <a href="{here}">Look again</a></noscript>' in page


def test_a_failed_session_tells_the_reason_and_what_to_do(signed_in: SignIn) -> None:
    item = session_item("physics", "2026-03-02", status="failed")
    item["videos"]["0123456789abcdef"]["error"] = {"name": "EmptyVideoError", "reason": "Empty. Upload it again."}
    put("sessions", item)
    text = _text(signed_in(TEACHER).get("/courses/physics/sessions/2026-03-02").text)
    assert "lecture.mp4 has no register. Empty. Upload it again." in text


def test_sessions_come_newest_first_over_several_pages(signed_in: SignIn) -> None:
    days = [(TODAY - timedelta(days=back)).isoformat() for back in range(40)]
    for day in days:
        put("sessions", session_item("physics", day))
    client = signed_in(TEACHER)
    shown: list[str] = []
    path: str | None = "/courses/physics"
    while path:
        page = client.get(path).text
        shown += re.findall(r"/sessions/([\d-]+)\"", page)
        following = re.search(r'href="([^"]+)">Next page', page)
        path = following[1] if following else None
    assert shown == days


def test_the_roster_is_shown_page_by_page_with_nobody_lost(signed_in: SignIn) -> None:
    for number in range(120):
        put("rosters", {"course_id": "physics", "student_id": f"s{number:03}", "student_name": f"Ünï Çödé {number}"})
    client = signed_in(TEACHER)
    shown: list[str] = []
    path: str | None = "/courses/physics/students"
    while path:
        page = client.get(path).text
        shown += re.findall(r"<td>(s\d{3})</td>", page)
        following = re.search(r'href="([^"]+)">Next page', page)
        path = following[1] if following else None
    assert shown == [f"s{number:03}" for number in range(120)]


def test_hostile_names_are_shown_as_text(signed_in: SignIn) -> None:
    name = "<script>alert('x')</script>"
    put("rosters", {"course_id": "physics", "student_id": "s1", "student_name": name})
    put("sessions", session_item("physics", "2026-03-02"))
    put("attendance", row_item("physics", "2026-03-02", "s1", "present", student_name=name))
    client = signed_in(TEACHER)
    for path in ("/", "/courses/physics/students", "/courses/physics/sessions/2026-03-02"):
        page = client.get(path).text
        assert "<script>" not in page
        assert "Physics <1>" not in page


@pytest.mark.parametrize(
    "path",
    [
        "/courses/..%2f..%2fetc",
        "/courses/%00",
        "/courses/" + "x" * 3000,
        "/courses/é?before=%00",
        "/courses/physics/sessions/%23",
        "/courses/physics?before=" + "9" * 2000,
        "/courses/physics/students?after=" + "x" * 3000,
        "/courses/%23courses",
    ],
)
def test_hostile_addresses_get_a_page_and_no_crash(signed_in: SignIn, path: str) -> None:
    assert signed_in(ADMIN).get(path).status_code in (200, 400, 404)


def test_first_page_shows_the_last_days_of_ones_own_courses_only(signed_in: SignIn) -> None:
    put("sessions", session_item("physics", "2026-03-05"))  # it is tomorrow already in Auckland
    put("sessions", session_item("history", "2026-03-03"))
    put("sessions", session_item("physics", "2026-01-01"))
    mine = signed_in(TEACHER).get("/").text
    everything = signed_in(ADMIN).get("/").text
    assert "/courses/physics/sessions/2026-03-05" in mine
    assert "history" not in mine.lower()
    assert "2026-01-01" not in mine
    assert "/courses/history/sessions/2026-03-03" in everything


def test_unfiled_videos_are_shown_with_their_reason(signed_in: SignIn) -> None:
    item = session_item("unfiled", "2026-03-02", status="failed", session_id="2026-03-02#0123456789abcdef")
    item["session_key"] = "unfiled#2026-03-02#0123456789abcdef"
    item["error"] = {"name": "BadVideoKeyError", "reason": "Name the video videos/<course>/<date>/<name>.mp4."}
    put("sessions", item)
    client = signed_in(ADMIN)
    assert "Name the video videos/&lt;course&gt;" in client.get("/unfiled").text
    link = re.search(r'href="(/courses/unfiled/sessions/[^"]+)"', client.get("/").text)
    assert link
    assert client.get(link[1]).status_code == 200


@pytest.mark.parametrize(
    ("path", "email", "words"),
    [
        ("/", ADMIN, "aws s3 cp"),
        ("/my-attendance", STUDENT, "Ask an administrator"),
        ("/courses/physics", TEACHER, "aws s3 cp lecture.mp4 s3://rollcall-videos/videos/physics/"),
        ("/courses/physics/students", ADMIN, "rollcall students import"),
        ("/courses/physics/students", TEACHER, "Ask an administrator to put the students"),
        ("/unfiled", ADMIN, "found its course"),
    ],
)
def test_an_empty_page_says_what_to_do_next(signed_in: SignIn, path: str, email: str, words: str) -> None:
    assert words in signed_in(email).get(path).text


def test_a_session_without_a_roster_says_how_to_get_one(signed_in: SignIn) -> None:
    put("sessions", session_item("physics", "2026-03-02", counts={}))
    assert "Nobody is on the roster" in signed_in(TEACHER).get("/courses/physics/sessions/2026-03-02").text


def test_health_needs_no_login_and_is_ok_when_all_answers(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_health_names_what_is_missing(client: FlaskClient, checks: dict[str, Callable[[], None]]) -> None:
    def unreachable() -> None:
        raise ConnectionError("no route to 10.0.0.7")

    checks["face service"] = unreachable
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (503, {"status": "unavailable", "missing": ["face service"]})


def test_health_asks_the_real_tables(tables: Settings) -> None:
    import boto3

    boto3.client("dynamodb").delete_table(TableName="rollcall-audit")
    missing = create_app(WebConfig("s" * 64, tables)).test_client().get("/healthz").json
    assert missing is not None
    assert "table audit" in missing["missing"]
    assert "table users" not in missing["missing"]
