"""Courses, their sessions with the register of each, and their students: read only."""

import math
import time
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm

from attendance import recovery
from attendance.aws.compose import utc_now
from attendance.aws.following import STEPS, RunProgress
from attendance.errors import RollcallError
from attendance.keys import UNFILED, local_date
from attendance.model import Progress
from attendance.register import CourseInfo, Session, SessionVideo
from attendance.users import Role
from web import session_page
from web.places import cursor
from web.security import account, require_admin, require_course, store
from web.services import services

AWAITED_SECONDS = 20
ARRIVAL_SECONDS = 10
"""How long after an upload a page waits for its run to show, and how long the bucket may have had a video before the
browser tells of it."""

COURSES_AT_HOME = 10
"""Courses the first page lists; the others are on the page of courses."""

blueprint = Blueprint("courses", __name__)


@dataclass(frozen=True)
class Run:
    """The run of one video; `progress` is None where the state machine does not tell."""

    video: SessionVideo
    progress: RunProgress | None

    def state_of(self, step: str) -> str:
        """Whether a step is done, goes on, or is to come."""
        if self.progress is None or self.progress.step not in STEPS:
            return "to come"
        here, asked = STEPS.index(self.progress.step), STEPS.index(step)
        return "goes on" if here == asked else "done" if asked < here else "to come"


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """The last days' sessions and the courses of this account."""
    user = account()
    if user.role is Role.STUDENT:
        return redirect(url_for("student_view.index"))
    page = store().course_page(user, "", COURSES_AT_HOME)
    return render_template(
        "home.html",
        courses=page.items,
        are_more=page.cursor is not None,
        sessions=store().recent_sessions(user),
        is_admin=user.role is Role.ADMIN,
        bucket=current_app.config["VIDEOS_BUCKET"],
    )


@blueprint.get("/courses/<course_id>")
def course(course_id: str) -> ResponseReturnValue:
    """A course's sessions, the newest first."""
    found = visible_course(course_id)
    page = store().sessions(course_id, cursor("before"))
    return render_template(
        "course.html", course=found, sessions=page.items, cursor=page.cursor, bucket=current_app.config["VIDEOS_BUCKET"]
    )


@blueprint.get("/courses/<course_id>/sessions/<session_id>")
def session(course_id: str, session_id: str) -> ResponseReturnValue:
    """A session's register; the page refreshes itself while a video is processed."""
    found = visible_course(course_id)
    shown = store().session(course_id, session_id)
    is_awaited = _is_awaited(request.args.get("arrived", ""), shown)
    if shown is None:
        return render_template("waiting.html", course=found, session_id=session_id) if is_awaited else abort(404)
    return session_page.render(found, shown, runs_of(shown), is_awaited=is_awaited)


@blueprint.get("/courses/<course_id>/sessions/<session_id>/progress")
def progress(course_id: str, session_id: str) -> ResponseReturnValue:
    """The part of a session's page that tells how its videos' runs stand, for the page's script to put in its place."""
    _, shown = visible_session(course_id, session_id)
    return render_template("runs.html", session=shown, runs=runs_of(shown))


@blueprint.post("/courses/<course_id>/sessions/<session_id>/again")
def again(course_id: str, session_id: str) -> ResponseReturnValue:
    """Run a session's failed videos again."""
    visible_course(course_id)
    try:
        recovery.retry(course_id, session_id, None, services().recovery)
    except RollcallError as error:
        flash(str(error), "warning")
        return redirect(url_for("courses.session", course_id=course_id, session_id=session_id))
    return redirect(url_for("courses.session", course_id=course_id, session_id=session_id, arrived=int(time.time())))


@blueprint.get("/courses/<course_id>/students")
def students(course_id: str) -> ResponseReturnValue:
    """A course's roster."""
    found = visible_course(course_id)
    page = store().roster(course_id, cursor())
    is_unfiled = course_id == UNFILED
    # Classes that have been held were without a student who joins now.
    joins = local_date(utc_now(), found.time_zone) if store().latest_sessions(course_id, 1) else ""
    return render_template(
        "students.html",
        course=found,
        joins=joins,
        students=page.items,
        cursor=page.cursor,
        form=None if is_unfiled else FlaskForm(formdata=None),
        is_default=course_id == services().settings.default_course_id,
        is_admin=account().role is Role.ADMIN,
    )


@blueprint.get("/unfiled")
def unfiled() -> ResponseReturnValue:
    """Videos whose key names no course and date."""
    require_admin()
    page = store().sessions(UNFILED, cursor("before"))
    return render_template("unfiled.html", sessions=page.items, cursor=page.cursor)


def visible_course(course_id: str) -> CourseInfo:
    """The course if this account may see it; sessions of a course that was never created are shown too."""
    require_course(course_id)
    found = store().course(course_id)
    if found is not None:
        return found
    if not store().sessions(course_id, None).items:
        abort(404)
    return CourseInfo(course_id, course_id, "UTC")


def visible_session(course_id: str, session_id: str) -> tuple[CourseInfo, Session]:
    """The course and its session if this account may see them; 404 where there is no such session."""
    found = visible_course(course_id)
    session = store().session(course_id, session_id)
    if session is None:
        abort(404)
    return found, session


def runs_of(session: Session) -> list[Run]:
    """How the videos of a session stand that are not done."""
    return [
        Run(video, services().runs.progress(video.execution_arn))
        for video in session.videos
        if video.status is Progress.PROCESSING
    ]


def _is_awaited(arrived: str, shown: Session | None) -> bool:
    """Whether a video arrived a moment ago of which the session does not tell yet."""
    waited = _seconds_since(arrived)
    moments = (
        [datetime.fromisoformat(video.uploaded_at) for video in shown.videos if video.uploaded_at] if shown else []
    )
    has_come = any(time.time() - moment.timestamp() < waited + ARRIVAL_SECONDS for moment in moments)
    return waited < AWAITED_SECONDS and not has_come


def _seconds_since(text: str) -> float:
    """Seconds since a moment in seconds of Unix time; for ever where it is none."""
    return abs(time.time() - float(text[:20])) if text.isascii() and text.isdigit() else math.inf
