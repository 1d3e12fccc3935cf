"""The roll taken by hand, and videos moved to the session they belong to."""

import re
from typing import Any

import boto3
import pytest
from flask.testing import FlaskClient

from attendance.aws import corrections
from attendance.aws.transactions import transact
from attendance.errors import UnprocessedItemsError
from attendance.settings import Settings
from tests.functional.web.browsing import ADMIN, TEACHER, followed, send, words
from tests.functional.web.conftest import SignIn
from tests.functional.web.tables import get, put, session_item

DAY, CHOOSE = "2026-03-02", "/roll-call?course=physics"
ROLL = f"/courses/physics/sessions/{DAY}/roll-call"
VIDEO = "0123456789abcdef"


@pytest.fixture
def teacher(signed_in: SignIn, tables: Settings) -> FlaskClient:
    for student_id, name in (("s1", "Zoë O'Brien"), ("s2", "Ada"), ("s3", "<b>Eve</b>")):
        put("rosters", {"course_id": "physics", "student_id": student_id, "student_name": name})
    return signed_in(TEACHER)


def open_class(client: FlaskClient, **changed: str) -> str:
    answer = send(client, CHOOSE, **{"course": "physics", "date": DAY, "slot": ""} | changed)
    assert answer.status_code == 303, words(answer.text)
    return str(answer.headers["Location"])


def statuses(session_id: str = DAY) -> dict[str, str]:
    found = boto3.resource("dynamodb").Table("rollcall-corrections").scan()["Items"]
    kept: list[dict[str, Any]] = [item for item in found if item["session_key"] == f"physics#{session_id}"]
    return {item["student_id"]: item["correction"]["status"] for item in kept if "correction" in item}


def audit(subject: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = boto3.resource("dynamodb").Table("rollcall-audit").scan()["Items"]
    return [entry for entry in found if entry["subject"] == subject]


def answers(client: FlaskClient, path: str = ROLL, **said: str) -> dict[str, str]:
    """The fields of the form as the page has them, with some students' answers chosen."""
    versions = dict(re.findall(r'name="(version-[\w.-]+)" value="(\d+)"', client.get(path).text))
    return versions | {f"say-{student_id}": say for student_id, say in said.items()}


def test_a_class_is_opened_called_and_counted_like_any_other(teacher: FlaskClient) -> None:
    assert open_class(teacher) == ROLL
    page = words(teacher.get(ROLL).text)
    assert page.index("<b>Eve</b>") < page.index("Ada") < page.index("Zoë O'Brien")
    assert "<b>Eve" not in teacher.get(ROLL).text
    saved = send(teacher, ROLL, **answers(teacher, s1="present", s2="late", s3="absent"))
    assert "The roll is saved." in followed(teacher, saved)
    assert statuses() == {"s1": "present", "s2": "present", "s3": "absent"}
    item = get("sessions", course_id="physics", session_id=DAY)
    assert item is not None
    assert {name: int(count) for name, count in item["counts"].items()} == {"review": 0, "present": 2, "absent": 1}
    assert re.search(r'name="say-s2" value="late" checked', teacher.get(ROLL).text)


def test_who_gets_no_answer_stays_to_be_checked(teacher: FlaskClient) -> None:
    open_class(teacher)
    send(teacher, ROLL, **answers(teacher, s2="present"))
    assert statuses() == {"s2": "present"}
    assert "2 to check: go to the first" in words(teacher.get(f"/courses/physics/sessions/{DAY}").text)


def test_opening_a_class_again_keeps_what_was_said_and_adds_new_students(teacher: FlaskClient) -> None:
    open_class(teacher)
    send(teacher, ROLL, **answers(teacher, s1="absent"))
    put("rosters", {"course_id": "physics", "student_id": "s4", "student_name": "New"})
    open_class(teacher)
    assert "4 students" in words(teacher.get(ROLL).text)
    assert statuses() == {"s1": "absent"}


def test_who_left_before_the_class_is_off_the_roll_when_it_is_opened_again(teacher: FlaskClient) -> None:
    open_class(teacher)
    gone = {"course_id": "physics", "student_id": "s2", "student_name": "Ada", "enrolled_until": "2026-03-01"}
    put("rosters", gone)
    open_class(teacher)
    assert "Ada" not in words(teacher.get(ROLL).text)
    assert "2 students" in words(teacher.get(ROLL).text)


def test_a_class_with_a_video_is_corrected_and_not_called(teacher: FlaskClient) -> None:
    put("sessions", session_item("physics", DAY))
    for answer in (teacher.get(ROLL), send(teacher, ROLL, PAGE)):
        assert answer.headers["Location"] == PAGE
    assert "This class has a video" in words(teacher.get(PAGE).text)


def test_several_classes_of_a_day_are_told_apart(teacher: FlaskClient) -> None:
    assert open_class(teacher, slot="lab") == f"/courses/physics/sessions/{DAY}_lab/roll-call"
    assert open_class(teacher, slot="") == ROLL


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"date": "someday"}, "This is no day of the calendar"),
        ({"date": ""}, "This is no day of the calendar"),
        ({"slot": "a/b"}, "The slot is not 1 to 32 letters"),
        ({"slot": "x" * 33}, "The slot is not 1 to 32 letters"),
        ({"course": "history"}, "Not a valid choice."),
        ({"course": "nowhere"}, "Not a valid choice."),
    ],
)
def test_what_cannot_be_a_class_is_refused_in_a_sentence(
    teacher: FlaskClient, changed: dict[str, str], told: str
) -> None:
    answer = send(teacher, CHOOSE, **{"course": "physics", "date": DAY, "slot": ""} | changed)
    assert answer.status_code == 422
    assert told in words(answer.text)


