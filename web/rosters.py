"""Who is on a course's roster: adding, dates, taking off, and the roster as a table in both directions."""

from dataclasses import dataclass

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from attendance.courses import ROSTER_COLUMNS, enrolment, roster_cells, roster_lines
from attendance.csvfile import Line, decode, write_table
from attendance.errors import RollcallError
from attendance.keys import UNFILED
from attendance.register import CourseInfo
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
    """Put a registered student on the roster, or change the dates and section there."""
    _course(course_id)
    cells = {name: request.form.get(name, "").strip() for name in ROSTER_COLUMNS}
    found = services().students.students([cells["student_id"]]) if cells["student_id"] else {}
    try:
        entry = enrolment(cells, {student.student_id: student.student_name for student in found.values()})
    except RollcallError as error:
        flash(str(error), "danger")
    else:
        services().courses.put_on_roster(course_id, entry, account().email)
        flash(f"{entry.student_name} is on the roster.", "success")
    return redirect(url_for("courses.students", course_id=course_id))


@blueprint.post("/courses/<course_id>/students/<student_id>/off")
def take_off(course_id: str, student_id: str) -> ResponseReturnValue:
    """Take a student off the roster; nobody leaves the default course but by removal."""
    _course(course_id)
    if course_id == services().settings.default_course_id:
        abort(400)
    services().courses.take_off_roster(course_id, student_id, account().email)
    flash(f"Student {student_id} is off the roster. Past rows stay; nothing was erased.", "success")
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
    for start in in_time(range(0, len(lines), BATCH), TOO_MANY):
        batch = lines[start : start + BATCH]
        found = services().students.students([line.cells["student_id"] for line in batch if line.cells["student_id"]])
        names = {student.student_id: student.student_name for student in found.values()}
        outcomes += [_put_line(course_id, line, names) for line in batch]
    return outcomes


def _put_line(course_id: str, line: Line, names: dict[str, str]) -> LineOutcome:
    student_id = line.cells["student_id"][:64]
    try:
        services().courses.put_on_roster(course_id, enrolment(line.cells, names), account().email)
    except RollcallError as error:
        return LineOutcome(line.number, student_id, str(error))
    return LineOutcome(line.number, student_id)


def _course(course_id: str) -> CourseInfo:
    """The course, if this account may change its roster."""
    require_course(course_id)
    course = store().course(course_id)
    if course is None or course_id == UNFILED:
        abort(404)
    return course
