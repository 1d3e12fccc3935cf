"""Runs that ended without a register: who finds them, and how a video is run again.

A person starts a failed video again (`retry`); a rule hands over each run that ended where no catch of the machine
could see it (`record_stopped_run`); once an hour, and whenever a local stack starts, whatever still has neither a
register nor a failure is looked for (`reconcile`). All of them start a run in one way, with the event of the upload:
every step is safe to run twice, and a search that was started within the last seven days is not paid again. What a
person began outside a run, as by leaving a video out, and could not end is ended there as well (`reconcile`).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from attendance import keys
from attendance.decisions import settle
from attendance.errors import (
    BadEventError,
    ObjectNotFoundError,
    RollcallError,
    SessionChangedError,
    UnknownCourseError,
    UnprocessedItemsError,
)
from attendance.log import step_done
from attendance.model import Progress, VideoObject
from attendance.pipeline import place_of, record_failure
from attendance.ports import Runs, Services, Uploads
from attendance.register import Session, SessionVideo

GOING_ON = frozenset({"RUNNING", "PENDING_REDRIVE"})
"""Statuses of an execution that has not ended."""
STOPPED: Mapping[str, str] = {"TIMED_OUT": "Execution.TimedOut", "ABORTED": "Execution.Aborted"}
"""What the machine cannot catch itself: an execution's status ▶ the name of the video's error."""

RECENT = timedelta(days=7)
"""How far back a reconciliation looks: as long as Rekognition remembers a request token, so nothing is paid twice."""
GRACE = timedelta(minutes=15)
"""How long an upload may be without a record before its event counts as lost."""
MOST = 50
"""Runs that one reconciliation starts; more would only wait for one of the 20 searches Rekognition allows."""

_LATER = (SessionChangedError, UnknownCourseError, ObjectNotFoundError, UnprocessedItemsError)
"""What keeps one register from being decided, and says nothing of the others."""
_FORGOTTEN = "FORGOTTEN"
"""In place of the status of an execution that the service knows no more."""
_UNKNOWN_SIZE = 1
"""Bytes of a video that is gone: its run then ends because it cannot be read, not because it is empty."""


class NoSuchSessionError(RollcallError):
    """There is no session or video of that name."""


class NothingFailedError(RollcallError):
    """No video of the session failed."""


class StillRunningError(RollcallError):
    """A run is at work on the video."""


class VideoGoneError(RollcallError):
    """The video is not in the bucket any more."""


class SessionReader(Protocol):
    """Reads sessions by key."""

    def session(self, course_id: str, session_id: str) -> Session | None:
        """The session as it is now, or None."""

    def sessions_on(self, date: str) -> Sequence[Session]:
        """Sessions of every course on one local date, as they were a moment ago."""


@dataclass(frozen=True)
class Tools:
    """What the functions here use of the world."""

    services: Services
    sessions: SessionReader
    runs: Runs
    uploads: Uploads


@dataclass(frozen=True)
class Reconciled:
    """What a reconciliation did.

    Attributes:
        started: runs.
        recorded: stopped runs that were recorded as failures.
        settled: sessions whose register was decided and written as far as a person's request had not come.
        left: videos and sessions left for the next one.
    """

    started: int
    recorded: int
    settled: int
    left: int


@dataclass(frozen=True)
class _Recorded:
    """A video as some session tells of it."""

    course_id: str
    session_id: str
    video: SessionVideo


@dataclass(frozen=True)
class _Start:
    """A run to be started; `after` is the execution that ended before, empty for none."""

    video: VideoObject
    after: str


def retry(course_id: str, session_id: str, video_id: str | None, tools: Tools) -> list[str]:
    """Run a session's failed videos again.

    Args:
        course_id: the session's course.
        session_id: its id.
        video_id: only this video; None for all of the session that are in use and have no register.
        tools: the world.

    Returns:
        The video_ids that run now.

    Raises:
        NoSuchSessionError: there is no such session or video.
        NothingFailedError: every video has its register.
        StillRunningError: the only videos without a register are being worked on.
        VideoGoneError: an object is gone; nothing was started.
    """
    unfinished = _unfinished(course_id, session_id, video_id, tools.sessions)
    idle = [video for video in unfinished if tools.runs.status(video.execution_arn) not in GOING_ON]
    if not idle:
        raise StillRunningError("A run is at work on it. Wait until it has ended, or stop it first.")
    uploads = [stored(video, tools.uploads) for video in idle]
    for video, upload in zip(idle, uploads, strict=True):
        _run(_Start(upload, video.execution_arn), tools.runs)
    return [video.video_id for video in idle]


def record_stopped_run(event: Mapping[str, Any], tools: Tools) -> bool:
    """Record the failure of a run that the machine itself could not record.

    Args:
        event: EventBridge's "Step Functions Execution Status Change" of an execution that FAILED, TIMED_OUT or ABORTED.
        tools: the world.

    Returns:
        Whether there was anything to record: not for a video that has its register or its failure, or that another
        run has taken up since, nor for an execution that was started with something else than an upload.
    """
    detail = event["detail"]
    try:
        upload = json.loads(detail.get("input") or "{}")
        video = place_of(keys.video_object(upload), tools.services)
    except (BadEventError, ValueError):
        return False
    arn = str(detail["executionArn"])
    record = _record(video.course_id, video.session_id, video.video_id, tools.sessions)
    if record and not _is_left_by(record, arn):
        return False
    name = STOPPED.get(detail["status"]) or detail.get("error") or detail["status"]
    record_failure(upload, arn, {"Error": name, "Cause": detail.get("cause") or ""}, tools.services)
    return True


def reconcile_recent(now: datetime, tools: Tools) -> Reconciled:
    """Reconcile the sessions and the uploads of the last days.

    Args:
        now: with a zone; tomorrow's sessions are looked at as well, as it may be tomorrow where the course is.
        tools: the world.
    """
    dates = [(now.date() - timedelta(days=days)).isoformat() for days in range(-1, RECENT.days + 1)]
    sessions = (session for day in dates for session in tools.sessions.sessions_on(day))
    return reconcile(sessions, now - RECENT, now - GRACE, MOST, tools)


def reconcile(
    sessions: Iterable[Session], since: datetime, before: datetime, most: int | None, tools: Tools
) -> Reconciled:
    """Find the videos that have neither a register nor a failure and that no run is at work on, and finish them.

    Args:
        sessions: where to look for videos that a run had begun with, and for registers that a person's request left
            half written; they may be a little out of date.
        since: uploads from then on are looked at.
        before: until then an upload must have come to count as overlooked.
        most: how many runs are started at most, the earliest uploads first; None for all.
        tools: the world.
    """
    looked_at = list(sessions)
    settled, unsettled = _settled(looked_at, tools)
    known = [_Recorded(one.course_id, one.session_id, video) for one in looked_at for video in one.videos]
    overlooked = _overlooked(tools.uploads.since(since), before, known, tools)
    broken_off, recorded = _broken_off(known, tools)
    starts = sorted([*overlooked, *broken_off], key=lambda start: start.video.uploaded_at)[slice(most)]
    for start in starts:
        _run(start, tools.runs)
    left = len(overlooked) + len(broken_off) - len(starts) + unsettled
    done = Reconciled(len(starts), recorded, settled, left)
    step_done("reconcile", **asdict(done))
    return done


def _run(start: _Start, runs: Runs) -> None:
    runs.start(start.video, start.after)
    step_done("run_again", video_id=keys.video_id(start.video))


def _settled(sessions: Iterable[Session], tools: Tools) -> tuple[int, int]:
    """Decide and write the registers that are outdated; how many there were, and of how many it could not be done."""
    settled = unsettled = 0
    for one in sessions:
        is_outdated = one.is_outdated and one.course_id != keys.UNFILED  # which has no register
        now = tools.sessions.session(one.course_id, one.session_id) if is_outdated else None
        if now is None or not now.is_outdated:
            continue
        try:
            settle(now.place, tools.services)
        except _LATER:
            step_done("register_left", session_key=now.session_key)
            unsettled += 1
        else:
            settled += 1
    return settled, unsettled


def _overlooked(uploads: Iterable[VideoObject], before: datetime, known: list[_Recorded], tools: Tools) -> list[_Start]:
    """Runs for the uploads that no session tells of; those that one tells of after all are added to the known."""
    starts = []
    known_ids = {one.video.video_id for one in known}
    for upload in uploads:
        if known_ids & {keys.video_id(told) for told in _as_told(upload)}:
            continue
        if record := _looked_up(upload, tools):
            known.append(record)
        elif upload.uploaded_at <= before:
            starts.append(_Start(upload, ""))
    return starts


def _looked_up(upload: VideoObject, tools: Tools) -> _Recorded | None:
    """What the session where the upload belongs tells of it."""
    for told in _as_told(upload):
        video = place_of(told, tools.services)
        if record := _record(video.course_id, video.session_id, video.video_id, tools.sessions):
            return _Recorded(video.course_id, video.session_id, record)
    return None


def _broken_off(known: Iterable[_Recorded], tools: Tools) -> tuple[list[_Start], int]:
    """Runs for the videos whose run broke off, and for how many others a stop was recorded as their failure."""
    starts, recorded = [], 0
    for one in known:
        status = _ended(one, tools)
        if status in STOPPED:
            error = {"Error": STOPPED[status], "Cause": ""}
            event = keys.upload_event(_object_of(one.video, _UNKNOWN_SIZE))
            record_failure(event, one.video.execution_arn, error, tools.services)
            recorded += 1
        elif status:
            size = _size_of(one.video, tools.uploads)
            upload = _object_of(one.video, _UNKNOWN_SIZE if size is None else size)
            starts.append(_Start(upload, one.video.execution_arn))
    return starts, recorded


def _ended(one: _Recorded, tools: Tools) -> str:
    """How the run of a video ended that has neither a register nor a failure; nothing where all is well."""
    if one.video.status is not Progress.PROCESSING:
        return ""
    status = tools.runs.status(one.video.execution_arn)
    if status in GOING_ON:
        return ""
    # It may have ended well since the session was read, or another run may have begun.
    now = _record(one.course_id, one.session_id, one.video.video_id, tools.sessions)
    return status or _FORGOTTEN if now and _is_left_by(now, one.video.execution_arn) else ""


def _is_left_by(record: SessionVideo, execution_arn: str) -> bool:
    """Whether this execution was the last to work on the video, and has left it unfinished."""
    return record.status is Progress.PROCESSING and record.execution_arn == execution_arn


def _record(course_id: str, session_id: str, video_id: str, sessions: SessionReader) -> SessionVideo | None:
    session = sessions.session(course_id, session_id)
    return next((video for video in session.videos if video.video_id == video_id), None) if session else None


def _unfinished(
    course_id: str, session_id: str, video_id: str | None, sessions: SessionReader
) -> Sequence[SessionVideo]:
    """The videos of a session that may be run again."""
    session = sessions.session(course_id, session_id)
    if video_id:
        videos = tuple(video for video in (session.videos if session else ()) if video.video_id == video_id)
    else:
        videos = session.in_use if session else ()
    if not videos:
        raise NoSuchSessionError(
            f"There is no session {session_id} of the course {course_id} with such a video. "
            "`rollcall session list` shows what can be run again."
        )
    unfinished = [video for video in videos if video.status is not Progress.COMPLETE]
    if not unfinished:
        raise NothingFailedError("Nothing failed there: every video has its register.")
    return unfinished


def stored(video: SessionVideo, uploads: Uploads) -> VideoObject:
    """The upload of a session's video.

    Raises:
        VideoGoneError: it is not in the bucket any more.
    """
    size = _size_of(video, uploads)
    if size is None:
        raise VideoGoneError(f"The video {video.key} is not in the bucket any more. Upload it again.")
    return _object_of(video, size)


def _size_of(video: SessionVideo, uploads: Uploads) -> int | None:
    return uploads.size_of(video.bucket, video.key, video.version_id, video.etag)


def _object_of(video: SessionVideo, size: int) -> VideoObject:
    """The upload as its event told of it, so that it keeps its id and its session."""
    uploaded_at = datetime.fromisoformat(video.uploaded_at or "1970-01-01T00:00:00+00:00")
    return VideoObject(video.bucket, video.key, video.version_id, video.etag, size, uploaded_at)


def _as_told(upload: VideoObject) -> tuple[VideoObject, VideoObject]:
    """An upload as its event may have told of it: not every service names the version."""
    return upload, replace(upload, version_id=None)
