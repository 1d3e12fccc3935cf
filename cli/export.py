"""`rollcall export`: registers as a table for a spreadsheet."""

import csv
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

import click

from attendance.aws import compose
from attendance.csvfile import neutral
from attendance.enrolment import check_id
from attendance.register import RegisterReader, all_sessions
from cli.options import err, with_stack
from cli.stack import Stack

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
)
_day = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.option("--course", "course_id", required=True, help="The course.")
@click.option("--from", "first", type=_day, metavar="YYYY-MM-DD", help="First date. [default: the first session]")
@click.option("--to", "last", type=_day, metavar="YYYY-MM-DD", help="Last date. [default: the last session]")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File. [default: standard output]")
@with_stack
def export(stack: Stack, course_id: str, first: datetime | None, last: datetime | None, output: Path | None) -> None:
    """Write a course's registers as CSV; cells a spreadsheet would run as formulas begin with an apostrophe."""
    lines = register_lines(
        compose.reader(stack.settings),
        check_id(course_id, "course id"),
        first.date().isoformat() if first else "",
        last.date().isoformat() if last else "9999-12-31",
    )
    if output is None:
        write_csv(sys.stdout, lines)
        return
    # The byte order mark tells Excel that names are UTF-8.
    with output.open("w", encoding="utf-8-sig", newline="") as file:
        number = write_csv(file, lines)
    err.print(f"{number} rows are in {output}")


def register_lines(reader: RegisterReader, course_id: str, first: str, last: str) -> Iterator[list[Any]]:
    """The rows of a course's sessions from `first` to `last` (dates, both inclusive), the oldest session first.

    `status` is what counts, corrections included; `decided` is what was decided without them.
    """
    sessions = [session for session in all_sessions(reader, course_id) if first <= session.date <= last]
    for session in reversed(sessions):
        for row in reader.rows(session.session_key):
            yield [
                course_id,
                session.date,
                session.session_id,
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
                row.correction.actor if row.correction else None,
                row.correction.reason if row.correction else None,
            ]


def write_csv(file: TextIO, lines: Iterator[list[Any]]) -> int:
    """Write the header and the lines; gives how many lines there were."""
    writer = csv.writer(file)
    writer.writerow(HEADER)
    number = 0
    for number, line in enumerate(lines, start=1):  # noqa: B007 (the last number is the answer)
        writer.writerow([neutral(cell) for cell in line])
    return number
