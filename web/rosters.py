"""Who is on a course's roster: adding, dates, taking off, and the roster as a table in both directions.

Who is on a roster is shown to the course's instructors with photos, so only administrators put somebody new on one.
"""

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from attendance.courses import ROSTER_COLUMNS, NewToCourseError, enrolment, roster_cells, roster_lines
from attendance.csvfile import Line, decode, write_table
from attendance.enrolment import check_id
from attendance.errors import RollcallError
from attendance.keys import UNFILED, is_id
from attendance.model import Enrolment
from attendance.register import CourseInfo
from attendance.users import Role
from web.function_limits import in_time
from web.security import LARGE_FORMS, account, require_course, store
from web.services import services

MAX_CSV_BYTES = 2 * 1024 * 1024
MOST_LINES = 5000
"""Lines of one upload: each is a transaction of its own, and the browser waits."""
BATCH = 100
TOO_MANY = "There are more lines than can be done at once here: send the table in parts of 1,000 lines."

blueprint = Blueprint("rosters", __name__)
LARGE_FORMS["rosters.upload"] = MAX_CSV_BYTES


@dataclass(frozen=True)
class LineOutcome:
    """What became of one line of a table."""

    number: int
    student_id: str
    problem: str = ""


@blueprint.post("/courses/<course_id>/students")
def put(course_id: str) -> ResponseReturnValue:
    """Put a registered student on the roster; who is on it already is changed on a page of its own."""
    _course(course_id)
    cells = _cells()
    student_id = cells.get("student_id", "")
    kept = services().courses.enrolled(course_id, student_id) if is_id(student_id) else None
    if kept:
        flash(f"{kept.student_name} is on the roster already: change the dates and the section here.", "warning")
        return redirect(url_for("rosters.edit", course_id=course_id, student_id=student_id))
    try:
        entry = _put(course_id, cells, _names([student_id]), None)
    except RollcallError as error:
        flash(str(error), "danger")
    else:
        flash(f"{entry.student_name} is on the roster.", "success")
    return redirect(url_for("courses.students", course_id=course_id))


@blueprint.get("/courses/<course_id>/students/<student_id>/enrolment")
def edit(course_id: str, student_id: str) -> ResponseReturnValue:
    """A student's dates and section on the roster, to be changed."""
    course, kept = _enrolled(course_id, student_id)
    return _edit(course, kept, {})


@blueprint.post("/courses/<course_id>/students/<student_id>/enrolment")
def change(course_id: str, student_id: str) -> ResponseReturnValue:
    """Change the dates and section; what the form does not name stays, what it names as empty is emptied."""
    course, kept = _enrolled(course_id, student_id)
    cells = _cells() | {"student_id": student_id}
    try:
        entry = _put(course_id, cells, _names([student_id]), kept)
    except RollcallError as error:
        return _edit(course, kept, cells, str(error)), HTTPStatus.UNPROCESSABLE_ENTITY
    flash(f"{entry.student_name} is changed on the roster.", "success")
    return redirect(url_for("courses.students", course_id=course_id))


@blueprint.post("/courses/<course_id>/students/<student_id>/off")
def take_off(course_id: str, student_id: str) -> ResponseReturnValue:
    """Take a student off the roster; nobody leaves the default course but by removal."""
    _course(course_id)
    if course_id == services().settings.default_course_id:
        abort(400)
    if services().courses.take_off_roster(course_id, student_id, account().email):
        flash(f"Student {student_id} is off the roster. Past rows stay; nothing was erased.", "success")
    else:
        flash(f"There is no student {student_id} on this roster.", "warning")
    return redirect(url_for("courses.students", course_id=course_id))


