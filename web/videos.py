"""A session's videos: playing one, and moving one that is in the wrong session."""

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from attendance import keys
from attendance.errors import RollcallError
from attendance.sessions import move_video
from web.courses import visible_session
from web.security import account, require_course
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
    day, slot = request.form.get("date", "").strip(), request.form.get("slot", "").strip()
    try:
        to = keys.place(to_course, keys.session_id(day, slot))
        move_video(course_id, session_id, video_id, to, account().email, services().recovery)
    except RollcallError as error:
        flash(str(error), "warning")
        return redirect(url_for("courses.session", course_id=course_id, session_id=session_id, _anchor="videos"))
    flash("The video belongs to this session now. Its register follows in a moment.", "success")
    return redirect(url_for("courses.session", course_id=to.course_id, session_id=to.session_id), code=303)
