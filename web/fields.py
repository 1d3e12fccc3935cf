"""Fields that several forms share, and what they take."""

from collections.abc import Callable
from datetime import date, timedelta

from wtforms import Field, Form, ValidationError

from attendance.aws.compose import utc_now
from attendance.errors import RollcallError

FURTHEST_EAST = timedelta(hours=14)
"""Of UTC: where a day begins first."""


def keeps(check: Callable[[str], str]) -> Callable[[Form, Field], None]:
    """A validator that keeps the text a check of the layer gives back, or shows the check's own sentence."""

    def validate(_: Form, field: Field) -> None:
        try:
            field.data = check(field.data or "")
        except RollcallError as error:
            raise ValidationError(str(error)) from error

    return validate


def check_day(text: str) -> str:
    """A day as YYYY-MM-DD.

    Raises:
        InvalidDayError: it is none.
    """
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError as error:
        raise InvalidDayError("This is no day of the calendar: write it like 2026-11-20.") from error


def check_past_day(text: str) -> str:
    """A day as YYYY-MM-DD that has begun somewhere on earth.

    Raises:
        InvalidDayError: it is none, or is still to come.
    """
    day = check_day(text)
    if day > latest_day():
        raise InvalidDayError("This day is still to come: choose today or a day before.")
    return day


def latest_day() -> str:
    """The latest day that it is anywhere on earth."""
    return (utc_now() + FURTHEST_EAST).date().isoformat()


def marks_of(field: Field, hint: str) -> dict[str, str]:
    """A field's attributes that tie its hint and its problem to it, for screen readers."""
    told = [f"{field.id}-{what}" for what, is_there in (("hint", hint), ("problem", field.errors)) if is_there]
    marks = {"aria-describedby": " ".join(told)} if told else {}
    return marks | ({"aria-invalid": "true"} if field.errors else {})


def whole(text: str, least: int, most: int) -> int | None:
    """The whole number that a text says; None where it says none within the bounds."""
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    return int(text) if is_number and least <= int(text) <= most else None


class InvalidDayError(RollcallError):
    """The text is no day."""
