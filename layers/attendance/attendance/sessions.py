"""What people do with sessions: open one to call the roll by hand, decide one again, and say which videos are of it."""

from collections.abc import Mapping
from contextlib import suppress

from attendance import keys
from attendance.decisions import course_of, settle
from attendance.errors import ObjectNotFoundError, RollcallError
from attendance.keys import UNFILED
from attendance.model import Place, Progress
from attendance.ports import Services
from attendance.recovery import (
    NoSuchSessionError,
    NothingFailedError,
    StillRunningError,
    Tools,
    VideoGoneError,
    retry,
    stored,
)
from attendance.register import Session, SessionVideo


class NoRollError(RollcallError):
    """Nobody calls the roll of the session."""


class RollCalledError(RollcallError):
    """Somebody has said something of a student already."""


class SameSessionError(RollcallError):
    """The video is in that session already."""


def open_session(course_id: str, date: str, slot: str | None, services: Services) -> tuple[Place, Mapping[str, int]]:
    """Open a session without a video, in which a person calls the roll: everybody enrolled gets a row to be filled in.

    Opening it again adds who was enrolled meanwhile. In a session that has a video the rows stay as they were decided.

    Args:
        course_id: the course.
        date: YYYY-MM-DD, the local date of the class.
        slot: which of the day's sessions, None where there is one.
        services: the world.

    Returns:
        The session, and its rows by status.

    Raises:
        BadSessionError: date or slot is none.
        UnknownCourseError: there is no such course.
        SessionChangedError: videos of the session are being worked on; they write the register.
    """
    course = course_of(course_id, services)
    place = keys.place(course.course_id, keys.session_id(date, slot))
    services.sessions.open_roll_call(place)
    return place, settle(place, services)


def close_session(course_id: str, session_id: str, actor: str, tools: Tools) -> None:
    """Take back a roll that was opened by mistake: its rows go, and a session without a video with them.

    Args:
        course_id: the course.
        session_id: the session.
        actor: who does this, for the audit.
        tools: the world.

    Raises:
        NoRollError: nobody calls the roll there.
        RollCalledError: something was said of a student; nothing was changed.
        SessionChangedError: videos of the session are being worked on; they write the register.
    """
    services = tools.services
    place = keys.place(course_id, session_id)
    # The number first: what is said after it was read is noticed when the roll is closed.
    corrected = services.sessions.corrected(place)
    standings = services.corrections.of(place.session_key)
    if any(standing.correction for standing in standings.values()):
        raise RollCalledError("Something was said of students here already. Undo that first, row by row.")
    if not services.sessions.close_roll_call(place, corrected, actor):
        raise NoRollError("There is no open roll of this class, or somebody answers it just now. Look at it again.")
    settle(place, services)


def decide_again(course_id: str, session_id: str, tools: Tools) -> Mapping[str, int]:
    """Decide a session's register again, by the roster and the policy of today; its rows by status.

    What was found in its videos is kept, so nothing is searched again; corrections stay.

    Args:
        course_id: the course.
        session_id: the session.
        tools: the world.

    Raises:
        NoSuchSessionError: there is no such session.
        UnknownCourseError: there is no such course any more.
        SessionChangedError: videos of the session are being worked on; they write the register.
    """
    session = tools.sessions.session(course_id, session_id)
    if session is None or course_id == UNFILED:
        raise _no_session(course_id, session_id)
    return settle(session.place, tools.services)


def move_video(course_id: str, session_id: str, video_id: str, to: Place, actor: str, tools: Tools) -> bool:
    """Move a video to another session: both registers are decided again.

    From now on every run of the video files it there, whatever its key says; so a video that could not be filed can be
    moved too. What was found in it goes along, also when the video itself is not stored any more; only one that was
    never searched is run. If this breaks off, asking again goes on with it.

    Args:
        course_id: the course it is in, or `unfiled`.
        session_id: the session it is in.
        video_id: the video.
        to: a session of a course that is there; `keys.place` makes one.
        actor: who does this, for the audit.
        tools: the world.

    Returns:
        Whether the video runs now; else both registers are decided.

    Raises:
        NoSuchSessionError: there is no such session or video.
        SameSessionError: it is there already.
        StillRunningError: a run is at work on it.
        UnknownCourseError: there is no such course to move it to.
        VideoGoneError: it was never searched, and is not in the bucket any more; nothing was changed.
        SessionChangedError: runs of a session overtook this every time; asking again goes on.
    """
    services = tools.services
    course_of(to.course_id, services)
    session = tools.sessions.session(course_id, session_id)
    video = _video(session, video_id)
    if session and video:
        _move(session.place, video, to, actor, tools)
    elif services.sessions.filed_in(video_id) != to:
        raise _no_video(course_id, session_id, video_id)
    if session:
        _settle(session.place, services)
    arrived = _video(tools.sessions.session(to.course_id, to.session_id), video_id)
    if arrived and arrived.matches_key:
        settle(to, services, video_id)
        return False
    with suppress(NothingFailedError, StillRunningError):  # an attempt before, or the reconciler, has started it
        retry(to.course_id, to.session_id, video_id, tools)
    return True


