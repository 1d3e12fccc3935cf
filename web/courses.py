"""Courses, their sessions with the register of each, and their students: read only."""

from flask import Blueprint, Response, abort, current_app, make_response, render_template, request
from flask.typing import ResponseReturnValue

from attendance.keys import UNFILED
from attendance.model import Progress
from attendance.register import CourseInfo, by_need_of_review, counts_of
from attendance.users import Role
from web.security import account, require_admin, require_course, store

REFRESH_SECONDS = 3
"""How often a page asks again while a video is processed."""

blueprint = Blueprint("courses", __name__)


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """The last days' sessions and the courses of this account."""
    user = account()
    return render_template(
        "home.html",
        courses=store().courses_of(user),
        sessions=store().recent_sessions(user),
        is_admin=user.role is Role.ADMIN,
        bucket=current_app.config["VIDEOS_BUCKET"],
    )


@blueprint.get("/courses/<course_id>")
def course(course_id: str) -> ResponseReturnValue:
    """A course's sessions, the newest first."""
    found = _course(course_id)
    page = store().sessions(course_id, request.args.get("before"))
    return render_template(
        "course.html", course=found, sessions=page.items, cursor=page.cursor, bucket=current_app.config["VIDEOS_BUCKET"]
    )


@blueprint.get("/courses/<course_id>/sessions/<session_id>")
def session(course_id: str, session_id: str) -> ResponseReturnValue:
    """A session's register; the page refreshes itself while a video is processed."""
    found = _course(course_id)
    shown = store().session(course_id, session_id)
    if shown is None:
        abort(404)
    rows = by_need_of_review(store().rows(shown))
    page = render_template("session.html", course=found, session=shown, rows=rows, counts=counts_of(rows))
    is_processing = Progress.PROCESSING in (shown.status, *(video.status for video in shown.videos))
    return _refreshing(page) if is_processing else page


@blueprint.get("/courses/<course_id>/students")
def students(course_id: str) -> ResponseReturnValue:
    """A course's roster."""
    found = _course(course_id)
    page = store().roster(course_id, request.args.get("after"))
    return render_template("students.html", course=found, students=page.items, cursor=page.cursor)


@blueprint.get("/unfiled")
def unfiled() -> ResponseReturnValue:
    """Videos whose key names no course and date."""
    require_admin()
    page = store().sessions(UNFILED, request.args.get("before"))
    return render_template("unfiled.html", sessions=page.items, cursor=page.cursor)


def _course(course_id: str) -> CourseInfo:
    """The course if this account may see it; sessions of a course that was never created are shown too."""
    require_course(course_id)
    found = store().course(course_id)
    if found is not None:
        return found
    if not store().sessions(course_id, None).items:
        abort(404)
    return CourseInfo(course_id, course_id, "UTC")


def _refreshing(page: str) -> Response:
    response = make_response(page)
    response.headers["Refresh"] = str(REFRESH_SECONDS)
    return response
