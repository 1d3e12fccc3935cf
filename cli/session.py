"""`rollcall session`: sessions without a register, running or deciding again, and saying which videos are of which."""

from collections.abc import Iterator

import click
from rich.table import Column, Table
from rich.text import Text

from attendance.aws import compose
from attendance.aws.tools import tools_of
from attendance.keys import UNFILED, place
from attendance.model import Progress
from attendance.recovery import retry as run_again
from attendance.register import RegisterReader, Session, SessionVideo, all_sessions
from attendance.sessions import count_again, decide_again, erase_recording, leave_out, move_video, open_session
from cli.actor import actor
from cli.options import out, with_stack
from cli.stack import Stack


@click.group()
def session() -> None:
    """Sessions: those without a register, videos to run again, to move or to leave out, and roll calls by hand."""


@session.command("list")
@click.option("--course", "course_id", help="Only this course. [default: every course, and what could not be filed]")
@with_stack
def list_(stack: Stack, course_id: str | None) -> None:
    """List the videos that have no register: failed, waiting for the face service, or being processed."""
    # What is copied into other commands is folded, never cut off.
    table = Table(*(Column(name, overflow="fold") for name in ("Course", "Session", "Video", "File", "Status")))
    reader = compose.reader(stack.settings)
    if course_id and course_id != UNFILED and reader.course(course_id) is None:
        raise click.BadParameter(f"there is no course {course_id}", param_hint="--course")
    courses = [course_id] if course_id else [*reader.course_ids(), UNFILED]
    for found, video in _unfinished(reader, courses):
        where = Text(found.course_id), Text(found.session_id)
        table.add_row(*where, video.video_id, Text(video.key.rsplit("/", 1)[-1]), Text(status_of(video)))
    if table.row_count:
        out.print(table)
    else:
        out.print("Every video has its register.")


@session.command()
@click.argument("course_id", metavar="COURSE")
@click.argument("session_id", metavar="SESSION")
@click.option("--video", "video_id", help="Only this video, by its id. [default: every failed video of the session]")
@with_stack
def retry(stack: Stack, course_id: str, session_id: str, video_id: str | None) -> None:
    """Run the failed videos of a session again.

    It is safe to ask twice, corrections stay, and a search of the last seven days is not paid again.
    """
    for started in run_again(course_id, session_id, video_id, tools_of(stack.settings)):
        out.print(f"The video {started} runs again.")


@session.command("open")
@click.argument("course_id", metavar="COURSE")
@click.argument("date", metavar="YYYY-MM-DD")
@click.option("--slot", help="Which of several sessions of the day. [default: the only one]")
@with_stack
def open_(stack: Stack, course_id: str, date: str, slot: str | None) -> None:
    """Open a session without a video, to call the roll by hand."""
    place, counts = open_session(course_id, date, slot, tools_of(stack.settings).services)
    out.print(f"The session {place.session_id} of {course_id} is open: {sum(counts.values())} students.")


@session.command()
@click.argument("course_id", metavar="COURSE")
@click.argument("session_id", metavar="SESSION")
@click.argument("video_id", metavar="VIDEO")
@click.option("--to", "to_session", required=True, metavar="SESSION", help="YYYY-MM-DD, or YYYY-MM-DD_<slot>.")
@click.option("--to-course", metavar="COURSE", help="Another course. [default: the same]")
@with_stack
def move(stack: Stack, course_id: str, session_id: str, video_id: str, to_session: str, to_course: str | None) -> None:
    """Move a video to another session; both registers are decided again, and corrections stay where they are."""
    to = place(to_course or course_id, to_session)
    runs = move_video(course_id, session_id, video_id, to, actor(), tools_of(stack.settings))
    how = "runs again" if runs else "counts there"
    out.print(f"The video {video_id} belongs to {to.course_id} {to.session_id} now and {how}.")


@session.command()
@click.argument("course_id", metavar="COURSE")
@click.argument("session_id", metavar="SESSION")
@with_stack
def decide(stack: Stack, course_id: str, session_id: str) -> None:
    """Decide a session again, by the roster and the policy of now; nothing is searched again, and corrections stay."""
    counts = decide_again(course_id, session_id, tools_of(stack.settings))
    said = ", ".join(f"{number} {status}" for status, number in counts.items())
    out.print(f"The session {session_id} of {course_id} is decided again: {said}.")


@session.command("leave-out")
@click.argument("course_id", metavar="COURSE")
@click.argument("session_id", metavar="SESSION")
@click.argument("video_id", metavar="VIDEO")
@click.option("--undo", is_flag=True, help="Let it count again.")
@with_stack
def leave_out_(stack: Stack, course_id: str, session_id: str, video_id: str, *, undo: bool) -> None:
    """Leave a video out of its session's register, which is decided again; the recording is kept."""
    change = count_again if undo else leave_out
    change(course_id, session_id, video_id, actor(), tools_of(stack.settings))
    out.print(f"The video {video_id} {'counts again' if undo else 'is left out'}.")


@session.command("erase-video")
@click.argument("course_id", metavar="COURSE")
@click.argument("session_id", metavar="SESSION")
@click.argument("video_id", metavar="VIDEO")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_stack
def erase_video(stack: Stack, course_id: str, session_id: str, video_id: str, *, yes: bool) -> None:
    """Erase a recording and what was found in it for ever; its session is decided again without it."""
    if not yes:
        click.confirm(f"Erase the recording {video_id} for ever?", abort=True)
    erase_recording(course_id, session_id, video_id, actor(), tools_of(stack.settings))
    out.print(f"The recording {video_id} is erased.")


def status_of(video: SessionVideo) -> str:
    """How far a video without a register is, in words."""
    if video.error:
        return f"failed: {video.error.reason}"
    return "waiting for the face service" if video.is_queued else "being processed"


def _unfinished(reader: RegisterReader, course_ids: list[str]) -> Iterator[tuple[Session, SessionVideo]]:
    for course_id in course_ids:
        for found in all_sessions(reader, course_id):
            for video in found.in_use:
                if video.status is not Progress.COMPLETE:
                    yield found, video
