"""Uploads a video as any S3 client would and follows what the state machine makes of it."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from rich.console import Console
from rich.table import Table
from rich.text import Text

from attendance.aws import compose
from attendance.aws.following import QUEUED, Searched, is_queued, searched
from attendance.aws.uploading import MAX_VIDEO_BYTES
from attendance.errors import BadEventError, RollcallError
from attendance.keys import UNFILED, day_and_slot, local_date, session_id, video_id, video_key, video_object
from attendance.model import Progress, VideoObject
from attendance.register import CourseInfo, RegisterReader, Session, SessionVideo, by_need_of_review
from attendance.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

POLL_SECONDS = 0.5
START_TIMEOUT_SECONDS = 60.0
"""EventBridge takes under a second as a rule; after this long the rule is missing or switched off."""
CLOCK_SKEW = timedelta(minutes=5)
"""How far this machine's clock may differ from the service's when older executions are left out of the search."""

STATUS_COLOURS = {"present": "green", "review": "yellow", "absent": "dim"}


class VideoFileError(RollcallError):
    """The file cannot be uploaded as a class video."""


class ProcessingFailedError(RollcallError):
    """The video has no register; the text is the reason."""


@dataclass(frozen=True)
class Step:
    """Where the run is.

    Attributes:
        state: the state it is in.
        seconds: since the upload began.
        searched: how far the search of the video has come.
        queued: what it waits for in this state, in words; empty where it waits for nothing.
    """

    state: str
    seconds: float
    searched: Searched = field(default_factory=Searched)
    queued: str = ""


@dataclass(frozen=True)
class Execution:
    """The run of one upload."""

    arn: str
    video: VideoObject


def process_video(
    settings_env: Mapping[str, str],
    path: Path,
    course_id: str,
    date: str,
    on_progress: Callable[[Step], None],
    slot: str | None = None,
) -> dict[str, Any]:
    """Upload a video, wait for its register and read it. The AWS clients follow this process's environment.

    Args:
        settings_env: the environment variables `attendance.settings` reads, STATE_MACHINE_ARN included.
        path: an .mp4 or .mov file.
        course_id: the course.
        date: YYYY-MM-DD, the local date of the class.
        on_progress: called at the upload, at each state the run enters, and when it has to wait for its turn.
        slot: which of several sessions of the day; None is the only one.

    Returns:
        `session` (course_id, session_id, date, status, counts), `rows` (dicts, what needs a review first) and
        `timings` (seconds: upload, start, run, total, and `states` by name).

    Raises:
        VideoFileError: the file cannot be read or its name cannot be a video's.
        BadVideoKeyError: course_id, date or slot is none.
        ProcessingFailedError: there is no such course, or the run failed; the text is the recorded reason.
    """
    settings = Settings.from_environment(settings_env)
    _refuse_size(path)
    key = "/".join(("videos", course_id, date, *([slot] if slot else []), path.name))
    video_key(key)
    reader = compose.reader(settings)
    _course(reader, course_id)
    began = time.monotonic()
    uploaded = upload(settings.videos_bucket, path, key)
    upload_seconds = time.monotonic() - began
    on_progress(Step("Uploaded", upload_seconds))
    machine = boto3.client("stepfunctions")
    execution = _wait_for_start(machine, settings.state_machine_arn, uploaded)
    started = time.monotonic()
    _follow(machine, execution, began, on_progress)
    ended = time.monotonic()
    session = _session_of(reader, course_id, session_id(date, slot), machine, execution)
    return {
        "session": _session_json(session),
        "rows": read_rows(reader, session),
        "timings": {
            "upload_seconds": round(upload_seconds, 3),
            "start_seconds": round(started - began - upload_seconds, 3),
            "run_seconds": round(ended - started, 3),
            "total_seconds": round(ended - began, 3),
            "states": state_seconds(_history(machine, execution.arn)),
        },
    }


def _refuse_size(path: Path) -> None:
    """Refuse, before hours of sending it, what no run can read."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise VideoFileError(f"{path.name} cannot be read: {error.strerror}") from error
    if path.is_file() and size == 0:
        raise VideoFileError(f"{path.name} is empty: check that the recording is complete.")
    if size > MAX_VIDEO_BYTES:
        raise VideoFileError(f"{path.name} has more than 10 GB: save it smaller, or cut it into parts.")