@blueprint.get("/courses/<course_id>/students.csv")
def download(course_id: str) -> ResponseReturnValue:
    """The roster as a table."""
    _course(course_id)
    table = write_table(ROSTER_COLUMNS, roster_cells(services().courses.roster(course_id)))
    # The byte order mark tells Excel that names are UTF-8.
    answer = Response("\N{ZERO WIDTH NO-BREAK SPACE}" + table, mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{course_id}-roster.csv"'
    return answer


@blueprint.post("/courses/<course_id>/students/csv")
def upload(course_id: str) -> ResponseReturnValue:
    """Put every student of a table on the roster; tells about each line."""
    course = _course(course_id)
    file = request.files.get("table")
    problem, outcomes = "", []
    try:
        lines = roster_lines(decode(file.stream.read())) if file else []
        if len(lines) > MOST_LINES:
            problem = f"The table has more than {MOST_LINES} lines: send it in parts."
        elif not lines:
            problem = "Choose a CSV file with the column student_id."
        else:
            outcomes = _put_lines(course_id, lines)
    except RollcallError as error:
        problem = str(error)
    page = render_template("courses/roster_report.html", course=course, problem=problem, outcomes=outcomes)
    return page, 422 if problem else 200


def _put_lines(course_id: str, lines: list[Line]) -> list[LineOutcome]:
    outcomes = []
    roster = {entry.student_id: entry for entry in services().courses.roster(course_id)}
    for start in in_time(range(0, len(lines), BATCH), TOO_MANY):
        batch = lines[start : start + BATCH]
        names = _names([line.cells["student_id"] for line in batch])
        outcomes += [_put_line(course_id, line, names, roster) for line in batch]
    return outcomes


def _put_line(
    course_id: str, line: Line, names: Mapping[str, str], roster: MutableMapping[str, Enrolment]
) -> LineOutcome:
    student_id = line.cells["student_id"]
    try:
        roster[student_id] = _put(course_id, line.cells, names, roster.get(student_id))
    except RollcallError as error:
        return LineOutcome(line.number, student_id[:64], str(error))
    return LineOutcome(line.number, student_id)


def _put(course_id: str, cells: Mapping[str, str], names: Mapping[str, str], kept: Enrolment | None) -> Enrolment:
    """Keep a student's place on the roster, `kept` as it is; one that stays the same is not written again.

    Raises:
        NewToCourseError: an instructor would put somebody on who never was. Whether there is such a student is not
            told: who is on a roster of an account is shown to it with photos, and only administrators decide that.
        RollcallError: the cells make no place on a roster.
    """
    student_id = check_id(cells.get("student_id", ""), "student id")
    is_known = kept or account().role is Role.ADMIN or services().courses.was_on_roster(course_id, student_id)
    if not is_known:
        raise NewToCourseError(
            f"Student {student_id} was never on this roster: ask an administrator to put them on it."
        )
    entry = enrolment(cells, names, kept)
    if entry != kept:
        services().courses.put_on_roster(course_id, entry, account().email)
    return entry


def _names(student_ids: Iterable[str]) -> dict[str, str]:
    """The names of those who are registered, by id; an id that is none names nobody."""
    found = services().students.students(list(student_ids))
    return {student.student_id: student.student_name for student in found.values()}


def _cells() -> dict[str, str]:
    """The columns of a roster that the form names."""
    return {name: request.form[name].strip() for name in ROSTER_COLUMNS if name in request.form}


def _enrolled(course_id: str, student_id: str) -> tuple[CourseInfo, Enrolment]:
    """The course, and the student's place on its roster; 404 where there is none."""
    course = _course(course_id)
    kept = services().courses.enrolled(course_id, student_id)
    return (course, kept) if kept else abort(404)


def _edit(course: CourseInfo, kept: Enrolment, typed: Mapping[str, str], problem: str = "") -> str:
    return render_template("courses/enrolment.html", course=course, kept=kept, typed=typed, problem=problem)


def _course(course_id: str) -> CourseInfo:
    """The course, if this account may change its roster."""
    require_course(course_id)
    course = store().course(course_id)
    if course is None or course_id == UNFILED:
        abort(404)
    return course