def leave_out(course_id: str, session_id: str, video_id: str, actor: str, tools: Tools) -> None:
    """Let a video of a session not count any more; the register is decided again, and corrections stay.

    The recording stays stored. Asking again after this broke off goes on with it.

    Args:
        course_id: the course it is in, or `unfiled`.
        session_id: the session it is in.
        video_id: the video.
        actor: who does this, for the audit.
        tools: the world.

    Raises:
        NoSuchSessionError: there is no such session or video.
        SessionChangedError: videos of the session are being worked on; they write the register.
    """
    session, _ = _found(course_id, session_id, video_id, tools)
    tools.services.sessions.leave_out(video_id, session.place, actor, is_left_out=True)
    _settle(session.place, tools.services)


def count_again(course_id: str, session_id: str, video_id: str, actor: str, tools: Tools) -> None:
    """Let a video count again that was left out.

    Args:
        course_id: the course it is in, or `unfiled`.
        session_id: the session it is in.
        video_id: the video.
        actor: who does this, for the audit.
        tools: the world.

    Raises:
        NoSuchSessionError: there is no such session or video.
        VideoGoneError: an erasing of the recording broke off, and what was found in it is gone already.
        SessionChangedError: videos of the session are being worked on; they write the register.
    """
    session, video = _found(course_id, session_id, video_id, tools)
    if video.matches_key:
        try:
            tools.services.work.get(video.matches_key)
        except ObjectNotFoundError as error:
            raise VideoGoneError(
                "What was found in this recording is erased already: it cannot count again."
            ) from error
    tools.services.sessions.leave_out(video_id, session.place, actor, is_left_out=False)
    _settle(session.place, tools.services)


def erase_recording(course_id: str, session_id: str, video_id: str, actor: str, tools: Tools) -> None:
    """Erase a video for ever: its recording, what was found in it, and its place in the session.

    It is left out first and the register decided without it, so nothing is read any more that is erased after. The
    video's record goes last: as long as it is there, asking again goes on with an erasing that broke off.

    Args:
        course_id: the course it is in, or `unfiled`.
        session_id: the session it is in.
        video_id: the video.
        actor: who does this, for the audit.
        tools: the world.

    Raises:
        NoSuchSessionError: there is no such session or video.
        StillRunningError: a run is at work on it.
        SessionChangedError: videos of the session are being worked on; they write the register.
    """
    session, video = _found(course_id, session_id, video_id, tools)
    if video.status is Progress.PROCESSING:
        raise _still_running()
    leave_out(course_id, session_id, video_id, actor, tools)
    tools.uploads.erase(video.bucket, video.key, video.version_id, video.etag)
    if video.matches_key:
        tools.services.work.delete(video.matches_key)
    if not tools.services.sessions.erase(video_id, session.place, actor):
        raise _still_running()
    _settle(session.place, tools.services)  # of what was said of the video in the session nothing stays


def _move(place: Place, video: SessionVideo, to: Place, actor: str, tools: Tools) -> None:
    """Take a video from one session to another."""
    if place == to:
        raise SameSessionError("The video is in that session already.")
    if not video.matches_key and video.status is not Progress.PROCESSING:
        stored(video, tools.uploads)
    if not tools.services.sessions.move(video.video_id, place, to, actor):
        now = tools.sessions.session(place.course_id, place.session_id)
        if _video(now, video.video_id):
            raise _still_running()
        if tools.services.sessions.filed_in(video.video_id) != to:
            raise _no_video(place.course_id, place.session_id, video.video_id)


def _settle(place: Place, services: Services) -> None:
    """Decide a session again; what could not be filed is in none."""
    if place.course_id != UNFILED:
        settle(place, services)


def _found(course_id: str, session_id: str, video_id: str, tools: Tools) -> tuple[Session, SessionVideo]:
    session = tools.sessions.session(course_id, session_id)
    video = _video(session, video_id)
    if session is None or video is None:
        raise _no_video(course_id, session_id, video_id)
    return session, video


def _video(session: Session | None, video_id: str) -> SessionVideo | None:
    videos = session.videos if session else ()
    return next((video for video in videos if video.video_id == video_id), None)


def _no_session(course_id: str, session_id: str) -> NoSuchSessionError:
    return NoSuchSessionError(f"There is no session {session_id} of the course {course_id}.")


def _no_video(course_id: str, session_id: str, video_id: str) -> NoSuchSessionError:
    return NoSuchSessionError(f"There is no video {video_id} in the session {session_id} of the course {course_id}.")


def _still_running() -> StillRunningError:
    return StillRunningError("A run is at work on the video. Wait until it has ended, or stop it first.")
