"""Fields that several forms share, and what they take."""

from collections.abc import Callable
from datetime import date

from wtforms import Field, Form, ValidationError

from attendance.errors import RollcallError


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


def whole(text: str, least: int, most: int) -> int | None:
    """The whole number that a text says; None where it says none within the bounds."""
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    return int(text) if is_number and least <= int(text) <= most else None


class InvalidDayError(RollcallError):
    """The text is no day."""
