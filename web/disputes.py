"""The instructor's side of students' notes: those that wait for an answer, and the answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from attendance.corrections import Call, CorrectionConflictError, NotOnRegisterError
from attendance.disputes import MAX_ANSWER, Case, DisputeConflictError, InvalidNoteError, NoOpenNoteError, Outcome
from attendance.errors import RollcallError
from attendance.keys import UNFILED
from attendance.register import RegisterRow, Session
from web import session_page
from web.courses import runs_of, visible_course, visible_session
from web.fields import whole
from web.review import row_of, said_of
from web.security import account, store
from web.services import services
from web.session_page import ROWS_PER_PAGE, SAYINGS, Problem

MOST_VERSIONS = 999_999_999
"""Of a row's correction, as a form can name them."""

blueprint = Blueprint("disputes", __name__)


@dataclass(frozen=True)
class OpenNote:
    """A note that waits for an answer, with its row; without one where the student is on the register no more.

    Attributes:
        page: of the register, on which the row stands; None for the first.
    """

    case: Case
    row: RegisterRow | None
    page: int | None

    @property
    def name(self) -> str:
        """The student's, as the register has it."""
        return self.row.student_name if self.row else self.case.student_id


@blueprint.get("/courses/<course_id>/notes")
def index(course_id: str) -> ResponseReturnValue:
    """A course's notes that wait for an answer, the oldest class first."""
    course = visible_course(course_id)
    cases = services().disputes.open_in(course_id)
    return render_template("disputes/index.html", course=course, cases=cases, names=_names(cases))


@blueprint.post("/courses/<course_id>/sessions/<session_id>/notes/<student_id>")
def answer(course_id: str, session_id: str, student_id: str) -> ResponseReturnValue:
    """Answer a note: accept it and say what is right, or reject it; whoever is slower than somebody else is told."""
    course, session = visible_session(course_id, session_id)
    outcome, reason = request.form.get("outcome", ""), request.form.get("reason", "")
    if outcome not in list(Outcome):
        abort(400)
    try:
        if outcome == Outcome.ACCEPTED:
            services().disputes.accept(course_id, session_id, _call(session, student_id), reason, account().email)
        else:
            services().disputes.reject(course_id, session_id, student_id, reason, account().email)
    except (NoOpenNoteError, DisputeConflictError) as error:
        flash(str(error), "warning")
        return redirect(_address(session, student_id, "notes"), code=303)
    except RollcallError as error:
        problem = Problem(student_id, str(error))
        page = session_page.render(course, session, runs_of(session), note_problem=problem)
        return page, 409 if isinstance(error, CorrectionConflictError) else 422
    if outcome == Outcome.REJECTED:
        flash("Rejected. The student will read your answer.", "success")
        return redirect(_address(session, student_id, "notes"), code=303)
    flash(f"Accepted: {request.form['say']} counts now. The student will read your answer.", "success")
    return redirect(_address(session, student_id, f"row-{student_id}"), code=303)


@blueprint.app_template_global()
def has_open_notes(course_id: str) -> bool:
    """Whether a note of the course waits for an answer."""
    return course_id != UNFILED and bool(services().disputes.open_in(course_id, limit=1))


@blueprint.app_template_global()
def open_notes(session: Session, rows: Sequence[RegisterRow]) -> list[OpenNote]:
    """A session's notes that wait for an answer, for the session's page.

    Args:
        session: the session.
        rows: all of its register, in the order of the pages.
    """
    cases = services().disputes.open_in(session.course_id, session.session_id)
    places = {row.student_id: number for number, row in enumerate(rows)} if cases else {}
    return [_open_note(case, rows, places.get(case.student_id)) for case in cases]


@blueprint.app_template_global()
def longest_answer() -> int:
    """Characters."""
    return MAX_ANSWER


def _open_note(case: Case, rows: Sequence[RegisterRow], place: int | None) -> OpenNote:
    if place is None:
        return OpenNote(case, None, None)
    return OpenNote(case, rows[place], place // ROWS_PER_PAGE + 1 if place >= ROWS_PER_PAGE else None)


def _call(session: Session, student_id: str) -> Call:
    """What the form says is right of a student; 400 for one that no page of ours makes."""
    say, version = request.form.get("say", ""), whole(request.form.get("version", ""), 0, MOST_VERSIONS)
    if (say and say not in SAYINGS) or version is None:
        abort(400)
    if not say:
        raise InvalidNoteError("Choose what is right, then accept the note.")
    row = row_of(student_id, store().rows(session))
    if row is None:
        raise NotOnRegisterError("This student is not on the register of this session.")
    return Call(student_id, said_of(say, row), version)


def _address(session: Session, student_id: str, anchor: str) -> str:
    """The session's page, the one with the student's row."""
    return url_for(
        "courses.session",
        course_id=session.course_id,
        session_id=session.session_id,
        page=session_page.page_number(store().rows(session), student_id),
        _anchor=anchor,
    )


def _names(cases: Sequence[Case]) -> Mapping[str, str]:
    found = services().students.students([case.student_id for case in cases])
    return {student_id: student.student_name for student_id, student in found.items()}
