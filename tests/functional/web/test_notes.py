"""Accepting a student's note corrects the row: both are kept, or neither."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from attendance.aws.disputes import DynamoCases
from attendance.corrections import Said
from attendance.disputes import ACCEPTED_BECAUSE, MAX_ANSWER, MAX_NOTE, Outcome
from attendance.model import Status
from attendance.register import RegisterRow
from tests.functional.web.browsing import ADMIN, STUDENT, TEACHER, followed, send, words
from tests.functional.web.conftest import SignIn
from tests.functional.web.faces import photo
from tests.functional.web.tables import delete, get, put, row_item, session_item
from web.services import Services
from web.session_page import ROWS_PER_PAGE

DAY = "2026-03-02"
OWN, CLASS = f"/my-attendance/physics/{DAY}", f"/courses/physics/sessions/{DAY}"
NOTES, SUBJECT = f"{CLASS}/notes/s1", f"attendance#physics#{DAY}#s1"


@pytest.fixture
def services(app: Flask) -> Services:
    """s1 was found absent and says that this is wrong."""
    found: Services = app.extensions["rollcall_services"]
    found.enroller.enrol("s1", "Zoë O'Brien", photo("s1"), ["physics"], "tester")
    put("attendance", row_item("physics", DAY, "s1", "absent", student_name="Zoë O'Brien"))
    put("sessions", session_item("physics", DAY))
    found.disputes.file("physics", DAY, "s1", "I sat behind the pillar.", STUDENT)
    return found


@pytest.fixture
def teacher(services: Services, signed_in: SignIn) -> FlaskClient:
    return signed_in(TEACHER)


def accept(client: FlaskClient, say: str = "present", reason: str = "", version: int = 0) -> TestResponse:
    return send(client, NOTES, CLASS, outcome="accepted", say=say, reason=reason, version=str(version))


def row(app: Flask) -> RegisterRow:
    store = app.extensions["rollcall_store"]
    (found,) = (row for row in store.rows(store.session("physics", DAY)) if row.student_id == "s1")
    assert isinstance(found, RegisterRow)
    return found


def kept() -> list[Any]:
    """What an answer changes: the notes, whether one waits, the correction and the session."""
    corrections = (f"#notes#physics#{DAY}", "#s1"), ("#open#physics", f"{DAY}#s1"), (f"physics#{DAY}", "s1")
    items = [get("corrections", session_key=key, student_id=student_id) for key, student_id in corrections]
    return [*items, get("sessions", course_id="physics", session_id=DAY)]


def answer_of(services: Services) -> Any:
    return services.disputes.case("physics", DAY, "s1").disputes[-1].answer


@pytest.mark.parametrize(
    ("say", "status", "late"),
    [
        ("present", "present", False),
        ("late", "present", True),
        ("excused", "excused", False),
    ],
)
def test_an_accepted_note_corrects_the_row_under_the_instructors_name(
    app: Flask, teacher: FlaskClient, services: Services, say: str, status: str, late: bool
) -> None:
    answer = accept(teacher, say, "Seen at the door.")
    assert answer.headers["Location"] == f"{CLASS}#row-s1"
    assert f"Accepted: {say} counts now." in followed(teacher, answer)
    found = row(app)
    assert (found.status, found.late, found.decided, found.version) == (status, late, "absent", 1)
    assert found.correction
    assert (found.correction.actor, found.correction.reason) == (TEACHER, f"{ACCEPTED_BECAUSE}: Seen at the door.")
    said = answer_of(services)
    assert (said.outcome, said.reason, said.status, said.late) == ("accepted", "Seen at the door.", status, late)
    session = get("sessions", course_id="physics", session_id=DAY)
    assert session
    assert (session["corrected"], session["counted"], session["counts"][status]) == (1, 1, 1)


def test_the_student_reads_the_outcome_and_the_new_status(teacher: FlaskClient, signed_in: SignIn) -> None:
    accept(teacher, "late", "Seen at the door.")
    student = signed_in(STUDENT)
    page = words(student.get(OWN).text)
    assert "Mon 02 Mar 2026 present late" in page
    assert "Accepted as present, late" in page
    assert ": Seen at the door." in page
    assert TEACHER not in page
    assert "present late accepted" in words(student.get("/my-attendance").text)
    assert "100.0 %" in words(student.get("/my-attendance").text)


def test_an_answer_needs_no_words_to_accept(app: Flask, teacher: FlaskClient, services: Services) -> None:
    accept(teacher, reason="  ")
    correction = row(app).correction
    assert correction
    assert correction.reason == f"{ACCEPTED_BECAUSE}."
    assert answer_of(services).reason == ""


def test_the_audit_has_one_entry_of_the_answer_and_the_correction_without_the_note(
    teacher: FlaskClient, services: Services
) -> None:
    accept(teacher, reason="Seen at the door.")
    entries = services.audit.history(SUBJECT, 10)
    assert [(entry.action, entry.actor, entry.old, entry.new) for entry in entries] == [
        ("note accepted", TEACHER, "absent (decided)", "present"),
        ("note", STUDENT, "", ""),
    ]
    assert "pillar" not in str(entries)


def test_accepting_with_what_stands_already_keeps_only_the_answer(
    app: Flask, teacher: FlaskClient, services: Services
) -> None:
    services.corrector.correct(f"physics#{DAY}", "s1", Said(Status.PRESENT), ADMIN, "Seen.", 0)
    accept(teacher, "present", "Done already.", version=1)
    found = row(app)
    assert found.correction
    assert (found.version, found.correction.actor, found.correction.reason) == (1, ADMIN, "Seen.")
    assert (answer_of(services).actor, answer_of(services).status) == (TEACHER, "present")
    assert services.audit.history(SUBJECT, 1)[0].action == "note accepted"
    assert services.disputes.open_in("physics") == []


def test_accepting_with_what_was_decided_makes_no_correction(
    app: Flask, teacher: FlaskClient, services: Services
) -> None:
    accept(teacher, "absent", "You had told me.")
    assert (row(app).version, row(app).correction) == (0, None)
    assert answer_of(services).status == "absent"


def test_a_row_that_left_early_is_corrected_to_plainly_present(app: Flask, teacher: FlaskClient) -> None:
    put("attendance", row_item("physics", DAY, "s1", "present", left_early=True))
    accept(teacher, "present", "You were there to the end.")
    found = row(app)
    assert (found.status, found.left_early, found.version) == ("present", False, 1)


def test_the_correction_can_be_undone_and_the_answer_stays(
    app: Flask, teacher: FlaskClient, services: Services, signed_in: SignIn
) -> None:
    accept(teacher)
    send(teacher, f"{CLASS}/rows/s1", CLASS, say="undo", version="1")
    assert (row(app).status, row(app).version) == ("absent", 2)
    assert answer_of(services).outcome == Outcome.ACCEPTED
    page = words(signed_in(STUDENT).get(OWN).text)
    assert "Mon 02 Mar 2026 absent" in page
    assert "Accepted as present" in page


def test_who_accepts_after_the_row_was_changed_is_told_and_nothing_is_kept(
    app: Flask, teacher: FlaskClient, services: Services
) -> None:
    services.corrector.correct(f"physics#{DAY}", "s1", Said(Status.EXCUSED), ADMIN, "Ill", 0)
    before = kept()
    refused = accept(teacher, "late", "Seen at <the> door.")
    assert refused.status_code == 409
    page = words(refused.text)
    assert f"{ADMIN} changed this row meanwhile: excused stands now." in page
    assert f"The register says excused , as {ADMIN} decided." in page
    assert 'name="version" value="1"' in refused.text
    assert 'value="Seen at &lt;the&gt; door."' in refused.text
    assert re.search(r'value="late" required checked', refused.text)
    assert kept() == before
    assert len(services.audit.history(SUBJECT, 10)) == 2


@pytest.mark.parametrize("first", ["accepted", "rejected"])
@pytest.mark.parametrize("second", ["accepted", "rejected"])
def test_of_two_instructors_the_second_is_told_that_there_is_an_answer(
    teacher: FlaskClient, signed_in: SignIn, services: Services, first: str, second: str
) -> None:
    fields = {"say": "present", "version": "0", "reason": "Because."}
    send(teacher, NOTES, CLASS, outcome=first, **fields)
    before = kept()
    slower = signed_in(ADMIN)
    told = followed(slower, send(slower, NOTES, CLASS, outcome=second, **fields))
    assert "has its answer already" in told
    assert kept() == before
    assert (answer_of(services).actor, answer_of(services).outcome) == (TEACHER, first)


def test_an_answer_that_comes_between_look_and_write_wins_and_no_correction_is_kept(
    teacher: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = DynamoCases.keep_with

    def be_slower(cases: DynamoCases, *given: Any) -> bool:
        monkeypatch.setattr(DynamoCases, "keep_with", write)
        services.disputes.reject("physics", DAY, "s1", "You were not there.", ADMIN)
        return write(cases, *given)

    monkeypatch.setattr(DynamoCases, "keep_with", be_slower)
    assert "has its answer already" in followed(teacher, accept(teacher))
    assert get("corrections", session_key=f"physics#{DAY}", student_id="s1") is None
    assert (answer_of(services).actor, answer_of(services).outcome) == (ADMIN, "rejected")


@pytest.mark.parametrize("say", ["present", "absent"], ids=["a correction", "what stands already"])
def test_a_correction_that_comes_between_look_and_write_wins_and_no_answer_is_kept(
    teacher: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch, say: str
) -> None:
    write = DynamoCases.keep_with

    def be_slower(cases: DynamoCases, *given: Any) -> bool:
        monkeypatch.setattr(DynamoCases, "keep_with", write)
        services.corrector.correct(f"physics#{DAY}", "s1", Said(Status.EXCUSED), ADMIN, "Ill", 0)
        return write(cases, *given)

    monkeypatch.setattr(DynamoCases, "keep_with", be_slower)
    refused = accept(teacher, say)
    assert refused.status_code == 409
    assert "excused stands now" in words(refused.text)
    assert services.disputes.case("physics", DAY, "s1").open


def test_a_run_that_decides_the_row_anew_meanwhile_is_no_conflict(
    app: Flask, teacher: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = DynamoCases.keep_with

    def be_slower(cases: DynamoCases, *given: Any) -> bool:
        monkeypatch.setattr(DynamoCases, "keep_with", write)
        put("attendance", row_item("physics", DAY, "s1", "review"))
        return write(cases, *given)

    monkeypatch.setattr(DynamoCases, "keep_with", be_slower)
    followed(teacher, accept(teacher))
    assert (row(app).decided, row(app).status) == ("review", "present")
    assert answer_of(services).status == "present"


def test_nothing_is_accepted_before_it_is_said_what_is_right(teacher: FlaskClient) -> None:
    before = kept()
    refused = send(teacher, NOTES, CLASS, outcome="accepted", reason="Yes.", version="0")
    assert refused.status_code == 422
    assert "Choose what is right, then accept the note." in words(refused.text)
    assert 'value="Yes."' in refused.text
    assert kept() == before


@pytest.mark.parametrize("outcome", ["accepted", "rejected"])
@pytest.mark.parametrize("reason", ["x" * (MAX_ANSWER + 1), "bell\x07", "\u202ereversed"])
def test_what_is_no_answer_is_refused_with_advice(teacher: FlaskClient, outcome: str, reason: str) -> None:
    before = kept()
    refused = send(teacher, NOTES, CLASS, outcome=outcome, reason=reason, say="present", version="0")
    assert refused.status_code == 422
    assert f"in at most {MAX_ANSWER} plain characters" in words(refused.text)
    assert kept() == before


def test_the_longest_answer_fits_into_the_reason(app: Flask, teacher: FlaskClient) -> None:
    followed(teacher, accept(teacher, reason="é" * MAX_ANSWER))
    correction = row(app).correction
    assert correction
    assert correction.reason
    assert correction.reason.endswith("é" * MAX_ANSWER)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"outcome": ""},
        {"outcome": "maybe"},
        {"outcome": "accepted", "say": "review", "version": "0"},
        {"outcome": "accepted", "say": "undo", "version": "0"},
        {"outcome": "accepted", "say": "present"},
        {"outcome": "accepted", "say": "present", "version": "-1"},
        {"outcome": "accepted", "say": "present", "version": "²"},
        {"outcome": "accepted", "say": "present", "version": "9" * 50},
    ],
)
def test_a_form_that_no_page_makes_is_refused(teacher: FlaskClient, fields: dict[str, str]) -> None:
    before = kept()
    assert send(teacher, NOTES, CLASS, **fields).status_code == 400
    assert kept() == before


def test_a_note_of_who_is_off_the_register_can_only_be_rejected(teacher: FlaskClient, services: Services) -> None:
    put("attendance", row_item("physics", DAY, "s2", "present"))
    delete("attendance", session_key=f"physics#{DAY}", student_id="s1")  # as a run does after the roster was changed
    page = teacher.get(CLASS).text
    assert "can only be rejected" in page
    assert 'value="accepted"' not in page
    refused = accept(teacher)
    assert refused.status_code == 422
    assert "not on the register" in words(refused.text)
    followed(teacher, send(teacher, NOTES, CLASS, outcome="rejected", reason="You are not in this course."))
    assert answer_of(services).outcome == "rejected"


def test_answers_of_former_times_stay_readable(services: Services, signed_in: SignIn) -> None:
    item = get("corrections", session_key=f"#notes#physics#{DAY}", student_id="#s1")
    assert item
    answer = {"outcome": "accepted", "reason": "w" * MAX_NOTE, "actor": TEACHER, "at": "2026-03-03T10:00:00+00:00"}
    put("corrections", item | {"notes": [item["notes"][0] | {"answer": answer}]})
    said = answer_of(services)
    assert (said.status, said.late) == (None, False)
    page = words(signed_in(STUDENT).get(OWN).text)
    assert "Accepted" in page
    assert "Accepted as" not in page
    assert "w" * MAX_NOTE in page


def test_every_control_of_a_note_has_a_name(teacher: FlaskClient) -> None:
    page = teacher.get(CLASS).text
    form = page[page.index('<form class="card reading" id="note-s1"') :].partition("</form>")[0]
    for say in ("present", "late", "absent", "excused"):
        assert f'<label class="form-check-label" for="right-s1-{say}">{say.capitalize()}</label>' in form
        assert f'id="right-s1-{say}" name="say" value="{say}" required' in form
    assert '<label class="form-label" for="answer-s1">' in form
    assert 'aria-label="Accept Zoë O&#39;Brien\'s note"' in form
    assert "The register says absent" in words(form)
    assert form.count("formnovalidate") == 1  # who rejects needs not say what is right
    assert " style=" not in form


def test_a_note_about_a_row_of_a_later_page_leads_there(teacher: FlaskClient) -> None:
    for number in range(ROWS_PER_PAGE):
        put("attendance", row_item("physics", DAY, f"r{number:03}", "absent", student_name="A"))
    assert f'href="{CLASS}?page=2#row-s1"' in teacher.get(CLASS).text
    refused = send(teacher, f"{NOTES}?page=2", CLASS, outcome="accepted", version="0")
    assert 'id="row-s1"' in refused.text
    assert accept(teacher).headers["Location"] == f"{CLASS}?page=2#row-s1"
