"""The nine steps of the state machine "attendance", in the order they run.

Every step may run twice, and two runs may overlap: ids and keys derive from the uploaded object, rows from the matches
of all collected videos of the session. A run that decided without another video's matches notices at the end
(`close_session`) and decides again, so whoever comes last has written the whole register.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytz

from attendance import documents, keys
from attendance.errors import (
    BadVideoKeyError,
    EmptyVideoError,
    FaceSearchFailedError,
    SessionChangedError,
    UnknownCourseError,
    VideoTooLargeError,
    reason,
)
from attendance.log import step_done
from attendance.matching import Tally
from attendance.model import Course, Job, Matches, Register, Row, Status, Video, VideoObject
from attendance.ports import Services, VideoRecord
from attendance.rollcall import decide, unite, wait_seconds

MAX_VIDEO_BYTES = 10 * 1024**3
"""Rekognition's limit of a stored video."""
IN_PROGRESS = "IN_PROGRESS"
SUCCEEDED = "SUCCEEDED"


def register_video(event: Mapping[str, Any], execution_arn: str, services: Services) -> Video:
    """Find the session an uploaded object belongs to, and note the video in it.

    Raises:
        BadEventError: the event tells of no object.
        BadVideoKeyError: the object's key has no form that is known.
        UnknownCourseError: the key names a course that is not there.
        EmptyVideoError: the object has no bytes.
        VideoTooLargeError: the object is over 10 GB.
    """
    uploaded = keys.video_object(event)
    video = _filed(uploaded, services)
    _refuse_size(uploaded)
    services.sessions.add_video(video, uploaded.uploaded_at, execution_arn)
    step_done("register_video", session_key=video.session_key, video_id=video.video_id, bytes=uploaded.size)
    return video


def start_face_search(video: Video, services: Services) -> Job:
    """Start the search, or find the one that was started before with the same request.

    The search keeps every match from the review threshold on, since the service drops those below for good.
    """
    threshold = _course(video.course_id, services).thresholds.review
    model = services.faces.model()
    token = keys.request_token(video, services.settings.collection_id, threshold)
    job_id = services.faces.start(video, threshold, token)
    services.sessions.search_started(video, job_id, model)
    step_done("start_face_search", session_key=video.session_key, video_id=video.video_id)
    return Job(job_id, IN_PROGRESS, 0, wait_seconds(0, services.settings.poll_seconds), None)


def get_face_search(job: Job, services: Services) -> Job:
    """Ask how the search stands.

    Returns:
        The job, IN_PROGRESS or SUCCEEDED, with one poll more and the next wait.

    Raises:
        FaceSearchFailedError: the service gave up.
    """
    state = services.faces.state(job.job_id)
    if state.status not in (IN_PROGRESS, SUCCEEDED):
        raise _failed(state.message or state.status)
    polls = job.polls + 1
    step_done("get_face_search", polls=polls)
    wait = wait_seconds(polls, services.settings.poll_seconds)
    return replace(job, status=state.status, polls=polls, wait_seconds=wait, percent=state.percent)


def collect_matches(video: Video, job: Job, services: Services) -> Matches:
    """Reduce the search's result to one sighting per student and keep it in the work bucket."""
    tally = Tally(video)
    for page in services.faces.pages(job.job_id):
        if page.get("JobStatus", SUCCEEDED) != SUCCEEDED:
            raise _failed(page.get("StatusMessage") or str(page["JobStatus"]))
        tally.add(page)
    matches = tally.matches()
    services.work.put(keys.matches_key(video), documents.from_matches(matches))
    services.sessions.collected(video, keys.matches_key(video), matches.duration_ms)
    step_done(
        "collect_matches",
        session_key=video.session_key,
        video_id=video.video_id,
        detections=matches.detections,
        people=matches.people,
        students=len(matches.students),
    )
    return matches


def resolve_names(video: Video, services: Services) -> Register:
    """Decide every enrolled student's row from all collected videos of the session, and keep the decisions."""
    thresholds = _course(video.course_id, services).thresholds
    sources = _sources(services.sessions.videos(video))
    found = [documents.to_matches(services.work.get(source)) for source in sources]
    seen = unite(matches.students for matches in found)
    register = Register(
        course_id=video.course_id,
        session_id=video.session_id,
        session_key=video.session_key,
        date=video.date,
        thresholds=thresholds,
        sources=sources,
        unknown=sum(matches.unknown for matches in found),
        rows=decide(services.rosters.of(video.course_id), seen, thresholds, video.date),
    )
    services.work.put(keys.resolved_key(video), documents.from_register(register))
    step_done("resolve_names", session_key=video.session_key, video_id=video.video_id, roster=len(register.rows))
    return register


