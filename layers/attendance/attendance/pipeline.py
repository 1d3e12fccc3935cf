"""The nine steps of the state machine "attendance", in the order they run.

Every step may run twice, and two runs may overlap: ids and keys derive from the uploaded object, rows from the matches
of all collected videos of the session. What the last four steps do for a session, with or without a video, is in
`attendance.decisions`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytz

from attendance import documents, keys
from attendance.decisions import Decision, close, course_of, decide_session, write_seen, write_unseen
from attendance.errors import (
    BadVideoKeyError,
    EmptyVideoError,
    FaceSearchFailedError,
    UnknownCourseError,
    VideoErasedError,
    VideoTooLargeError,
    reason,
)
from attendance.log import step_done
from attendance.matching import Tally
from attendance.model import Job, Matches, Video, VideoObject
from attendance.ports import Services
from attendance.rollcall import wait_seconds

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
        VideoErasedError: a person erased the recording.
    """
    uploaded = keys.video_object(event)
    video = _filed(uploaded, services, for_good=True)
    _refuse_size(uploaded)
    _note(video, uploaded, execution_arn, services)
    step_done("register_video", session_key=video.session_key, video_id=video.video_id, bytes=uploaded.size)
    return video


def start_face_search(video: Video, services: Services) -> Job:
    """Start the search, or find the one that was started before with the same request.

    The search keeps every match from the review threshold on, since the service drops those below for good.
    """
    threshold = course_of(video.course_id, services).thresholds.review
    model = services.faces.model()
    token = keys.request_token(
        video, services.settings.collection_id, threshold, services.sessions.failed_job_id(video)
    )
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
    return replace(
        job,
        status=state.status,
        polls=polls,
        wait_seconds=wait_seconds(polls, services.settings.poll_seconds),
        percent=state.percent,
        people=state.people,
        searching_seconds=0 if state.percent is None else job.searching_seconds + job.wait_seconds,
    )


def collect_matches(video: Video, job: Job, services: Services) -> Matches:
    """Reduce the search's result to one sighting per student and keep it in the work bucket."""
    tally = Tally(video)
    for page in services.faces.pages(job.job_id):
        if page.get("JobStatus", SUCCEEDED) != SUCCEEDED:
            raise _failed(page.get("StatusMessage") or str(page["JobStatus"]))
        tally.add(page)
    matches = _kept(video, tally.matches(), services)
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


def _kept(video: Video, found: Matches, services: Services) -> Matches:
    """Keep what was found, but for students who are being or were erased.

    They are looked for after the document is there: an erasing that began before is seen then, and a later one finds
    the document.
    """
    services.work.put(keys.matches_key(video), documents.from_matches(found))
    erased = services.erasures.erased(sighting.student_id for sighting in found.students)
    if not erased:
        return found
    left = replace(found, students=tuple(each for each in found.students if each.student_id not in erased))
    services.work.put(keys.matches_key(video), documents.from_matches(left))
    return left


def resolve_names(video: Video, services: Services) -> Decision:
    """Decide every enrolled student's row from all collected videos of the session, and let the decisions stand."""
    decision = decide_session(video.place, services, video.video_id)
    roster = len(decision.register.rows)
    step_done("resolve_names", session_key=video.session_key, video_id=video.video_id, roster=roster)
    return decision


def write_present(video: Video, decision: str, services: Services) -> dict[str, int]:
    """Write the rows of students who are present or need a review; how many there are of each.

    Raises:
        SessionChangedError: another decision stands.
    """
    counts = write_seen(video.place, decision, services)
    step_done("write_present", session_key=video.session_key, video_id=video.video_id, **counts)
    return counts


def write_absent(video: Video, decision: str, services: Services) -> dict[str, int]:
    """Write the rows of students who are absent, and delete those of who is not on the roster; how many are absent.

    Raises:
        SessionChangedError: another decision stands.
    """
    counts = write_unseen(video.place, decision, services)
    step_done("write_absent", session_key=video.session_key, video_id=video.video_id, **counts)
    return counts


def close_session(video: Video, decision: str, services: Services) -> dict[str, Any]:
    """Mark the video complete, and the session as far as its videos are.

    Returns:
        The session: course_id, session_id, status, counts (rows by status, a person's corrections included).

    Raises:
        SessionChangedError: another decision stands.
    """
    status, counts = close(video.place, decision, services, video.video_id)
    step_done("close_session", session_key=video.session_key, video_id=video.video_id, **counts)
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
    video = place_of(uploaded, services, for_good=True)
    name = str(error["Error"])
    why = reason(name, str(error.get("Cause", "")))
    _note(video, uploaded, execution_arn, services)
    if name == FaceSearchFailedError.__name__:
        services.sessions.search_failed(video)
    services.sessions.video_failed(video, name, why)
    step_done("record_failure", session_key=video.session_key, video_id=video.video_id)
    return {
        "course_id": video.course_id,
        "session_id": video.session_id,
        "video_id": video.video_id,
        "error": name,
        "reason": why,
    }


def _filed(uploaded: VideoObject, services: Services, *, for_good: bool) -> Video:
    """The video in the session that is remembered for it, else with the course and date of its key, both checked.

    What a key without a date means is made of settings that may change, and of a time that S3 tells differently from
    its event. So the first answer is kept for good by whoever notes the video somewhere.
    """
    filed = services.sessions.filed_in(keys.video_id(uploaded))
    if filed:
        return keys.filed(uploaded, replace(filed, course_id=course_of(filed.course_id, services).course_id))
    named = keys.video_key(uploaded.key)
    course = course_of(named.course_id or services.settings.default_course_id, services)
    day = named.date or keys.local_date(uploaded.uploaded_at, course.time_zone)
    place = keys.place(course.course_id, keys.session_id(day, named.slot))
    if for_good and not named.date:
        place = services.sessions.file(keys.video_id(uploaded), place)
    return keys.filed(uploaded, place)


def place_of(uploaded: VideoObject, services: Services, *, for_good: bool = False) -> Video:
    """The video in its session, or by itself when no course and date can be made of its key.

    Args:
        uploaded: the video.
        services: the world.
        for_good: whether it stays there, whatever the settings become.
    """
    try:
        return _filed(uploaded, services, for_good=for_good)
    except (BadVideoKeyError, UnknownCourseError, VideoErasedError, pytz.UnknownTimeZoneError):
        return _unfiled(uploaded, services)


def _unfiled(uploaded: VideoObject, services: Services) -> Video:
    return keys.unfiled(uploaded, keys.local_date(uploaded.uploaded_at, services.settings.default_time_zone))


def _note(video: Video, uploaded: VideoObject, execution_arn: str, services: Services) -> None:
    """Note that the video is being worked on; what was told of it while it could not be filed is told no more."""
    services.sessions.add_video(video, uploaded.uploaded_at, execution_arn)
    if video.course_id != keys.UNFILED:
        services.sessions.forget(_unfiled(uploaded, services))


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
