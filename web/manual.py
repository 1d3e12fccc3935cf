"""The roll taken by hand: a session without a video, as good as any other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pytz
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired

from attendance.aws.compose import utc_now
from attendance.corrections import Call
from attendance.errors import RollcallError, UnprocessedItemsError
from attendance.register import CourseInfo, RegisterRow, Session
from attendance.sessions import close_session, open_session
from attendance.users import Role
from web.courses import visible_session
from web.fields import check_past_day, keeps
from web.formatting import class_name
from web.review import said_of
from web.security import account, store
from web.services import services
from web.session_page import SAYINGS, page_of

STUDENTS_PER_PAGE = 60
"""Of a form: saving one takes about a second."""

blueprint = Blueprint("manual", __name__)


class RollCallForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """Which class the roll is taken of."""

    course = SelectField("Course", [InputRequired("Choose a course.")])
    date = StringField("Date of the class", [keeps(check_past_day)])
    slot = StringField("Which class of that day")


@dataclass(frozen=True)
class Line:
    """A student of the form: what counts now, and why what was said was not kept.

    Attributes:
        sent: what was said, where it may just be sent again.
    """

    row: RegisterRow
    problem: str = ""
    sent: str = ""

    @property
    def says(self) -> str:
        """The chosen answer, empty where nobody has said anything yet."""
        correction = self.row.correction
        if correction is None:
            return ""
        return "late" if correction.late else correction.status.value

    @property
    def chosen(self) -> str:
        """The answer that the form shows."""
        return self.sent or self.says


@blueprint.route("/roll-call", methods=["GET", "POST"])
def choose() -> ResponseReturnValue:
    """Choose course and date; the session is opened, or found again."""
    if account().role is Role.STUDENT:
        abort(403)
    courses = store().courses_of(account())
    form = RollCallForm(formdata=request.form if request.method == "POST" else None)
    form.course.choices = [(course.course_id, course.course_name) for course in courses]
    if request.method == "GET":
        _begin(form, courses)
    elif form.validate_on_submit():
        try:
            place, _ = open_session(
                form.course.data, form.date.data, (form.slot.data or "").strip() or None, services().recovery.services
            )
        except RollcallError as error:
            form.slot.errors = [str(error)]
        else:
            return redirect(url_for("manual.take", course_id=place.course_id, session_id=place.session_id), code=303)
    status = 422 if request.method == "POST" else 200
    return render_template("sessions/choose.html", form=form, has_courses=bool(courses)), status


@blueprint.get("/courses/<course_id>/sessions/<session_id>/roll-call")
def take(course_id: str, session_id: str) -> ResponseReturnValue:
    """The roster with an answer to be chosen for each student."""
    course, session = visible_session(course_id, session_id)
    return _to_its_register(session) if session.in_use else _page(course, session, {})


@blueprint.post("/courses/<course_id>/sessions/<session_id>/roll-call")
def save(course_id: str, session_id: str) -> ResponseReturnValue:
    """Keep every answer that was changed; what somebody else said meanwhile stays and is shown."""
    course, session = visible_session(course_id, session_id)
    if session.in_use:
        return _to_its_register(session)
    lines = [Line(row) for row in _rows(session)]
    calls = [call for line in lines if (call := _call(line))]
    refused = services().corrector.call_roll(session.session_key, calls, account().email)
    if refused:
        return _page(course, session, refused), 409
    number, pages = page_of(len(lines), STUDENTS_PER_PAGE)
    if number < pages:
        flash("Saved. Go on with the next students.", "success")
        return redirect(url_for("manual.take", course_id=course_id, session_id=session_id, page=number + 1), code=303)
    flash("The roll is saved.", "success")
    return redirect(url_for("courses.session", course_id=course_id, session_id=session_id), code=303)


@blueprint.post("/courses/<course_id>/sessions/<session_id>/roll-call/close")
def close(course_id: str, session_id: str) -> ResponseReturnValue:
    """Take back a roll that was opened by mistake."""
    visible_session(course_id, session_id)
    try:
        close_session(course_id, session_id, account().email, services().recovery)
    except RollcallError as error:
        flash(str(error), "warning")
        return redirect(url_for("courses.session", course_id=course_id, session_id=session_id), code=303)
    flash(f"The roll of {class_name(session_id)} is taken back: its rows are gone.", "success")
    return redirect(url_for("courses.course", course_id=course_id), code=303)


def _begin(form: RollCallForm, courses: Sequence[CourseInfo]) -> None:
    """Fill an empty form in: the course of the address, and today in that course's zone."""
    asked = request.args.get("course", "")
    chosen = next((course for course in courses if course.course_id == asked), courses[0] if courses else None)
    zone = chosen.time_zone if chosen else services().settings.default_time_zone
    form.course.data = chosen.course_id if chosen else None
    form.date.data = datetime.astimezone(utc_now(), pytz.timezone(zone)).date().isoformat()


def _to_its_register(session: Session) -> ResponseReturnValue:
    """A class with a video has a decided register: it is corrected, not called."""
    flash("This class has a video: correct what it says row by row.")
    return redirect(url_for("courses.session", course_id=session.course_id, session_id=session.session_id))


def _rows(session: Session) -> list[RegisterRow]:
    """By name, as a roll is called."""
    return sorted(store().rows(session), key=lambda row: (row.student_name.casefold(), row.student_id))


def _call(line: Line) -> Call | None:
    """What the form says of a student, None where that stands already or nothing is chosen."""
    say = request.form.get(f"say-{line.row.student_id}", "")
    version = request.form.get(f"version-{line.row.student_id}", "")
    if not say or say == line.says:
        return None
    if say not in SAYINGS or not (version.isascii() and version.isdigit() and len(version) < 10):
        abort(400)
    return Call(line.row.student_id, said_of(say, line.row), int(version))


def _line(row: RegisterRow, refused: RollcallError | None) -> Line:
    was_too_busy = isinstance(refused, UnprocessedItemsError)
    return Line(row, str(refused or ""), request.form.get(f"say-{row.student_id}", "") if was_too_busy else "")


def _page(course: CourseInfo, session: Session, refused: Mapping[str, RollcallError]) -> str:
    lines = [_line(row, refused.get(row.student_id)) for row in _rows(session)]
    number, pages = page_of(len(lines), STUDENTS_PER_PAGE)
    return render_template(
        "sessions/roll_call.html",
        course=course,
        session=session,
        lines=lines[(number - 1) * STUDENTS_PER_PAGE : number * STUDENTS_PER_PAGE],
        total=len(lines),
        number=number,
        pages=pages,
        sayings=SAYINGS,
    )
