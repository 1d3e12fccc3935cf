"""How values are written on pages: times, moments of a video, similarities."""

from datetime import UTC, date, datetime

import pytz
from flask import Flask

from attendance.aws.following import QUEUED, STEPS
from attendance.keys import day_and_slot
from web.fields import latest_day, marks_of

NOTHING = "\N{EN DASH}"
"""Written where there is no value."""

STATUS_STYLES = {
    "review": "warning",
    "present": "success",
    "absent": "secondary",
    "processing": "info",
    "complete": "success",
    "failed": "danger",
    "excused": "info",
}


def moment(milliseconds: int | None) -> str:
    """A moment of a video as m:ss, or h:mm:ss from an hour on."""
    if milliseconds is None:
        return NOTHING
    minutes, seconds = divmod(milliseconds // 1000, 60)
    hours, rest = divmod(minutes, 60)
    return f"{hours}:{rest:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def percent(similarity: float | None) -> str:
    """A similarity with one decimal, never rounded up to a certainty."""
    return NOTHING if similarity is None else f"{int(similarity * 10) / 10:.1f}"


def local_time(text: str | None, time_zone: str) -> str:
    """An ISO 8601 time as the date and time of a zone."""
    if not text:
        return NOTHING
    try:
        moment_ = datetime.fromisoformat(text)
    except ValueError:
        return text
    aware = moment_ if moment_.tzinfo else moment_.replace(tzinfo=UTC)
    return aware.astimezone(pytz.timezone(time_zone)).strftime("%a %d %b %Y, %H:%M")


def long_date(text: str) -> str:
    """A local date with its day of the week."""
    try:
        return date.fromisoformat(text).strftime("%a %d %b %Y")
    except ValueError:
        return text


def class_name(session_id: str) -> str:
    """A class by its date and, where it is one of several of the day, its slot."""
    day, slot = day_and_slot(session_id)
    return f"{long_date(day)}, {slot}" if slot else long_date(day)


def file_name(key: str) -> str:
    """The last part of an object key."""
    return key.rpartition("/")[2]


def style(status: str) -> str:
    """The Bootstrap colour of a status."""
    return STATUS_STYLES.get(status, "secondary")


def register(app: Flask) -> None:
    """Make these the filters of the application's templates."""
    app.add_template_global(latest_day)
    app.add_template_global(marks_of)
    app.jinja_env.globals["run_steps"] = STEPS
    app.jinja_env.globals["queued"] = QUEUED
    for filter_ in (moment, percent, local_time, long_date, class_name, file_name, style):
        app.add_template_filter(filter_)
