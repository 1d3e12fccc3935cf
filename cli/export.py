"""`rollcall export`: registers as a table for a spreadsheet."""

import sys
from datetime import datetime
from itertools import chain
from pathlib import Path

import click

from attendance.aws.rows_log import DynamoLogReader
from attendance.enrolment import check_id
from attendance.rows_log import FIRST_DAY, LAST_DAY, LogFilter, every, walk
from attendance.spreadsheet import BYTE_ORDER_MARK, HEADER, cells, csv_parts, write_xlsx
from cli.options import err, with_stack
from cli.stack import Stack

_day = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.option("--course", "course_id", required=True, help="The course.")
@click.option("--from", "first", type=_day, metavar="YYYY-MM-DD", help="First date. [default: the first session]")
@click.option("--to", "last", type=_day, metavar="YYYY-MM-DD", help="Last date. [default: the last session]")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File; one that ends in .xlsx becomes a workbook. [default: CSV on standard output]",
)
@with_stack
def export(stack: Stack, course_id: str, first: datetime | None, last: datetime | None, output: Path | None) -> None:
    """Write a course's registers as CSV or XLSX, the newest session first.

    Cells a spreadsheet would run as formulas begin with an apostrophe.
    """
    wanted = LogFilter(
        course_ids=frozenset({check_id(course_id, "course id")}),
        first=first.date().isoformat() if first else FIRST_DAY,
        last=last.date().isoformat() if last else LAST_DAY,
    )
    lines = map(cells, every(walk(DynamoLogReader(stack.settings), wanted), wanted.passes))
    if output is None:
        sys.stdout.writelines(csv_parts(HEADER, lines))
    elif output.suffix.lower() == ".xlsx":
        with output.open("wb") as workbook:
            write_xlsx(workbook, HEADER, lines)
    else:
        with output.open("w", encoding="utf-8", newline="") as table:
            table.writelines(chain([BYTE_ORDER_MARK], csv_parts(HEADER, lines)))
    if output:
        err.print(f"The rows are in {output}")
