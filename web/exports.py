"""Files of exactly what the log shows, and tables for Moodle. Who took which is in the audit."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from itertools import chain

from flask import Blueprint, Response, redirect, send_file, url_for
from flask.typing import ResponseReturnValue

from attendance.reports import all_records, moodle_header, moodle_line
from attendance.rows_log import every, walk
from attendance.spreadsheet import BYTE_ORDER_MARK, CSV_TYPE, HEADER, XLSX_TYPE, Cell, cells, csv_parts, write_xlsx
from web.function_limits import in_time
from web.log import Asked, FilterError, given_fields, read_form
from web.reports import STUDENTS_AT_ONCE, course_of, period, sessions_of
from web.security import account, account_key, limiter, store
from web.services import services

RATE = "60 per hour"
"""Exports of one kind and account: each may read everything it may see."""
TOO_MANY = (
    "There are more rows than can be put into one file here. Go back, choose a course, a student or fewer days, and "
    "take the file in parts; the command rollcall export writes it whole."
)

blueprint = Blueprint("exports", __name__)


@blueprint.get("/log.csv")
@limiter.limit(RATE, key_func=account_key)
def log_csv() -> ResponseReturnValue:
    """The filtered log as CSV, sent as it is read."""
    asked = read_form()
    _note("log.csv", asked.fields)
    return _csv(chain([BYTE_ORDER_MARK], csv_parts(HEADER, _lines(asked))), f"{_name(asked)}.csv")


@blueprint.get("/log.xlsx")
@limiter.limit(RATE, key_func=account_key)
def log_xlsx() -> ResponseReturnValue:
    """The filtered log as XLSX, which is sent when all of it is read."""
    asked = read_form()
    _note("log.xlsx", asked.fields)
    with ExitStack() as stack:
        file = stack.enter_context(tempfile.TemporaryFile())
        write_xlsx(file, HEADER, _lines(asked))
        file.seek(0)
        stack.pop_all()  # the answer closes it once it is sent
    answer = send_file(file, XLSX_TYPE, as_attachment=True, download_name=f"{_name(asked)}.xlsx")
    answer.headers["Cache-Control"] = "no-store"  # it would be kept, and asked for again
    return answer


@blueprint.get("/courses/<course_id>/moodle.csv")
@limiter.limit(RATE, key_func=account_key)
def moodle(course_id: str) -> ResponseReturnValue:
    """A line per student with Moodle's status of each session, or of one; students without any are left out."""
    course = course_of(course_id)
    asked = period()
    sessions = sessions_of(course.course_id, asked)
    _note("moodle.csv", {"course": course_id, **asked.fields})
    pages = all_records(services().log, partial(store().roster, course_id, limit=STUDENTS_AT_ONCE), sessions)
    lines = (moodle_line(one) for page in in_time(pages, TOO_MANY) for one in page.items)
    parts = csv_parts(moodle_header(one.place for one in sessions), (line for line in lines if any(line[1:])))
    return _csv(chain([BYTE_ORDER_MARK], parts), f"{course_id}-moodle.csv")


@blueprint.errorhandler(FilterError)
def explain(_: FilterError) -> ResponseReturnValue:
    """Fields that are no filter are explained by the log's own page."""
    return redirect(url_for("log.index", **given_fields()))


def _lines(asked: Asked) -> Iterator[list[Cell]]:
    return map(cells, every(in_time(walk(services().log, asked.wanted), TOO_MANY), asked.wanted.passes))


def _name(asked: Asked) -> str:
    return f"attendance-{asked.wanted.course_id or 'log'}"


def _csv(parts: Iterator[str], name: str) -> Response:
    answer = Response(parts, content_type=CSV_TYPE)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _note(what: str, fields: Mapping[str, str]) -> None:
    """Into the audit: who exported what."""
    actor = account().email
    asked = " ".join(f"{name}={text}" for name, text in fields.items())
    services().audit.note(f"export#{actor}", actor, "export", f"{what} {asked}".strip())
