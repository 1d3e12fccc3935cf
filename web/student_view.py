"""A student's own view: own rows, what they rest on, and "this is wrong".

What a row rests on is told, not shown: the moment's picture has other people in it, who never agreed to be looked at by
each of their fellow students. A student sees the own enrolment photo, the time in the recording and the similarity; who
doubts the row writes a note, and the instructor looks at the video.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import TextAreaField

from attendance.disputes import MAX_NOTE
from attendance.errors import RollcallError
from attendance.register import CourseInfo
from attendance.students import CourseRow, Student, Tally, belonging, tally
from attendance.users import Role
from web.reports import classes_to_come
from web.security import account, account_key, limiter, store
from web.services import services

NOTE_RATE = "10 per minute; 50 per day"

blueprint = Blueprint("student_view", __name__)


class NoteForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """What a student says against a row."""

    note = TextAreaField("What is wrong?")


@dataclass(frozen=True)
class OwnCourse:
    """A course as its student sees it.

    Attributes:
        total: the own rows counted.
        to_come: planned classes that are still to come; None where that is not known, or not for the student any more.
        rows: the newest first.
    """

    course: CourseInfo
    total: Tally
    to_come: int | None
    rows: Sequence[CourseRow]


@blueprint.get("/my-attendance")
def index() -> ResponseReturnValue:
    """Own rows by course, each course's newest first, with the percentage."""
    student = _self()
    if student is None:
        return render_template("students/unlinked.html")
    enrolled = services().students.enrolments_of(student.student_id)
    rows = belonging(services().students.history(student.student_id), enrolled)
    return render_template(
        "students/mine.html",
        student=student,
        courses=[_own_course(course, rows, enrolled) for course in _courses(enrolled, rows)],
        cases={(case.course_id, case.session_id): case for case in services().disputes.cases_of(student.student_id)},
    )


@blueprint.get("/my-attendance/<course_id>/<session_id>")
def show(course_id: str, session_id: str) -> ResponseReturnValue:
    """One own row: what it rests on, and the notes about it."""
    return _page(course_id, session_id, NoteForm(formdata=None), "")


@blueprint.post("/my-attendance/<course_id>/<session_id>")
@limiter.limit(NOTE_RATE, key_func=account_key)
def write(course_id: str, session_id: str) -> ResponseReturnValue:
    """Take a note about one own row."""
    student, _ = _own_row(course_id, session_id)
    form = NoteForm()
    try:
        actor = account().audited_as
        services().disputes.file(course_id, session_id, student.student_id, form.note.data or "", actor)
    except RollcallError as error:
        return _page(course_id, session_id, form, str(error)), 422
    flash("Your note is with your instructor. The answer will be on this page.", "success")
    return redirect(url_for("student_view.show", course_id=course_id, session_id=session_id))


@blueprint.get("/my-photo/<digest>")
def photo(digest: str) -> ResponseReturnValue:
    """An own photo: the browser is sent to the bucket, with an address that works for a minute."""
    student = _self()
    stored = next((stored for stored in student.photos if stored.digest == digest), None) if student else None
    return redirect(services().photos.address(stored.key)) if stored else abort(404)


def _page(course_id: str, session_id: str, form: NoteForm, problem: str) -> str:
    student, row = _own_row(course_id, session_id)
    course = store().course(course_id) or CourseInfo(course_id, course_id, "UTC")
    return render_template(
        "students/own_row.html",
        student=student,
        course=course,
        entry=row,
        case=services().disputes.case(course_id, session_id, student.student_id),
        form=form,
        problem=problem,
        most=MAX_NOTE,
        is_sent=request.method == "POST",
    )


def _self() -> Student | None:
    """The student whose record this account shows; None where there is none (any more)."""
    user = account()
    if user.role is not Role.STUDENT:
        abort(403)
    found = services().students.student(user.student_id) if user.student_id else None
    return None if found is None or found.erasing_since else found


def _own_row(course_id: str, session_id: str) -> tuple[Student, CourseRow]:
    """The student of this account and the row in a session; 404 without one."""
    student = _self()
    if student is None:
        abort(404)
    wanted = (course_id, session_id)
    rows = services().students.history(student.student_id)
    row = next((row for row in rows if (row.course_id, row.session_id) == wanted), None)
    return (student, row) if row else abort(404)


def _courses(enrolled: Iterable[str], rows: Sequence[CourseRow]) -> list[CourseInfo]:
    """The student's courses; that of all students only where there are rows in it."""
    default = services().settings.default_course_id
    with_rows = {row.course_id for row in rows}
    ids = sorted(with_rows.union(enrolled) - ({default} - with_rows))
    found = {course.course_id: course for course in store().courses(ids)}
    return [found.get(course_id) or CourseInfo(course_id, course_id, "UTC") for course_id in ids]


def _own_course(course: CourseInfo, rows: Iterable[CourseRow], enrolled: Container[str]) -> OwnCourse:
    own = [row for row in rows if row.course_id == course.course_id]
    to_come = classes_to_come(course) if own and course.course_id in enrolled else None
    return OwnCourse(course, tally(own), to_come, sorted(own, key=lambda row: row.session_id, reverse=True))
