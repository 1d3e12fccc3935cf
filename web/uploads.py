"""Uploading videos straight from the browser into the bucket."""

import json
import time
from dataclasses import asdict

from flask import Blueprint, abort, current_app, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm

from attendance import keys
from attendance.aws.compose import utc_now
from attendance.aws.uploading import MAX_VIDEO_BYTES, PART_BYTES
from attendance.errors import BadSessionError, BadVideoKeyError, RollcallError
from attendance.model import Place
from attendance.prices import STEPS_AT_MOST, VIDEO_MINUTE, video_cost
from attendance.register import CourseInfo
from attendance.rows_log import FIRST_DAY
from web.fields import InvalidDayError, check_past_day
from web.security import account_key, limiter, require_course, store
from web.services import services

UPLOAD_RATE = "60 per minute; 1000 per day"
PART_RATE = "600 per minute"
"""A part has 16 MB, so no line sends as many."""
MOST_PARTS = MAX_VIDEO_BYTES // PART_BYTES

blueprint = Blueprint("uploads", __name__)


@blueprint.get("/courses/<course_id>/upload")
def choose(course_id: str) -> ResponseReturnValue:
    """The page to choose a date and videos on; without scripts its second form goes to the bucket itself."""
    course = _course(course_id)
    where, problems = _asked(course)
    earlier = _latest(course_id, where.date)
    arrived = url_for("uploads.arrived", course_id=course_id, session_id=where.session_id, _external=True)
    return render_template(
        "upload.html",
        course=course,
        where=where,
        slot=keys.slot_of(where) or "",
        slots=sorted(course.sections.union(filter(None, map(keys.slot_of, earlier)))),
        of_day=[keys.slot_of(place) or "one without a name" for place in reversed(earlier) if place.date == where.date],
        problems=problems,
        price=(VIDEO_MINUTE, STEPS_AT_MOST, video_cost(3600)) if current_app.config["SEARCH_IS_CHARGED"] else None,
        direct=services().uploads.form(where, arrived),
        form=FlaskForm(formdata=None),
    )


@blueprint.get("/courses/<course_id>/uploads/<session_id>/arrived")
def arrived(course_id: str, session_id: str) -> ResponseReturnValue:
    """Where the bucket sends a browser after an upload: on to the class, whose run starts in a moment."""
    require_course(course_id)
    return redirect(url_for("courses.session", course_id=course_id, session_id=session_id, arrived=int(time.time())))


@blueprint.post("/courses/<course_id>/uploads")
@limiter.limit(UPLOAD_RATE, key_func=account_key)
def start(course_id: str) -> ResponseReturnValue:
    """A ticket for one video, or the reason why it cannot be uploaded, before a byte of it is sent."""
    _course(course_id)
    size = request.form.get("size", "")
    try:
        where = _class(course_id, check_past_day(request.form.get("date", "")), request.form.get("slot", ""))
        name, bytes_ = request.form.get("name", ""), int(size[:20]) if size.isascii() and size.isdigit() else 0
        if "replace" not in request.form and _is_there(where, name):
            problem = f"This class has a video {name} already. Going on replaces it: rename the file if it is another."
            return jsonify(problem=problem, may_replace=True)
        ticket = services().uploads.start(where, name, bytes_)
    except RollcallError as error:
        return jsonify(problem=str(error)), 422
    then = url_for("uploads.arrived", course_id=course_id, session_id=where.session_id)
    return jsonify(asdict(ticket) | {"part_bytes": PART_BYTES, "then": then})


@blueprint.post("/courses/<course_id>/uploads/part")
@limiter.limit(PART_RATE, key_func=account_key)
def part(course_id: str) -> ResponseReturnValue:
    """Where the browser puts a part."""
    key = _key(course_id)
    number = request.form.get("number", 0, type=int)
    if not 1 <= number <= MOST_PARTS:
        abort(400)
    return jsonify(url=services().uploads.part(key, request.form.get("upload_id", ""), number))


@blueprint.post("/courses/<course_id>/uploads/finish")
@limiter.limit(UPLOAD_RATE, key_func=account_key)
def finish(course_id: str) -> ResponseReturnValue:
    """Put the parts together."""
    key = _key(course_id)
    try:
        etags = json.loads(request.form.get("etags", ""))
    except (ValueError, RecursionError):
        abort(400)
    if not isinstance(etags, list) or not etags or not all(isinstance(etag, str) for etag in etags):
        abort(400)
    try:
        services().uploads.finish(key, request.form.get("upload_id", ""), etags)
    except RollcallError as error:
        return jsonify(problem=str(error)), 422
    return jsonify(problem="")


def _course(course_id: str) -> CourseInfo:
    """The course, if this account may add videos to it."""
    require_course(course_id)
    course = store().course(course_id)
    if course is None:
        abort(404)
    return course


def _class(course_id: str, day: str, slot: str) -> Place:
    return keys.place(course_id, keys.session_id(day, slot.strip()))


def _is_there(where: Place, name: str) -> bool:
    """Whether an upload of that name takes the place of a video that counts."""
    session = store().session(where.course_id, where.session_id)
    return session is not None and any(video.key == keys.upload_folder(where) + name for video in session.in_use)


def _asked(course: CourseInfo) -> tuple[Place, dict[str, str]]:
    """The class that the address names, today's by default; a field of it that cannot be is left out, and told."""
    day, problems = keys.local_date(utc_now(), course.time_zone), {}
    try:
        day = check_past_day(request.args.get("date") or day)
    except InvalidDayError as error:
        problems["date"] = str(error)
    try:
        return _class(course.course_id, day, request.args.get("slot", "")), problems
    except BadSessionError as error:
        return _class(course.course_id, day, ""), problems | {"slot": str(error)}


def _latest(course_id: str, day: str) -> list[Place]:
    """The last classes of a course up to a day, the newest first: their slots are offered."""
    return [session.place for session in next(services().log.sessions_of(course_id, FIRST_DAY, day), ())]


def _key(course_id: str) -> str:
    """The key in the form, if it is of a video of this course."""
    _course(course_id)
    key = request.form.get("key", "")
    try:
        named = keys.video_key(key)
    except BadVideoKeyError:
        abort(400)
    if named.course_id != course_id:
        abort(403)
    return key
