"""What people do with sessions: open one to call the roll by hand, and move a video to another one."""

from collections.abc import Mapping
from contextlib import suppress

from attendance import keys
from attendance.decisions import course_of, settle
from attendance.errors import RollcallError
from attendance.keys import UNFILED
from attendance.model import Place
from attendance.ports import Services
from attendance.recovery import NoSuchSessionError, NothingFailedError, StillRunningError, Tools, retry


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


def move_video(course_id: str, session_id: str, video_id: str, to: Place, actor: str, tools: Tools) -> None:
    """Move a video to another session: both registers are decided again, the search is not paid again.

    From now on every run of the video files it there, whatever its key says; so a video that could not be filed can be
    moved too. If this breaks off, asking again goes on with it. Rekognition remembers a search for seven days.

    Args:
        course_id: the course it is in, or `unfiled`.
        session_id: the session it is in.
        video_id: the video.
        to: a session of a course that is there; `keys.place` makes one.
        actor: who does this, for the audit.
        tools: the world.

    Raises:
        NoSuchSessionError: there is no such session or video.
        SameSessionError: it is there already.
        StillRunningError: a run is at work on it.
        UnknownCourseError: there is no such course to move it to.
        VideoGoneError: it is not in the bucket any more.
    """
    services = tools.services
    course_of(to.course_id, services)
    session = tools.sessions.session(course_id, session_id)
    if session is None:
        if services.sessions.moved_to(video_id) == to:
            return
        raise NoSuchSessionError(f"There is no session {session_id} of the course {course_id}.")
    place = Place(course_id, session_id, session.session_key, session.date)
    if place == to:
        raise SameSessionError("The video is in that session already.")
    if not services.sessions.move(video_id, place, to, actor):
        _refuse_unless_moved(video_id, place, to, tools)
    if course_id != UNFILED:
        settle(place, services)
    with suppress(NothingFailedError, StillRunningError):  # an attempt before, or the reconciler, has started it
        retry(to.course_id, to.session_id, video_id, tools)


def _refuse_unless_moved(video_id: str, place: Place, to: Place, tools: Tools) -> None:
    """Say why a video could not be moved, unless an attempt before did.

    Raises:
        NoSuchSessionError: it is not in the session.
        StillRunningError: a run is at work on it.
    """
    session = tools.sessions.session(place.course_id, place.session_id)
    if session and any(video.video_id == video_id for video in session.videos):
        raise StillRunningError("A run is at work on the video. Wait until it has ended, or stop it first.")
    if tools.services.sessions.moved_to(video_id) != to:
        raise NoSuchSessionError(f"There is no video {video_id} in this session.")
