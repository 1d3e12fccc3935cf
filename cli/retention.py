"""`rollcall retention`: what is kept how long, and the erasing of old videos."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import click
from rich.table import Table
from rich.text import Text

from attendance.aws import clients, compose
from attendance.aws.people import DynamoAudit
from attendance.aws.runs import S3Uploads
from attendance.keys import UNFILED
from attendance.model import Progress
from attendance.register import SessionVideo, all_sessions
from attendance.settings import Settings
from cli.actor import actor
from cli.options import out, with_stack
from cli.stack import Stack

_KEPT = (
    ("Videos", "until `rollcall retention run` or an administrator erases them; replaced ones 30 days more on AWS"),
    ("Registers", "until someone deletes the tables: they name when a student was seen, and hold no picture"),
    ("Photos and faces of students", "until the consent is withdrawn or the student is removed on the web"),
    ("Names and accounts of students", "until the student is removed; a receipt, bare rows and the id stay"),
    ("Results of a face search", "7 days on AWS; the matches made of them stay in the work bucket"),
    ("Decided registers, replaced ones too", "in the work bucket; a student's rows until the student is removed"),
    ("Photos of an import", "until it is done or given up, or a student of it is removed; 7 days at most on AWS"),
    ("Backups of the tables", "35 days on AWS, of what was erased too"),
    ("Audit", "for ever"),
)


@dataclass(frozen=True)
class OldVideo:
    """A video that is still in the bucket; `date` is its class's."""

    course_id: str
    date: str
    video: SessionVideo


@click.group(invoke_without_command=True)
@click.pass_context
def retention(context: click.Context) -> None:
    """What is kept how long; `retention run` erases old videos."""
    if context.invoked_subcommand is None:
        table = Table("What", "Kept")
        for what, how_long in _KEPT:
            table.add_row(what, Text(how_long))
        out.print(table)


@retention.command()
@click.option(
    "--older-than", "days", type=click.IntRange(min=0, max=36_500), required=True, help="Days since the class."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_stack
def run(stack: Stack, days: int, *, yes: bool) -> None:
    """Erase the videos of classes that are longer ago; their registers stay."""
    settings = stack.settings
    before = (compose.utc_now().date() - timedelta(days=days)).isoformat()
    old = list(old_videos(settings, before))
    if not old:
        out.print(f"No video is of a class before {before}.")
        return
    for found in old:
        out.print(Text(f"{found.date}  {found.course_id}  {found.video.key}"), soft_wrap=True)
    if not yes:
        click.confirm(f"Erase these {len(old)} videos for ever? Their registers stay", abort=True)
    for found in old:
        erase(settings, found, f"the class is more than {days} days ago")
    out.print(f"{len(old)} videos are erased; the audit has an entry for each.")


def old_videos(settings: Settings, before: str) -> Iterator[OldVideo]:
    """Videos of classes before a date that are done with and still in their bucket, course by course."""
    reader = compose.reader(settings)
    uploads = S3Uploads(clients.s3(), settings)
    for course_id in (*reader.course_ids(), UNFILED):
        for session in all_sessions(reader, course_id):
            for video in session.videos:
                is_old = session.date < before and video.status is not Progress.PROCESSING
                if is_old and video.bucket == settings.videos_bucket and uploads.versions_of(*_upload(video)):
                    yield OldVideo(course_id, session.date, video)


def erase(settings: Settings, old: OldVideo, reason: str) -> None:
    """Delete a video's object and note it in the audit first.

    The note comes first: an entry for a video that a failure left in place is put right by the next run; an erased
    video without an entry never is.
    """
    video = old.video
    DynamoAudit(settings.audit_table).record(f"video#{video.video_id}", actor(), "erase", video.key, reason)
    S3Uploads(clients.s3(), settings).erase(*_upload(video))


def _upload(video: SessionVideo) -> tuple[str, str, str | None, str]:
    return video.bucket, video.key, video.version_id, video.etag
