"""Correcting a session's register, row by row, and giving names to unknown faces."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from attendance.corrections import (
    CorrectionConflictError,
    CorrectionError,
    InvalidCorrectionError,
    NotOnRegisterError,
    ReasonNeededError,
    Said,
    described,
)
from attendance.errors import RollcallError
from attendance.model import Standing, Status
from attendance.register import CourseInfo, RegisterRow, Session
from web import session_page
from web.courses import runs_of, visible_session
from web.security import account, store
from web.services import services
from web.session_page import SAYINGS, Problem

UNDO = "undo"
MOST_ENTRIES = 200
"""Changes of one row that its history shows."""
RECOGNISED = "Recognised in the video."
"""The reason of a correction that gives a name to an unknown face: its moment is kept with it."""

_STATUSES: dict[type[CorrectionError], int] = {ReasonNeededError: 200, CorrectionConflictError: 409}
"""That a reason is asked for is no error of the request."""

blueprint = Blueprint("review", __name__)


@dataclass(frozen=True)
class _Form:
    """What the form of a row says, and what it was made from."""

    student_id: str
    say: str
    reason: str
    version: int


def said_of(say: str, row: RegisterRow) -> Said:
    """What a button says of a student.

    Present is present all the time; who is said to have come late may still have left early. The moment in which a
    person recognised the student stays with both.

    Args:
        say: one of `SAYINGS`.
        row: the student's, as it counts so far.
    """
    evidence = row.correction.evidence if row.correction else None
    if say == "late":
        return Said(Status.PRESENT, late=True, left_early=row.left_early, evidence=evidence)
    return Said(Status.PRESENT, evidence=evidence) if say == "present" else Said(Status(say))


def row_of(student_id: str, rows: Iterable[RegisterRow]) -> RegisterRow | None:
    """A student's row, None where the register has none."""
    return next((row for row in rows if row.student_id == student_id), None)


@blueprint.get("/courses/<course_id>/sessions/<session_id>/rows/<student_id>")
def history(course_id: str, session_id: str, student_id: str) -> ResponseReturnValue:
    """Everything that was ever said of a student's row, the newest first."""
    course, session = visible_session(course_id, session_id)
    row = row_of(student_id, store().rows(session)) or abort(404)
    entries = services().audit.history(f"attendance#{session.session_key}#{student_id}", MOST_ENTRIES)
    return render_template("sessions/history.html", course=course, session=session, row=row, entries=entries)


@blueprint.post("/courses/<course_id>/sessions/<session_id>/rows/<student_id>")
def say(course_id: str, session_id: str, student_id: str) -> ResponseReturnValue:
    """Correct a row or undo its correction; whoever is slower than somebody else is shown what stands."""
    course, session = visible_session(course_id, session_id)
    form = _form(student_id)
    rows = store().rows(session)
    row = row_of(student_id, rows)
    if row is None:
        flash("This student is not on the register of this session.", "warning")
        return redirect(_session_address(session), code=303)
    try:
        standing = _change(session, row, form)
    except NotOnRegisterError as error:
        flash(str(error), "warning")
    except CorrectionError as error:
        return _refused(course, session, form, error)
    except RollcallError as error:
        flash(str(error), "warning")
    else:
        counts = described(standing.correction) or "what was decided"
        flash(f"Student {student_id}: {counts} counts now.", "success")
    return redirect(_row_address(session, rows, student_id), code=303)


@blueprint.post("/courses/<course_id>/sessions/<session_id>/unknown/<video_id>/<int:person>")
def assign(course_id: str, session_id: str, video_id: str, person: int) -> ResponseReturnValue:
    """Say who an unknown face is: that student is present, with the moment as evidence."""
    _, session = visible_session(course_id, session_id)
    rows = store().rows(session)
    face = next((one for one in session_page.unknown_faces(session, rows) if one.is_(video_id, person)), None)
    if face is None:
        abort(404)
    typed = request.form.get("student", "").strip()
    row = _named(rows, typed)
    if row is None:
        flash(f"Nobody on this register is called “{typed[:100]}”: choose a student from the list.", "warning")
    elif row.correction:
        flash(
            f"{row.correction.actor} said {described(row.correction)} of {row.student_name} already. "
            "Undo that first if it is wrong.",
            "warning",
        )
    elif row.status is Status.PRESENT:
        flash(f"{row.student_name} counts as present already.", "warning")
    else:
        return _recognise(session, rows, row, Said(Status.PRESENT, evidence=face.stranger.evidence))
    return redirect(_session_address(session, anchor=f"unknown-{video_id}-{person}"), code=303)


def _recognise(session: Session, rows: Sequence[RegisterRow], row: RegisterRow, said: Said) -> ResponseReturnValue:
    try:
        services().corrector.correct(
            session.session_key, row.student_id, said, account().email, RECOGNISED, row.version
        )
    except RollcallError as error:
        flash(str(error), "warning")
    else:
        flash(f"{row.student_name} is present, with this moment as the evidence.", "success")
    return redirect(_row_address(session, rows, row.student_id), code=303)


def _form(student_id: str) -> _Form:
    """The form of a row; 400 for one that no page of ours makes."""
    say, version = request.form.get("say", ""), request.form.get("version", "")
    if say not in (*SAYINGS, UNDO) or not (version.isascii() and version.isdigit() and len(version) < 10):
        abort(400)
    return _Form(student_id, say, request.form.get("reason", ""), int(version))


def _change(session: Session, row: RegisterRow, form: _Form) -> Standing:
    corrector, key, actor = services().corrector, session.session_key, account().email
    if form.say == UNDO:
        return corrector.undo(key, form.student_id, actor, form.reason, form.version)
    return corrector.correct(key, form.student_id, said_of(form.say, row), actor, form.reason, form.version)


def _refused(course: CourseInfo, session: Session, form: _Form, error: CorrectionError) -> ResponseReturnValue:
    """The page again, with the row as it stands now and what is to be done."""
    wants_reason = isinstance(error, ReasonNeededError | InvalidCorrectionError) and form.say != UNDO
    problem = Problem(form.student_id, str(error), form.say if wants_reason else "")
    status = next((code for kind, code in _STATUSES.items() if isinstance(error, kind)), 422)
    return session_page.render(course, session, runs_of(session), problem=problem), status


def _named(rows: Sequence[RegisterRow], typed: str) -> RegisterRow | None:
    """The row of a student by id, or by the whole name where only one has it."""
    named = [row for row in rows if row.student_id == typed]
    named = named or [row for row in rows if row.student_name.casefold() == typed.casefold()]
    return named[0] if len(named) == 1 else None


def _row_address(session: Session, rows: Sequence[RegisterRow], student_id: str) -> str:
    number = session_page.page_number(rows, student_id)
    return _session_address(session, anchor=f"row-{student_id}", page=number)


def _session_address(session: Session, anchor: str | None = None, page: int | None = None) -> str:
    return url_for(
        "courses.session", course_id=session.course_id, session_id=session.session_id, page=page, _anchor=anchor
    )
