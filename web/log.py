"""The attendance log: every row an account may see, filtered, page by page."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from attendance.aws.compose import utc_now
from attendance.errors import RollcallError
from attendance.keys import is_id
from attendance.model import Status
from attendance.register import STATUS_ORDER
from attendance.rows_log import FIRST_DAY, LAST_DAY, BadCursorError, Cursor, LogFilter, Origin, page, walk
from attendance.users import Role
from web.fields import check_day
from web.security import account, require_course
from web.services import services

PAGE_ROWS = 100
LOOK_SECONDS = 0.12
"""How long a page looks into the tables, by one or two Queries at a time, before it shows what it found."""
USUAL_DAYS = 14
"""How far the log of several courses goes back unless a date is given."""
MOST_DAYS = 366
"""Days the log of several courses can take: each is a Query of its own."""
FIELDS = ("course", "student", "from", "to", "status", "source")

blueprint = Blueprint("log", __name__)


class FilterError(RollcallError):
    """The fields of the form are no filter; the text says what to do."""


@dataclass(frozen=True)
class Asked:
    """What a request asks for: the form's fields as they are shown, and what they mean."""

    fields: Mapping[str, str]
    wanted: LogFilter


@blueprint.get("/log")
def index() -> ResponseReturnValue:
    """A page of the log."""
    words = {"statuses": list(STATUS_ORDER), "origins": list(Origin), "course_ids": account().courses}
    try:
        asked = read_form()
    except FilterError as error:
        return render_template("log/index.html", fields=given_fields(), problem=str(error), **words), 422
    after = request.args.get("after")
    ends = time.monotonic() + LOOK_SECONDS
    try:
        cursor = Cursor.parse(after) if after else None
        found = page(
            walk(services().log, asked.wanted, cursor), asked.wanted.passes, PAGE_ROWS, lambda: time.monotonic() < ends
        )
    except BadCursorError:
        abort(400)
    return render_template("log/index.html", fields=asked.fields, page=found, is_first=not after, **words)


def read_form() -> Asked:
    """What this request's address asks for; 403 where this account may not see it.

    Raises:
        FilterError: a field cannot be read.
    """
    if account().role is Role.STUDENT:
        abort(403)
    given = given_fields()
    wanted = LogFilter(
        course_ids=_courses(given["course"]),
        first=_day(given["from"]) or FIRST_DAY,
        last=_day(given["to"]) or LAST_DAY,
        student_id=_id(given["student"], "student") or None,
        status=_status(given["status"]),
        origin=_origin(given["source"]),
    )
    if wanted.first > wanted.last:
        raise FilterError("The first date is after the last: change one of them.")
    if wanted.course_id is None and wanted.student_id is None:
        first, last = _days_of_many_courses(_day(given["from"]), _day(given["to"]))
        given |= {"from": first, "to": last}
        wanted = LogFilter(wanted.course_ids, first, last, None, wanted.status, wanted.origin)
    return Asked({name: text for name, text in given.items() if text}, wanted)


def given_fields() -> dict[str, Any]:
    """The form's fields as this request's address has them, and nothing else of it."""
    return {name: request.args.get(name, "").strip()[:100] for name in FIELDS}


def _courses(text: str) -> frozenset[str] | None:
    """The courses a filter takes: the one that is named, else all that the account may see."""
    course_id = _id(text, "course")
    if course_id:
        require_course(course_id)
        return frozenset({course_id})
    return None if account().role is Role.ADMIN else frozenset(account().courses)


def _id(text: str, what: str) -> str:
    if text and not is_id(text):
        raise FilterError(f"This is no {what} id: it has letters, digits, dots, dashes and underscores only.")
    return text


def _day(text: str) -> str:
    try:
        return check_day(text) if text else ""
    except RollcallError as error:
        raise FilterError(str(error)) from error


def _status(text: str) -> Status | None:
    if text and text not in set(Status):
        raise FilterError("There is no such status: choose one of the list.")
    return Status(text) if text else None


def _origin(text: str) -> Origin | None:
    if text and text not in set(Origin):
        raise FilterError("There is no such source: choose one of the list.")
    return Origin(text) if text else None


def _days_of_many_courses(first: str, last: str) -> tuple[str, str]:
    """The dates that are looked through, one by one.

    Raises:
        FilterError: they are too many.
    """
    # One day ahead: east of UTC a session's date can be tomorrow's.
    end = date.fromisoformat(last).toordinal() if last else utc_now().date().toordinal() + 1
    start = date.fromisoformat(first).toordinal() if first else max(1, end - USUAL_DAYS)
    if end - start >= MOST_DAYS:
        raise FilterError(f"These are more than {MOST_DAYS} days: choose a course or a student, or fewer days.")
    return date.fromordinal(min(start, end)).isoformat(), date.fromordinal(end).isoformat()