def test_sending_the_roll_twice_and_going_back_change_nothing(teacher: FlaskClient) -> None:
    open_class(teacher)
    form = answers(teacher, s1="present")
    assert [send(teacher, ROLL, **form).status_code for _ in range(2)] == [303, 303]
    assert (get("corrections", session_key=f"physics#{DAY}", student_id="s1") or {})["version"] == 1


def test_what_somebody_else_said_meanwhile_stays_and_is_told(teacher: FlaskClient, signed_in: SignIn) -> None:
    open_class(teacher)
    form = answers(teacher, s1="present", s2="present")
    other = signed_in(ADMIN)
    send(other, ROLL, **answers(other, s1="excused"))
    answer = send(teacher, ROLL, **form)
    assert answer.status_code == 409
    assert f"{ADMIN} changed this row meanwhile: excused stands now." in words(answer.text)
    assert statuses() == {"s1": "excused", "s2": "present"}


def test_what_a_busy_service_did_not_take_is_shown_as_it_was_said(
    teacher: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_class(teacher)
    fields = answers(teacher, s1="present", s2="late", s3="absent")
    taken: list[Any] = []

    def take_one(*given: Any) -> frozenset[int]:
        if taken:
            raise UnprocessedItemsError("The tables were too busy: nothing of this was kept.")
        taken.append(given)
        return transact(*given)

    with monkeypatch.context() as patch:
        patch.setattr(corrections, "transact", take_one)
        busy = send(teacher, ROLL, **fields)
    assert busy.status_code == 409
    assert "Some rows were not saved: each says why." in words(busy.text)
    assert busy.text.count("The tables were too busy") == 2
    assert len(statuses()) == 1
    assert len(re.findall(" checked>", busy.text)) == 3
    again = send(teacher, ROLL, **answers(teacher, s1="present", s2="late", s3="absent"))
    assert "The roll is saved." in followed(teacher, again)
    assert statuses() == {"s1": "present", "s2": "present", "s3": "absent"}


@pytest.mark.parametrize(
    "fields", [{"say-s1": "review"}, {"say-s1": "present"}, {"say-s1": "present", "version-s1": "x"}]
)
def test_a_roll_that_no_page_makes_is_refused(teacher: FlaskClient, fields: dict[str, str]) -> None:
    open_class(teacher)
    assert send(teacher, ROLL, **fields).status_code == 400
    assert statuses() == {}


def test_answers_for_students_who_are_not_on_the_roster_are_passed_over(teacher: FlaskClient) -> None:
    open_class(teacher)
    fields = {"say-nobody": "present", "version-nobody": "0"}
    assert send(teacher, ROLL, **fields).status_code == 303
    assert statuses() == {}


def test_a_long_roster_is_called_page_by_page(teacher: FlaskClient) -> None:
    for number in range(70):
        put("rosters", {"course_id": "physics", "student_id": f"t{number:02}", "student_name": f"T {number:02}"})
    open_class(teacher)
    assert "73 students, page 1 of 2" in words(teacher.get(ROLL).text)
    saved = send(teacher, ROLL, **answers(teacher, t00="present"))
    assert saved.headers["Location"] == f"{ROLL}?page=2"
    last = send(teacher, f"{ROLL}?page=2", **answers(teacher, f"{ROLL}?page=2", t69="absent"))
    assert last.headers["Location"] == f"/courses/physics/sessions/{DAY}"
    assert statuses() == {"t00": "present", "t69": "absent"}


def test_a_class_without_students_says_how_to_get_some(signed_in: SignIn) -> None:
    client = signed_in(TEACHER)
    open_class(client)
    assert "Put students on it" in words(client.get(ROLL).text)


@pytest.mark.parametrize("was_undone", [False, True])
def test_a_roll_that_was_opened_by_mistake_is_taken_back(teacher: FlaskClient, was_undone: bool) -> None:
    open_class(teacher)
    page = f"/courses/physics/sessions/{DAY}"
    if was_undone:
        send(teacher, ROLL, **answers(teacher, s1="absent"))
        send(teacher, f"{page}/rows/s1", page, say="undo", version="1")
    assert "Take the roll back" in words(teacher.get(page).text)
    told = followed(teacher, send(teacher, f"{ROLL}/close", page))
    assert "The roll of Mon 02 Mar 2026 is taken back" in told
    assert DAY not in teacher.get("/courses/physics").text
    assert boto3.resource("dynamodb").Table("rollcall-attendance").scan()["Items"] == []
    assert [entry["action"] for entry in audit(f"session#physics#{DAY}")] == ["close roll call"]
    assert "no open roll" in followed(teacher, send(teacher, f"{ROLL}/close", page))
    open_class(teacher)
    assert "3 students" in words(teacher.get(ROLL).text)


def test_a_roll_in_which_something_was_said_is_not_taken_back(teacher: FlaskClient) -> None:
    open_class(teacher)
    send(teacher, ROLL, **answers(teacher, s1="absent"))
    page = f"/courses/physics/sessions/{DAY}"
    assert "Take the roll back" not in words(teacher.get(page).text)
    assert "Undo that first" in followed(teacher, send(teacher, f"{ROLL}/close", page))
    assert statuses() == {"s1": "absent"}
    assert len(boto3.resource("dynamodb").Table("rollcall-attendance").scan()["Items"]) == 3


@pytest.mark.parametrize("date", ["2206-03-02", "9999-12-31"])
def test_a_class_that_is_still_to_come_has_no_roll(teacher: FlaskClient, date: str) -> None:
    answer = send(teacher, CHOOSE, course="physics", date=date, slot="")
    assert answer.status_code == 422
    assert "still to come" in words(answer.text)
    assert get("sessions", course_id="physics", session_id=date) is None


def test_an_instructor_without_a_course_is_told_whom_to_ask(signed_in: SignIn, tables: Settings) -> None:
    boto3.resource("dynamodb").Table("rollcall-users").update_item(
        Key={"email": TEACHER}, UpdateExpression="REMOVE courses"
    )
    assert "Ask an administrator to add a course" in words(signed_in(TEACHER).get("/roll-call").text)


MOVE = f"/courses/physics/sessions/{DAY}/videos/{VIDEO}/move"
PAGE = f"/courses/physics/sessions/{DAY}"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"date": "someday"}, "This is no day of the calendar"),
        ({"slot": "a/b"}, "The slot is not 1 to 32"),
        ({"date": DAY}, "The video is in that session already."),
    ],
)
def test_a_place_that_a_video_cannot_be_moved_to_is_told(
    teacher: FlaskClient, changed: dict[str, str], told: str
) -> None:
    put("sessions", session_item("physics", DAY))
    fields = {"course": "physics", "date": "2026-03-03", "slot": ""} | changed
    assert told in followed(teacher, send(teacher, MOVE, PAGE, **fields))
    assert VIDEO in (get("sessions", course_id="physics", session_id=DAY) or {})["videos"]


