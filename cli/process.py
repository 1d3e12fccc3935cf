"""`rollcall process`: from a video file to its register, watched live."""

import json
from pathlib import Path

import click
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cli.follow import Step, print_register, process_video, today
from cli.options import err, out, with_stack
from cli.stack import Stack


@click.command()
@click.argument("video", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--course", "course_id", required=True, help="The course.")
@click.option("--date", metavar="YYYY-MM-DD", help="Date of the class. [default: today where the course is]")
@click.option("--slot", help="Which of several sessions of the day. [default: the only one]")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@with_stack
def process(stack: Stack, video: Path, course_id: str, date: str | None, slot: str | None, *, as_json: bool) -> None:
    """Upload VIDEO, follow the run live, and print the register."""
    day = date or today(stack.settings, course_id)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        result = process_video(stack.environment, video, course_id, day, _Live(progress).show, slot)
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False, indent=2))
    else:
        print_register(result, out)


class _Live:
    """A line for each state when the run first enters it, and below them where it is now and how far."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("Uploading", total=None)
        self._seen: set[str] = set()

    def show(self, step: Step) -> None:
        """Show where the run is now."""
        if step.state not in self._seen:
            self._seen.add(step.state)
            self._progress.console.print(f"{step.seconds:6.1f} s  {step.state}")
        told = step.queued or step.searched.words
        self._progress.update(self._task, description=f"{step.state}: {told}" if told else step.state)
