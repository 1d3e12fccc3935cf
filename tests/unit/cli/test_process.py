"""What `rollcall process` shows while it waits."""

import io

from rich.console import Console
from rich.progress import Progress, TextColumn

from attendance.aws.following import QUEUED, Searched
from cli.follow import Step
from cli.process import _Live


def shown(*steps: Step) -> tuple[str, str]:
    """What was printed, and what the line below says in the end."""
    file = io.StringIO()
    with Progress(TextColumn("{task.description}"), console=Console(file=file, width=120)) as progress:
        live = _Live(progress)
        for step in steps:
            live.show(step)
        return file.getvalue(), progress.tasks[0].description


def test_a_state_is_printed_once_and_the_line_below_tells_how_far_it_is() -> None:
    polls = [Step("Get face search", seconds, Searched(seconds, 2, 60)) for seconds in (10.0, 20.0)]
    printed, line = shown(*polls)
    assert printed.count("s  Get face search") == 1
    assert line == "Get face search: 20 % of the video searched, 2 people seen, about 1 min left"


def test_who_waits_for_a_turn_is_told_what_for() -> None:
    _, line = shown(Step("Start face search", 1.0), Step("Start face search", 9.0, queued=QUEUED))
    assert line == "Start face search: waits for one of the 20 searches that the account may run at once"


def test_a_step_of_which_nothing_is_told_is_just_named() -> None:
    assert shown(Step("Resolve names", 1.0))[1] == "Resolve names"
