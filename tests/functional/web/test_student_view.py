"""A student's own view, notes against rows, and the instructor's answers."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from attendance.courses import CourseSettings
from attendance.disputes import MAX_DISPUTES
from attendance.settings import Settings
from tests.functional.web.browsing import ADMIN, STUDENT, TEACHER, followed, send, words
from tests.functional.web.conftest import SignIn
from tests.functional.web.faces import photo
from tests.functional.web.tables import get, put, row_item, session_item
from web.services import Services

ROW = "/my-attendance/physics/2026-03-02"
CLASS = "/courses/physics/sessions/2026-03-02"
NOTES = f"{CLASS}/notes/s1"


@pytest.fixture
def services(app: Flask) -> Services:
    """s1 was absent on the second and present on the first; s2 is a fellow student."""
    found: Services = app.extensions["rollcall_services"]
    for student_id, name in (("s1", "Zoë O'Brien"), ("s2", "Bob Ray")):
        found.enroller.enrol(student_id, name, photo(student_id), ["physics"], "tester")
        put("attendance", row_item("physics", "2026-03-02", student_id, "absent", student_name=name))
    put("attendance", row_item("physics", "2026-03-01", "s1", "present", student_name="Zoë O'Brien"))
    for day in ("2026-03-01", "2026-03-02"):
        put("sessions", session_item("physics", day))
    return found


@pytest.fixture
def student(services: Services, signed_in: SignIn) -> FlaskClient:
    return signed_in(STUDENT)


def test_a_student_sees_own_rows_with_the_percentage_and_nobody_elses(student: FlaskClient) -> None:
    page = followed(student, student.get("/"))
    assert "50.0 % present in 2 classes" in page
    assert "Mon 02 Mar 2026" in page
    assert "Sun 01 Mar 2026" in page
    assert "Bob" not in page
    assert "All students" not in page


def test_a_student_sees_what_can_still_be_reached(student: FlaskClient, services: Services) -> None:
    assert "planned" not in words(student.get("/my-attendance").text)  # nobody said how many
    put("attendance", row_item("physics", "2026-03-03", "s1", "review"))
    for planned, told in (
        (10, "8 of 10 planned classes are still to come: with all of them you can reach 90.9 %"),
        (3, "1 of 3 planned classes is still to come: with it you can reach 75.0 %"),
    ):
        services.courses.save("physics", CourseSettings("Physics", "UTC", planned_classes=planned), TEACHER)
        assert told in words(student.get("/my-attendance").text)
    for planned in (2, 1, 0):
        services.courses.save("physics", CourseSettings("Physics", "UTC", planned_classes=planned), TEACHER)
        assert "to come" not in words(student.get("/my-attendance").text)


def test_who_left_the_course_is_told_of_no_class_to_come(student: FlaskClient, services: Services) -> None:
    services.courses.save("physics", CourseSettings("Physics", "UTC", planned_classes=10), TEACHER)
    services.courses.take_off_roster("physics", "s1", TEACHER)
    page = words(student.get("/my-attendance").text)
    assert "50.0 % present in 2 classes" in page
    assert "to come" not in page


def test_rows_of_before_the_first_day_count_nowhere(student: FlaskClient, signed_in: SignIn) -> None:
    teacher = signed_in(TEACHER)
    assert "50.0 %" in words(student.get("/my-attendance").text)
    put("rosters", {"course_id": "physics", "student_id": "s1", "student_name": "Zoë", "enrolled_from": "2026-03-02"})
    own = words(student.get("/my-attendance").text)
    others = [words(teacher.get(path).text) for path in ("/students/s1", "/courses/physics/matrix")]
    assert "0.0 % present in 1 class" in own
    assert "50.0" not in "".join([own, *others])


def test_a_roll_taken_by_hand_tells_of_no_recording(student: FlaskClient) -> None:
    assert "your instructor looks at the recording" in words(student.get(ROW).text)
    put("attendance", row_item("physics", "2026-03-02", "s1", "review", similarity=None))
    assert "taken by hand" in words(student.get(ROW).text)
    assert "recording" not in words(student.get(ROW).text)


def test_what_a_row_rests_on_is_told_without_a_way_to_the_recording(student: FlaskClient) -> None:
    page = student.get("/my-attendance/physics/2026-03-01")
    assert "1:01 into the recording" in words(page.text)
    assert "97.2 of 100" in words(page.text)
    assert "lecture.mp4" not in page.text
    assert "<video" not in page.text


def test_a_student_gets_the_own_photo_and_no_others(student: FlaskClient, services: Services) -> None:
    own, other = (services.students.student(student_id) for student_id in ("s1", "s2"))
    assert own
    assert other
    assert "photos/s1/" in student.get(f"/my-photo/{own.photos[0].digest}").headers["Location"]
    assert student.get(f"/my-photo/{other.photos[0].digest}").status_code == 404


@pytest.mark.parametrize(
    "path", ["/my-attendance/physics/2026-03-09", "/my-attendance/history/2026-03-02", ROW + "%23s2"]
)
def test_where_there_is_no_own_row_there_is_no_page(student: FlaskClient, path: str) -> None:
    assert student.get(path).status_code == 404


def test_an_account_without_a_student_is_told_whom_to_ask(app: Flask, signed_in: SignIn) -> None:
    client = signed_in(STUDENT)  # s1 is not registered here
    assert "Ask an administrator" in words(client.get("/my-attendance").text)
    assert client.get(ROW).status_code == 404


def test_a_note_reaches_the_instructor_whose_answer_the_student_reads(student: FlaskClient, signed_in: SignIn) -> None:
    told = followed(student, send(student, ROW, note="I sat <b>behind</b>\r\nthe pillar."))
    assert "Waits for an answer" in told
    (noted,) = student.application.extensions["rollcall_services"].audit.history("attendance#physics#2026-03-02#s1", 5)
    assert (noted.action, noted.actor) == ("note", "student s1")
    assert "waits for an answer" in words(student.get("/my-attendance").text)

    teacher = signed_in(TEACHER)
    assert "Notes from students" in words(teacher.get("/").text)
    assert "Notes from students" in words(teacher.get("/courses/physics").text)
    assert "Zoë O'Brien" in words(teacher.get("/courses/physics/notes").text)
    page = teacher.get(CLASS).text
    assert "I sat &lt;b&gt;behind&lt;/b&gt; the pillar." in page
    answer = send(teacher, NOTES, CLASS, outcome="rejected", reason="You came at the end.")
    assert "The student will read your answer" in followed(teacher, answer)
    assert "Notes from students" not in words(teacher.get("/courses/physics").text)
    assert "No note waits" in words(teacher.get("/courses/physics/notes").text)

    read = words(student.get(ROW).text)
    assert "Rejected" in read
    assert "You came at the end." in read
    assert TEACHER not in read


def test_a_note_sent_twice_is_one_and_another_waits_its_turn(student: FlaskClient, services: Services) -> None:
    for _ in range(2):
        followed(student, send(student, ROW, "/account", note="I was there."))
    assert len(services.disputes.case("physics", "2026-03-02", "s1").disputes) == 1
    refused = send(student, ROW, "/account", note="Really!")
    assert refused.status_code == 422
    assert "waits for its answer already" in words(refused.text)


@pytest.mark.parametrize("note", ["", "   \r\n ", "x" * 501, "bell\x07", "\u202ereversed"])
def test_what_is_no_note_is_refused_with_advice(student: FlaskClient, services: Services, note: str) -> None:
    refused = send(student, ROW, note=note)
    assert refused.status_code == 422
    assert "Write" in words(refused.text)
    assert services.disputes.cases_of("s1") == []


def test_a_rejection_needs_a_reason_and_an_answered_note_takes_no_second_answer(
    student: FlaskClient, signed_in: SignIn, services: Services
) -> None:
    send(student, ROW, note="I was there.")
    teacher = signed_in(TEACHER)
    refused = send(teacher, NOTES, CLASS, outcome="rejected", reason=" ")
    assert refused.status_code == 422
    assert "Write a reason" in words(refused.text)
    assert services.disputes.case("physics", "2026-03-02", "s1").open
    send(teacher, NOTES, CLASS, outcome="accepted", say="present", version="0")
    again = send(teacher, NOTES, CLASS, outcome="rejected", reason="No.")
    assert "has its answer already" in followed(teacher, again)
    (dispute,) = services.disputes.case("physics", "2026-03-02", "s1").disputes
    assert dispute.answer
    assert dispute.answer.outcome == "accepted"


def test_an_instructor_of_another_course_answers_nothing(student: FlaskClient, signed_in: SignIn) -> None:
    put("sessions", session_item("history", "2026-03-02"))
    teacher = signed_in(TEACHER)
    path = "/courses/history/sessions/2026-03-02/notes/s1"
    assert send(teacher, path, "/account", outcome="accepted").status_code == 403
    assert teacher.get("/courses/history/notes").status_code == 403


def test_notes_of_one_row_have_a_most(student: FlaskClient, services: Services) -> None:
    for number in range(MAX_DISPUTES):
        services.disputes.file("physics", "2026-03-02", "s1", f"Note {number}", STUDENT)
        services.disputes.reject("physics", "2026-03-02", "s1", "No.", TEACHER)
    assert "speak to your instructor" in words(send(student, ROW, note="Once more").text)


def test_notes_change_neither_the_register_nor_the_history(student: FlaskClient, services: Services) -> None:
    send(student, ROW, note="I was there.")
    rows = {row.row.status for row in services.students.history("s1")}
    assert rows == {"present", "absent"}
    assert "50.0 %" in words(student.get("/my-attendance").text)


def test_an_erased_students_notes_are_gone(
    student: FlaskClient, signed_in: SignIn, services: Services, tables: Settings
) -> None:
    send(student, ROW, note="I was there.")
    services.disputes.file("physics", "2026-03-01", "s1", "Late", STUDENT)
    services.eraser.erase("s1", ADMIN, "left school")
    assert services.disputes.cases_of("s1") == []
    assert services.disputes.open_in("physics") == []
    assert get("corrections", session_key="#notes#physics#2026-03-02", student_id="#s1") is None
    assert get("corrections", session_key="#open#physics", student_id="2026-03-02#s1") is None
    assert student.get("/my-attendance").headers["Location"].startswith("/login")


def test_sessions_of_one_day_keep_their_notes_apart(services: Services) -> None:
    put("sessions", session_item("physics", "2026-03-02", session_id="2026-03-02_b"))
    put("attendance", row_item("physics", "2026-03-02_b", "s1", "absent"))
    services.disputes.file("physics", "2026-03-02_b", "s1", "The second class", STUDENT)
    assert services.disputes.open_in("physics", "2026-03-02") == []
    assert len(services.disputes.open_in("physics", "2026-03-02_b")) == 1
