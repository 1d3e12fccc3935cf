"""Reads the table of students to import. Nothing in it is trusted."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from attendance.errors import RollcallError

COLUMNS = ("student_id", "student_name", "photo")
MAX_ROSTER_BYTES = 20 * 1024 * 1024
"""About 200,000 lines; more is not a roster."""


class RosterFileError(RollcallError):
    """The file as a whole cannot be used."""


@dataclass(frozen=True)
class RosterLine:
    """One student to import; `number` is the line of the file, `photo` the name of a file among the photos."""

    number: int
    student_id: str
    student_name: str
    photo: str


def read_roster(file: Path) -> list[RosterLine]:
    """The lines of a roster: UTF-8 with or without BOM, separated by commas or semicolons; empty lines are left out.

    Raises:
        RosterFileError: not a readable file, not UTF-8, not a table, without a needed column, or without a line.
    """
    return parse_roster(_text_of(file))


def parse_roster(text: str) -> list[RosterLine]:
    """As `read_roster`, from the file's text.

    Raises:
        RosterFileError: not a table, without a needed column, or without a line.
    """
    head = text.split("\n", 1)[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
        missing = [column for column in COLUMNS if column not in names]
        if missing:
            raise RosterFileError(
                f"The first line lacks {', '.join(missing)}: it must name student_id, student_name and photo."
            )
        cells = [(reader.line_num, [(row[names[column]] or "").strip() for column in COLUMNS]) for row in reader]
    except csv.Error as error:
        raise RosterFileError(f"Line {reader.line_num} is not a line of a table ({error}): save it as CSV.") from error
    lines = [RosterLine(number, *values) for number, values in cells if any(values)]
    if not lines:
        raise RosterFileError("The roster names no student: add a line for each below the first one.")
    return lines


def conflicting_lines(lines: Sequence[RosterLine]) -> set[int]:
    """Numbers of lines that repeat an earlier line's id under another name: one of them is wrong."""
    first: dict[str, str] = {}
    return {line.number for line in lines if first.setdefault(line.student_id, line.student_name) != line.student_name}


def _text_of(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_ROSTER_BYTES + 1)
    except OSError as error:
        raise RosterFileError(f"The roster cannot be read: {error.strerror}.") from error
    if len(content) > MAX_ROSTER_BYTES:
        raise RosterFileError("The roster is larger than 20 MB: split it.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RosterFileError("The roster is not UTF-8: save it as 'CSV UTF-8'.") from error
