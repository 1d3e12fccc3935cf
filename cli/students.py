"""`rollcall students`: enrols whole classes."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from attendance.aws import compose
from attendance.aws.photos import RekognitionFaces
from attendance.aws.students import DynamoStudents
from attendance.csvfile import MAX_TABLE_BYTES, TableFileError, decode
from attendance.enrolment import check_id
from attendance.importing import Importer, Outcome, RosterLine, parse_roster
from attendance.photo_sources import open_photos
from attendance.reindexing import TOGETHER
from attendance.reindexing import reindex as indexed_again
from cli.actor import actor
from cli.options import err, out, with_stack
from cli.stack import Stack


@click.group()
def students() -> None:
    """Enrol students."""


@students.command("import")
@click.argument("roster", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("photos", type=click.Path(exists=True, path_type=Path))
@click.option("--course", "course_id", required=True, help="The course; it is created when it is not there.")
@click.option("--course-name", help="Name of a new course. [default: its id]")
@click.option("--time-zone", help="Time zone of a new course, like Europe/Berlin. [default: the stack's]")
@click.option("--dry-run", is_flag=True, help="Check every line and photo, and enrol nobody.")
@with_stack
def import_(
    stack: Stack,
    roster: Path,
    photos: Path,
    course_id: str,
    course_name: str | None,
    time_zone: str | None,
    *,
    dry_run: bool,
) -> None:
    """Enrol the students of ROSTER, a CSV file with the columns student_id, student_name and photo.

    PHOTOS is a folder or a zip file. Run it again after a failure: what is done is not done twice.
    """
    check_id(course_id, "course id")
    lines = read_roster(roster)
    settings = stack.settings
    enroller = compose.enroller(settings)
    if not dry_run and course_id != settings.default_course_id:
        enroller.ensure_course(course_id, course_name or course_id, time_zone or settings.default_time_zone)
    with open_photos(photos) as source:
        importer = Importer(lines, source, enroller, course_id, actor(), is_dry_run=dry_run)
        outcomes: list[Outcome] = []
        try:
            outcomes.extend(_with_bar(importer.outcomes(lines), len(lines)))
        finally:  # of what was done before it broke off, warnings are told only now
            _report(outcomes, len(lines), dry_run=dry_run)
    if any(outcome.problem for outcome in outcomes):
        raise SystemExit(1)


@students.command()
@with_stack
def reindex(stack: Stack) -> None:
    """Index the kept photos of all students again whose faces are not in the collection.

    Needed when the face service has a new face model, which cannot be compared with faces of the old one, or when the
    collection was lost. Run it while no video is searched: who is not indexed yet is not recognised. Run it again
    after a failure: what is done is not done twice.
    """
    settings = stack.settings
    faces = RekognitionFaces(settings.collection_id)
    if faces.renew():
        err.print("The face service has a new face model: every photo is indexed again.")
    pages = DynamoStudents(settings).pages(TOGETHER)
    done = failed = 0
    with Progress(TextColumn("Photos"), TextColumn("{task.completed}"), console=err, transient=True) as bar:
        task = bar.add_task("", total=None)
        for photo in indexed_again(compose.enroller(settings), faces, pages, actor()):
            bar.advance(task)
            done, failed = done + (not photo.problem), failed + bool(photo.problem)
            if photo.problem:
                out.print(Text(f"{photo.student_id}: {photo.problem}"), soft_wrap=True)
    out.print(f"Photos indexed again: {done}, refused: {failed}.")
    if failed:
        raise SystemExit(1)


def read_roster(file: Path) -> list[RosterLine]:
    """The lines of a roster.

    Raises:
        TableFileError: not a readable file, or not one that can be used.
    """
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_TABLE_BYTES + 1)
    except OSError as error:
        raise TableFileError(f"The roster cannot be read: {error.strerror}.") from error
    return parse_roster(decode(content))


def _with_bar(outcomes: Iterator[Outcome], total: int) -> Iterator[Outcome]:
    columns = (TextColumn("Students"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task("", total=total)
        for outcome in outcomes:
            yield outcome
            bar.advance(task)


def _report(outcomes: Sequence[Outcome], total: int, *, dry_run: bool) -> None:
    """A line for every outcome; as plain text, so that no name is taken for markup."""
    for outcome in outcomes:
        what = f"failed: {outcome.problem}" if outcome.problem else outcome.done
        out.print(Text(f"line {outcome.line.number}: {outcome.line.student_id[:64]}: {what}"), soft_wrap=True)
        for warning in outcome.warnings:
            out.print(Text(f"  warning: {warning}"), soft_wrap=True)
    failed = sum(bool(outcome.problem) for outcome in outcomes)
    done = len(outcomes) - failed
    summary = f"{done} of {total} lines are {'good' if dry_run else 'done'}"
    out.print(f"{summary}, {failed} failed: correct them and run the same command again." if failed else f"{summary}.")
