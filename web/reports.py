"""Reports of a course: students by sessions, and who is at risk."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import TypeVar

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from attendance.courses import MOST_CLASSES
from attendance.errors import RollcallError
from attendance.keys import UNFILED
from attendance.register import CourseInfo
from attendance.reports import Limits, all_records, presence, records, share, to_come
from attendance.rows_log import FIRST_DAY, LAST_DAY, LoggedSession
from web.charts import presence_chart, term_chart
from web.fields import check_day, whole
from web.places import cursor
from web.security import require_course, store
from web.services import services

MOST_SESSIONS = 60
"""Sessions of a page, the newest: a term of four classes a week. Each is a Query or two."""
STUDENTS_PER_PAGE = 50
STUDENTS_AT_ONCE = 200
"""Students whose rows of a session are read with one Query."""
PARTS = 20
"""Bars of the chart of a session."""
READS = 60
"""Reads of rosters and sessions' rows that a page of the list of students at risk takes."""
USUAL_PERCENT, USUAL_IN_A_ROW = 80, 3
"""Who is at risk unless the form says otherwise: below this percentage, or with so many absences in a row."""

Usual = TypeVar("Usual", int, int | None)

blueprint = Blueprint("reports", __name__)


@dataclass(frozen=True)
class Period:
    """Dates, both inclusive, and the fields of the form that gave them."""

    first: str
    last: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Classes:
    """The classes of a page.

    Attributes:
        period: their dates.
        sessions: the newest of them, the oldest of these first.
        are_more: whether there are more in these dates.
        planned: how many are planned in these dates, None where that is not known.
        to_come: how many of those are still to come, None where that is not known.
    """

    period: Period
    sessions: Sequence[LoggedSession]
    are_more: bool
    planned: int | None
    to_come: int | None


@blueprint.get("/courses/<course_id>/matrix")
def matrix(course_id: str) -> ResponseReturnValue:
    """Students by sessions, with the percentage so far and the one that is still possible."""
    course = course_of(course_id)
    classes = _classes(course)
    page = store().roster(course_id, cursor(), STUDENTS_PER_PAGE)
    shares = [share(session) for session in classes.sessions]
    return render_template(
        "reports/matrix.html",
        course=course,
        classes=classes,
        shares=shares,
        chart=term_chart([session.place.date for session in classes.sessions], shares),
        records=records(services().log, page.items, classes.sessions),
        cursor=page.cursor,
    )


@blueprint.get("/courses/<course_id>/at-risk")
def at_risk(course_id: str) -> ResponseReturnValue:
    """Students below a percentage, also those who cannot reach it any more, or with too many absences in a row."""
    course = course_of(course_id)
    classes = _classes(course)
    percent, in_a_row = _number("percent", 0, 100, USUAL_PERCENT), _number("in_a_row", 1, 100, USUAL_IN_A_ROW)
    limits, sessions = Limits(percent, in_a_row, classes.to_come), classes.sessions
    roster = partial(store().roster, course_id, limit=STUDENTS_AT_ONCE)
    pages = all_records(services().log, roster, sessions, cursor())
    read = list(islice(pages, max(1, READS // (len(sessions) + 1)))) if sessions else []
    found = [(one, risks) for one in chain.from_iterable(page.items for page in read) if (risks := limits.risks(one))]
    return render_template(
        "reports/at_risk.html",
        course=course,
        classes=classes,
        limits=limits,
        found=sorted(found, key=lambda one: (one[0].percent or 0, one[0].student.student_id)),
        cursor=read[-1].cursor if read else None,
    )


@blueprint.get("/courses/<course_id>/sessions/<session_id>/presence")
def presence_of(course_id: str, session_id: str) -> ResponseReturnValue:
    """How many students were in the room, over a session of one recording."""
    course = course_of(course_id)
    session = store().session(course_id, session_id)
    if session is None:
        abort(404)
    lengths = [video.duration_ms for video in session.in_use]
    duration_ms = lengths[0] if len(lengths) == 1 else None
    parts = presence(store().rows(session), duration_ms, PARTS) if duration_ms else []
    chart = presence_chart([start for start, _ in parts], [number for _, number in parts])
    return render_template("reports/presence.html", course=course, session=session, parts=parts, chart=chart)


def course_of(course_id: str) -> CourseInfo:
    """The course, if this account may see it; else the answer is 403 or 404."""
    require_course(course_id)
    course = store().course(course_id)
    if course is None or course_id == UNFILED:
        abort(404)
    return course


def period() -> Period:
    """The dates that the request's address names; 400 where they are none."""
    given = {name: request.args.get(name, "").strip() for name in ("from", "to")}
    try:
        fields = {name: check_day(text) for name, text in given.items() if text}
    except RollcallError:
        abort(400)
    return Period(fields.get("from", FIRST_DAY), fields.get("to", LAST_DAY), fields)


def sessions_of(course_id: str, asked: Period) -> list[LoggedSession]:
    """Every session of these dates, the oldest first."""
    return list(_newest_first(course_id, asked))[::-1]


def classes_to_come(course: CourseInfo) -> int | None:
    """How many of a course's planned classes are still to come, None where that is not known."""
    if course.planned_classes is None:
        return None
    held = _newest_first(course.course_id, Period(FIRST_DAY, LAST_DAY, {}))
    return to_come(course.planned_classes, held, course.sections)


def _classes(course: CourseInfo) -> Classes:
    """The classes that the request's address asks for.

    The number that the course keeps is of the whole term: with other dates only the form says how many are planned.
    """
    asked = period()
    sessions, are_more = _newest(course.course_id, asked)
    usual = None if asked.fields else course.planned_classes
    planned = _number("planned", 0, MOST_CLASSES, usual)
    left = None if are_more else to_come(planned, sessions, course.sections)
    return Classes(asked, sessions, are_more, planned, left)


def _newest(course_id: str, asked: Period) -> tuple[list[LoggedSession], bool]:
    """The newest sessions of these dates, the oldest of them first, and whether there are more."""
    found = list(islice(_newest_first(course_id, asked), MOST_SESSIONS + 1))
    return found[:MOST_SESSIONS][::-1], len(found) > MOST_SESSIONS


def _newest_first(course_id: str, asked: Period) -> Iterator[LoggedSession]:
    """The sessions of these dates, without those whose videos were all moved away."""
    found = chain.from_iterable(services().log.sessions_of(course_id, asked.first, asked.last))
    return (session for session in found if not session.is_vacated)


def _number(name: str, least: int, most: int, usual: Usual) -> int | Usual:
    """A whole number of the request's address; 400 where it is none within the bounds."""
    text = request.args.get(name, "").strip()
    if not text:
        return usual
    number = whole(text, least, most)
    return abort(400) if number is None else number