def upload(bucket: str, path: Path, key: str) -> VideoObject:
    """Put the file under a key.

    Raises:
        VideoFileError: the file cannot be read.
    """
    client = boto3.client("s3")
    try:
        with path.open("rb") as body:
            client.upload_fileobj(body, bucket, key)
    except OSError as error:
        raise VideoFileError(f"{path.name} cannot be read: {error.strerror or 'is it a file?'}") from error
    made = client.head_object(Bucket=bucket, Key=key)
    return VideoObject(
        bucket=bucket,
        key=key,
        version_id=made.get("VersionId"),
        etag=made["ETag"].strip('"'),
        size=made["ContentLength"],
        uploaded_at=made["LastModified"],
    )


def today(settings: Settings, course_id: str) -> str:
    """Today's date in the course's time zone.

    Raises:
        ProcessingFailedError: there is no such course.
    """
    return local_date(datetime.now(UTC), _course(compose.reader(settings), course_id).time_zone)


def _course(reader: RegisterReader, course_id: str) -> CourseInfo:
    course = reader.course(course_id)
    if course is None:
        raise ProcessingFailedError(
            f"There is no course {course_id}: `rollcall students import` with its students creates it."
        )
    return course


def read_rows(reader: RegisterReader, session: Session) -> list[dict[str, Any]]:
    """A session's rows as plain values, what needs a review first."""
    return [asdict(row) for row in by_need_of_review(reader.rows(session.session_key))]


def state_seconds(events: Iterator["HistoryEventTypeDef"]) -> dict[str, float]:
    """Seconds spent in each state of a run by name, repeated visits added up, in order of the first visit."""
    spent: dict[str, float] = {}
    entered: dict[str, datetime] = {}
    for event in events:
        if "stateEnteredEventDetails" in event:
            entered[event["stateEnteredEventDetails"]["name"]] = event["timestamp"]
        elif "stateExitedEventDetails" in event:
            name = event["stateExitedEventDetails"]["name"]
            seconds = (event["timestamp"] - entered.get(name, event["timestamp"])).total_seconds()
            spent[name] = round(spent.get(name, 0.0) + seconds, 3)
    return spent


def print_register(result: Mapping[str, Any], console: Console | None = None) -> None:
    """Print a result of `process_video` as a table, with the longest states below it."""
    session = result["session"]
    table = Table(title=Text(f"{session['course_id']}, {session['date']}"), title_justify="left")
    for heading in ("Student", "Id", "Status"):
        table.add_column(heading)
    for heading in ("Similarity", "First seen", "Last seen"):
        table.add_column(heading, justify="right")
    for row in result["rows"]:
        table.add_row(*_cells(row))
    console = console or Console(highlight=False)
    console.print(table)
    counted = ", ".join(f"{number} {status}" for status, number in session["counts"].items())
    console.print(f"{counted}; {result['timings']['total_seconds']:.1f} s from the upload to the register")


def _cells(row: Mapping[str, Any]) -> list[Text]:
    similarity = "" if row["similarity"] is None else f"{row['similarity']:.2f}"
    return [
        Text(row["student_name"]),
        Text(row["student_id"]),
        Text(row["status"], style=STATUS_COLOURS.get(row["status"], "")),
        Text(similarity),
        Text(_moment(row["first_seen_ms"])),
        Text(_moment(row["last_seen_ms"])),
    ]


def _moment(milliseconds: int | None) -> str:
    return "" if milliseconds is None else f"{milliseconds // 60_000}:{milliseconds // 1000 % 60:02}"


def _wait_for_start(machine: "SFNClient", machine_arn: str, uploaded: VideoObject) -> Execution:
    """The execution that EventBridge started for the upload.

    Raises:
        ProcessingFailedError: there was none in time.
    """
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    since = uploaded.uploaded_at - CLOCK_SKEW
    seen: set[str] = set()
    while time.monotonic() < deadline:
        for arn in _recent(machine, machine_arn, since):
            if arn not in seen:
                seen.add(arn)
                video = _video_of(machine, arn)
                if video is not None and _is_of(video, uploaded):
                    return Execution(arn, video)
        time.sleep(POLL_SECONDS)
    raise ProcessingFailedError(
        "The video is uploaded, but no run started for it: check that the stack's EventBridge rule is enabled."
    )


