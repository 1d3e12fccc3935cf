"""Tables as spreadsheets write and read them. Nothing in one that is read is trusted."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from attendance.errors import RollcallError

MAX_TABLE_BYTES = 20 * 1024 * 1024
"""About 200,000 lines of a roster; more is none."""
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet takes a cell that starts so for a formula and runs it."""


class TableFileError(RollcallError):
    """The file as a whole cannot be used."""


@dataclass(frozen=True)
class Line:
    """One line: its number in the file, and its cells by column, trimmed; a cell that is not there is empty."""

    number: int
    cells: Mapping[str, str]


def decode(content: bytes) -> str:
    """The text of a file: UTF-8 with or without a byte order mark.

    Raises:
        TableFileError: too large, or not UTF-8.
    """
    if len(content) > MAX_TABLE_BYTES:
        raise TableFileError("The file is larger than 20 MB: split it.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableFileError("The file is not UTF-8: save it as 'CSV UTF-8'.") from error


def read_table(text: str, required: Sequence[str], optional: Sequence[str] = ()) -> list[Line]:
    """The lines of a table, separated by commas or semicolons; empty lines and other columns are left out.

    Raises:
        TableFileError: not a table, without a needed column, or without a line.
    """
    head = text.split("\n", 1)[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
        missing = [column for column in required if column not in names]
        if missing:
            raise TableFileError(f"The first line lacks {', '.join(missing)}: it must name {_listed(required)}.")
        columns = [column for column in (*required, *optional) if column in names]
        found = [
            Line(reader.line_num, {column: (row[names[column]] or "").strip() for column in columns}) for row in reader
        ]
    except csv.Error as error:
        raise TableFileError(f"Line {reader.line_num} is not a line of a table ({error}): save it as CSV.") from error
    lines = [line for line in found if any(line.cells.values())]
    if not lines:
        raise TableFileError("The file names no student: add a line for each below the first one.")
    return lines


def write_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table whose cells no spreadsheet runs as formulas."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(header)
    writer.writerows([neutral(cell) for cell in row] for row in rows)
    return file.getvalue()


def neutral(cell: object) -> object:
    """The cell as no spreadsheet will run it: text that looks like a formula gets an apostrophe before it."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA_STARTS):
        return f"'{cell}"
    return cell


def _listed(columns: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(columns[:-1]), columns[-1])))
