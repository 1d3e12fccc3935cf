"""Rows of the register as files for a spreadsheet: CSV as it is made, and XLSX in constant memory.

Both hold the same cells, and in both a text that looks like a formula begins with an apostrophe: a cell of XLSX is
typed as text, but becomes a formula as soon as somebody edits it or saves the sheet as CSV.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

import xlsxwriter  # type: ignore[import-untyped]

from attendance.csvfile import neutral
from attendance.rows_log import LogRow

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""At the start of a CSV file it tells Excel that the text is UTF-8; Moodle and Python's utf-8-sig step over it."""
MAX_XLSX_ROWS = 1_048_575
"""Rows of an XLSX sheet, below its header."""
LINES_AT_ONCE = 500
"""Lines of CSV that are given on together."""

HEADER = (
    "course_id",
    "date",
    "session_id",
    "student_id",
    "student_name",
    "status",
    "similarity",
    "first_seen_ms",
    "last_seen_ms",
    "sightings",
    "margin",
    "late",
    "left_early",
    "decided",
    "corrected_by",
    "reason",
    "source",
)
"""Columns of exported rows: `status` is what counts, `decided` is what was decided without corrections."""

Cell = str | int | float | None


def cells(entry: LogRow) -> list[Cell]:
    """A row's cells under `HEADER`."""
    row, correction = entry.row, entry.row.correction
    return [
        entry.place.course_id,
        entry.place.date,
        entry.place.session_id,
        row.student_id,
        row.student_name,
        row.status.value,
        row.similarity,
        row.first_seen_ms,
        row.last_seen_ms,
        row.sightings,
        row.margin,
        "yes" if row.late else "",
        "yes" if row.left_early else "",
        row.decided.value,
        correction.actor if correction else None,
        correction.reason if correction else None,
        entry.origin.value,
    ]


def csv_parts(header: Sequence[str], lines: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """A table as CSV, some hundred lines at a time, without a byte order mark."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([neutral(name) for name in header])
    for number, line in enumerate(lines, start=1):
        writer.writerow([neutral(cell) for cell in line])
        if number % LINES_AT_ONCE == 0:
            yield file.getvalue()
            file.seek(0)
            file.truncate()
    yield file.getvalue()


def write_xlsx(file: IO[bytes], header: Sequence[str], lines: Iterable[Sequence[Cell]]) -> None:
    """Write a table as XLSX, row by row to disk; what a sheet cannot hold goes on in another with the same header."""
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        bold = book.add_format({"bold": True})
        sheet = _new_sheet(book, header, bold)
        for number, line in enumerate(lines):
            if number and number % MAX_XLSX_ROWS == 0:
                sheet = _new_sheet(book, header, bold)
            _write_line(sheet, number % MAX_XLSX_ROWS + 1, line)


def _new_sheet(book: xlsxwriter.Workbook, header: Sequence[str], bold: object) -> xlsxwriter.worksheet.Worksheet:
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    for column, name in enumerate(header):
        sheet.write_string(0, column, str(neutral(name)), bold)
    return sheet


def _write_line(sheet: xlsxwriter.worksheet.Worksheet, row: int, line: Sequence[Cell]) -> None:
    """Each cell by its type, so that nothing is guessed to be a formula, a link or a number."""
    for column, cell in enumerate(line):
        if isinstance(cell, str):
            sheet.write_string(row, column, str(neutral(cell)))
        elif cell is not None:
            sheet.write_number(row, column, cell)
