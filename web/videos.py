"""A session's videos: playing one, moving, leaving out or erasing one, and deciding again by what was found in them."""

from collections.abc import Callable
from functools import partial

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from attendance import keys, sessions
from attendance.errors import RollcallError
from web.courses import visible_session
from web.fields import check_past_day
from web.security import account, require_admin, require_course, store
from web.services import services

blueprint = Blueprint("videos", __name__)


@blueprint.get("/courses/<course_id>/sessions/<session_id>/videos/<video_id>")
def play(course_id: str, session_id: str, video_id: str) -> ResponseReturnValue:
    """A video of the session: the browser is sent to the bucket, with an address that works for some hours."""
    _, session = visible_session(course_id, session_id)
    video = next((video for video in session.videos if video.video_id == video_id), None)
    if video is None:
        abort(404)
    return redirect(services().uploads.address(video.key, video.version_id))


@blueprint.post("/courses/<course_id>/sessions/<session_id>/videos/<video_id>/move")
def move(course_id: str, session_id: str, video_id: str) -> ResponseReturnValue:
    """Move a video to another session; both registers are decided again, and corrections stay where they are."""
    visible_session(course_id, session_id)
    to_course = request.form.get("course", "").strip()
    require_course(to_course)
    try:
        day = check_past_day(request.form.get("date", ""))
        to = keys.place(to_course, keys.session_id(day, request.form.get("slot", "").strip()))
        runs = sessions.move_video(course_id, session_id, video_id, to, account().email, services().recovery)
    except RollcallError as error:
        flash(str(error), "warning")
        return redirect(url_for("courses.session", course_id=course_id, session_id=session_id, _anchor="videos"))
    follows = " Its register follows in a moment." if runs else ""
    flash(f"The video belongs to this session now.{follows}", "success")
    return redirect(url_for("courses.session", course_id=to.course_id, session_id=to.session_id), code=303)


@blueprint.post("/courses/<course_id>/sessions/<session_id>/videos/<video_id>/leave-out")
def leave_out(course_id: str, session_id: str, video_id: str) -> ResponseReturnValue:
    """Leave a video out of the register, which is decided again."""
    visible_session(course_id, session_id)
    change = partial(sessions.leave_out, course_id, session_id, video_id, account().email, services().recovery)
    return _after(change, course_id, session_id, "The video is left out, and the register decided without it.")


@blueprint.post("/courses/<course_id>/sessions/<session_id>/videos/<video_id>/count-again")
def count_again(course_id: str, session_id: str, video_id: str) -> ResponseReturnValue:
    """Let a video count again that was left out."""
    visible_session(course_id, session_id)
    change = partial(sessions.count_again, course_id, session_id, video_id, account().email, services().recovery)
    return _after(change, course_id, session_id, "The video counts again, and the register is decided with it.")


@blueprint.post("/courses/<course_id>/sessions/<session_id>/videos/<video_id>/erase")
def erase(course_id: str, session_id: str, video_id: str) -> ResponseReturnValue:
    """Erase a recording for ever."""
    require_admin()
    visible_session(course_id, session_id)
    if "sure" not in request.form:
        flash("Nothing was erased: tick the box to confirm it.", "warning")
        return redirect(url_for("courses.session", course_id=course_id, session_id=session_id, _anchor="videos"))
    change = partial(sessions.erase_recording, course_id, session_id, video_id, account().email, services().recovery)
    return _after(change, course_id, session_id, "The recording is erased, and the register decided without it.")


@blueprint.post("/courses/<course_id>/sessions/<session_id>/decide")
def decide(course_id: str, session_id: str) -> ResponseReturnValue:
    """Decide the register again, by the roster and the policy of today."""
    visible_session(course_id, session_id)
    change = partial(sessions.decide_again, course_id, session_id, services().recovery)
    return _after(change, course_id, session_id, "The register is decided again, by the roster and the policy of now.")


def _after(change: Callable[[], object], course_id: str, session_id: str, told: str) -> ResponseReturnValue:
    """Do the change and tell of it, or why it could not be, on the session's page; what was unfiled may have none."""
    try:
        change()
    except RollcallError as error:
        flash(str(error), "warning")
    else:
        flash(told, "success")
    if store().session(course_id, session_id) is None:
        return redirect(url_for("courses.unfiled"), code=303)
    return redirect(url_for("courses.session", course_id=course_id, session_id=session_id), code=303)