def write_present(video: Video, services: Services) -> dict[str, int]:
    """Write the rows of students who are present or need a review; how many there are of each."""
    rows = _write(video, (Status.PRESENT, Status.REVIEW), services)
    counts = {status.value: sum(row.status is status for row in rows) for status in (Status.PRESENT, Status.REVIEW)}
    step_done("write_present", session_key=video.session_key, video_id=video.video_id, **counts)
    return counts


def write_absent(video: Video, services: Services) -> dict[str, int]:
    """Write the rows of students who are absent; how many there are."""
    counts = {Status.ABSENT.value: len(_write(video, (Status.ABSENT,), services))}
    step_done("write_absent", session_key=video.session_key, video_id=video.video_id, **counts)
    return counts


def close_session(video: Video, counts: Mapping[str, int], services: Services) -> dict[str, Any]:
    """Mark the video complete, and the session as far as its videos are.

    Args:
        video: the video whose rows are written.
        counts: rows by status.
        services: the world.

    Returns:
        The session: course_id, session_id, status, counts.

    Raises:
        SessionChangedError: another video was collected since the rows were decided.
    """
    register = documents.to_register(services.work.get(keys.resolved_key(video)))
    if register.sources != _sources(services.sessions.videos(video)):
        raise SessionChangedError("Another video of this session was collected meanwhile. The rows are decided again.")
    status = services.sessions.video_complete(video, counts, register.thresholds)
    step_done("close_session", session_key=video.session_key, video_id=video.video_id)
    return {"course_id": video.course_id, "session_id": video.session_id, "status": status.value, "counts": counts}


def record_failure(
    event: Mapping[str, Any], execution_arn: str, error: Mapping[str, Any], services: Services
) -> dict[str, str]:
    """Keep what went wrong with the video, where people look for its register.

    Args:
        event: what the execution was started with.
        execution_arn: the execution.
        error: what the machine caught: Error, and mostly Cause.
        services: the world.

    Returns:
        course_id, session_id, video_id, error (its name) and reason (a sentence for a person).
    """
    uploaded = keys.video_object(event)
    video = _filed_somewhere(uploaded, services)
    name = str(error["Error"])
    why = reason(name, str(error.get("Cause", "")))
    services.sessions.add_video(video, uploaded.uploaded_at, execution_arn)
    services.sessions.video_failed(video, name, why)
    step_done("record_failure", session_key=video.session_key, video_id=video.video_id)
    return {
        "course_id": video.course_id,
        "session_id": video.session_id,
        "video_id": video.video_id,
        "error": name,
        "reason": why,
    }


def _filed(uploaded: VideoObject, services: Services) -> Video:
    """The video with its course and date, both checked."""
    named = keys.video_key(uploaded.key)
    course = _course(named.course_id or services.settings.default_course_id, services)
    day = named.date or keys.local_date(uploaded.uploaded_at, course.time_zone)
    return keys.filed(uploaded, course.course_id, day)


def _filed_somewhere(uploaded: VideoObject, services: Services) -> Video:
    """The video in its session, or by itself when no course and date can be made of its key."""
    try:
        return _filed(uploaded, services)
    except (BadVideoKeyError, UnknownCourseError, pytz.UnknownTimeZoneError):
        return keys.unfiled(uploaded, keys.local_date(uploaded.uploaded_at, services.settings.default_time_zone))


def _course(course_id: str, services: Services) -> Course:
    course = services.courses.get(course_id)
    if course is None:
        raise UnknownCourseError(
            f"There is no course {course_id}. Create it, as `rollcall students import` with its roster does, "
            "or correct the course in the object's key; then upload the video again."
        )
    return course


def _refuse_size(uploaded: VideoObject) -> None:
    if uploaded.size == 0:
        raise EmptyVideoError("The video is empty (0 bytes). Check the file on your side and upload it again.")
    if uploaded.size > MAX_VIDEO_BYTES:
        raise VideoTooLargeError(
            f"The video has {uploaded.size / 1024**3:.1f} GB; a face search takes at most 10. Upload shorter parts."
        )


def _failed(message: str) -> FaceSearchFailedError:
    return FaceSearchFailedError(
        f"The face service could not search the video: {message.rstrip('.')}. "
        "If the file does not play to its end on your computer, export it again, as H.264, before you upload it."
    )


def _sources(videos: Mapping[str, VideoRecord]) -> tuple[str, ...]:
    """The matches that count for a session: those of every collected video, so also of one that is being closed."""
    return tuple(sorted(video.matches_key for video in videos.values() if video.matches_key))


def _write(video: Video, statuses: tuple[Status, ...], services: Services) -> list[Row]:
    """Write the decided rows of some statuses, but for those that belong to a person; the decided rows."""
    register = documents.to_register(services.work.get(keys.resolved_key(video)))
    rows = [row for row in register.rows if row.status in statuses]
    corrected = services.attendance.corrected(video.session_key)
    services.attendance.put(documents.attendance_item(register, row) for row in rows if row.student_id not in corrected)
    return rows