def _is_of(started: VideoObject, uploaded: VideoObject) -> bool:
    """Whether an execution was started by this very upload and by no earlier one of the same bytes.

    Where the event names no version its time tells, which is never before the object's in whole seconds.
    """
    same_bytes = (started.bucket, started.key, started.etag) == (uploaded.bucket, uploaded.key, uploaded.etag)
    if started.version_id is None:
        return same_bytes and started.uploaded_at >= uploaded.uploaded_at
    return same_bytes and started.version_id == uploaded.version_id


def _recent(machine: "SFNClient", machine_arn: str, since: datetime) -> Iterator[str]:
    """Executions started since a moment; the service lists the newest first."""
    for page in machine.get_paginator("list_executions").paginate(stateMachineArn=machine_arn):
        for execution in page["executions"]:
            if execution["startDate"] < since:
                return
            yield execution["executionArn"]


def _video_of(machine: "SFNClient", arn: str) -> VideoObject | None:
    """The upload an execution was started by; None when it was started by something else."""
    try:
        return video_object(json.loads(machine.describe_execution(executionArn=arn)["input"]))
    except (KeyError, ValueError, BadEventError):
        return None


def _follow(machine: "SFNClient", execution: Execution, began: float, tell: Callable[[Step], None]) -> None:
    """Tell each state the run enters, in order, until it ends, however it ends."""
    last, state = 0, ""
    while True:
        status = machine.describe_execution(executionArn=execution.arn)["status"]
        for event in _events_after(machine, execution.arn, last):
            last, seconds = event["id"], time.monotonic() - began
            if entered := event.get("stateEnteredEventDetails"):
                state = entered["name"]
                tell(Step(state, seconds, searched(entered.get("input", ""))))
            elif is_queued([event]):
                tell(Step(state, seconds, queued=QUEUED))
        if status != "RUNNING":
            return
        time.sleep(POLL_SECONDS)


def _events_after(machine: "SFNClient", arn: str, last: int) -> list["HistoryEventTypeDef"]:
    """A run's events after the one of id `last`, oldest first; earlier ones are not read again."""
    pages = machine.get_paginator("get_execution_history").paginate(
        executionArn=arn, reverseOrder=True, PaginationConfig={"PageSize": 50}
    )
    newest_first = (event for page in pages for event in page["events"])
    return list(takewhile(lambda event: event["id"] > last, newest_first))[::-1]


def _history(machine: "SFNClient", arn: str) -> Iterator["HistoryEventTypeDef"]:
    for page in machine.get_paginator("get_execution_history").paginate(executionArn=arn):
        yield from page["events"]


def _session_of(
    reader: RegisterReader, course_id: str, session: str, machine: "SFNClient", execution: Execution
) -> Session:
    """The session of a run that made its part of the register.

    Raises:
        ProcessingFailedError: the run failed.
    """
    identifier = video_id(execution.video)
    date, _ = day_and_slot(session)
    candidates = (reader.session(course_id, session), reader.session(UNFILED, f"{date}#{identifier}"))
    for found in filter(None, candidates):
        for video in found.videos:
            if video.video_id == identifier and video.status is Progress.COMPLETE:
                return found
            if video.video_id == identifier and video.error:
                raise ProcessingFailedError(_reason(video))
    raise ProcessingFailedError(_unrecorded(machine, execution.arn))


def _reason(video: SessionVideo) -> str:
    return video.error.reason if video.error and video.error.reason else "The video failed without a reason."


def _unrecorded(machine: "SFNClient", arn: str) -> str:
    """What the service itself knows of a run that could not even record its failure."""
    told = machine.describe_execution(executionArn=arn)
    return f"The run ended as {told['status']} ({told.get('error', 'no error named')}): its history tells more."


def _session_json(session: Session) -> dict[str, Any]:
    return {
        "course_id": session.course_id,
        "session_id": session.session_id,
        "date": session.date,
        "status": session.status.value,
        "counts": dict(session.counts),
    }