def test_an_unfiled_video_leads_to_the_form_that_files_it(signed_in: SignIn, tables: Settings) -> None:
    alone = f"{DAY}#{VIDEO}"
    put("sessions", session_item("unfiled", DAY, "failed", session_id=alone, session_key=f"unfiled#{alone}"))
    client = signed_in(ADMIN)
    link = re.search(r'href="([^"]+)#videos">File it', client.get("/unfiled").text)
    assert link
    action = re.search(r'action="([^"]+/move)"', client.get(link[1]).text)
    assert action
    fields = {"course": "nowhere", "date": DAY, "slot": ""}
    assert "There is no course nowhere." in followed(client, send(client, action[1], link[1], **fields))


def test_a_video_cannot_be_moved_into_a_foreign_course(teacher: FlaskClient) -> None:
    put("sessions", session_item("physics", DAY))
    fields = {"course": "history", "date": DAY, "slot": ""}
    assert send(teacher, MOVE, PAGE, **fields).status_code == 403


def test_a_video_that_is_not_in_the_session_cannot_be_moved(teacher: FlaskClient) -> None:
    put("sessions", session_item("physics", DAY))
    path = MOVE.replace(VIDEO, "fedcba9876543210")
    fields = {"course": "physics", "date": "2026-03-03", "slot": ""}
    assert "There is no video fedcba9876543210" in followed(teacher, send(teacher, path, PAGE, **fields))
