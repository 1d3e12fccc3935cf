"""`rollcall export`: registers as a table for a spreadsheet."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import chain
from pathlib import Path

import click

from attendance.aws import compose
from attendance.aws.people import DynamoAudit
from attendance.aws.rows_log import DynamoLogReader
from attendance.enrolment import check_id
from attendance.rows_log import FIRST_DAY, LAST_DAY, LogFilter, every, walk
from attendance.spreadsheet import BYTE_ORDER_MARK, HEADER, cells, csv_parts, write_xlsx
from cli.actor import actor
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
    if first and last and first > last:
        raise click.BadParameter("it is before the first date", param_hint="--to")
    if compose.reader(stack.settings).course(check_id(course_id, "course id")) is None:
        raise click.BadParameter(f"there is no course {course_id}", param_hint="--course")
    wanted = LogFilter(
        course_ids=frozenset({course_id}),
        first=first.date().isoformat() if first else FIRST_DAY,
        last=last.date().isoformat() if last else LAST_DAY,
    )
    asked = f"rows course={course_id} from={wanted.first} to={wanted.last}"
    DynamoAudit(stack.settings.audit_table).note(f"export#{actor()}", actor(), "export", asked)
    lines = map(cells, every(walk(DynamoLogReader(stack.settings), wanted), wanted.passes))
    if output is None:
        sys.stdout.writelines(csv_parts(HEADER, lines))
        return
    with _written(output) as unfinished:
        if output.suffix.lower() == ".xlsx":
            with unfinished.open("wb") as workbook:
                write_xlsx(workbook, HEADER, lines)
        else:
            with unfinished.open("w", encoding="utf-8", newline="") as table:
                table.writelines(chain([BYTE_ORDER_MARK], csv_parts(HEADER, lines)))
    err.print(f"The rows are in {output}")


@contextmanager
def _written(output: Path) -> Iterator[Path]:
    """A file that takes the place of the output once all of it is there; until then what was there stays."""
    unfinished = output.with_name(f".{output.name}.part")
    try:
        yield unfinished
        unfinished.replace(output)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}.") from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
