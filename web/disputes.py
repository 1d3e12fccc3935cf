"""The instructor's side of students' notes: those that wait for an answer, and the answers."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm

from attendance.disputes import Case, DisputeError, Outcome
from attendance.keys import UNFILED
from attendance.register import Session
from web import session_page
from web.courses import visible_course, visible_session
from web.security import account, store
from web.services import services

blueprint = Blueprint("disputes", __name__)


@blueprint.get("/courses/<course_id>/notes")
def index(course_id: str) -> ResponseReturnValue:
    """A course's notes that wait for an answer, the oldest class first."""
    course = visible_course(course_id)
    cases = services().disputes.open_in(course_id)
    return render_template("disputes/index.html", course=course, cases=cases, names=_names(cases))


@blueprint.post("/courses/<course_id>/sessions/<session_id>/notes/<student_id>")
def answer(course_id: str, session_id: str, student_id: str) -> ResponseReturnValue:
    """Answer a note; an accepted one leads on to its row, to be corrected there."""
    _, session = visible_session(course_id, session_id)
    accepted = request.form.get("outcome") == Outcome.ACCEPTED.value
    outcome = Outcome.ACCEPTED if accepted else Outcome.REJECTED
    reason = request.form.get("reason", "")
    try:
        services().disputes.answer(course_id, session_id, student_id, outcome, reason, account().email)
    except DisputeError as error:
        flash(str(error), "warning")
        return redirect(url_for("courses.session", course_id=course_id, session_id=session_id, _anchor="notes"))
    flash("Accepted. Now say here what is right." if accepted else "The student will read your answer.", "success")
    return redirect(
        url_for(
            "courses.session",
            course_id=course_id,
            session_id=session_id,
            page=session_page.page_number(store().rows(session), student_id),
            _anchor=f"row-{student_id}" if accepted else "notes",
        )
    )


@blueprint.app_template_global()
def has_open_notes(course_id: str) -> bool:
    """Whether a note of the course waits for an answer."""
    return course_id != UNFILED and bool(services().disputes.open_in(course_id, limit=1))


@blueprint.app_template_global()
def open_notes(session: Session) -> list[tuple[Case, str]]:
    """A session's notes that wait for an answer, each with the student's name; for the session's page."""
    cases = services().disputes.open_in(session.course_id, session.session_id)
    names = _names(cases)
    return [(case, names.get(case.student_id, case.student_id)) for case in cases]


@blueprint.app_template_global()
def answer_form() -> FlaskForm:
    """Only the form token."""
    return FlaskForm(formdata=None)


def _names(cases: Sequence[Case]) -> Mapping[str, str]:
    found = services().students.students([case.student_id for case in cases])
    return {student_id: student.student_name for student_id, student in found.items()}
