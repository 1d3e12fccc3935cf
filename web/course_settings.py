"""Creating courses, and changing what is set of one."""

from collections.abc import Sequence

import pytz
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import FloatField, IntegerField, SelectField, StringField, SubmitField
from wtforms.validators import InputRequired, Optional

from attendance.courses import CourseSettings, Move, moves
from attendance.enrolment import check_id, check_name
from attendance.errors import RollcallError
from attendance.keys import UNFILED
from attendance.model import Progress
from attendance.users import Role
from web.fields import keeps
from web.security import account, require_admin, require_course, store
from web.services import services

LOOKED_AT = 5
"""Sessions among which the last complete one is looked for, to show what a policy would change."""

blueprint = Blueprint("course_settings", __name__)


def _number(label: str) -> FloatField:
    """A field for a number of at most two decimals, as similarities have."""
    rounded = (lambda number: None if number is None else round(number, 2),)
    return FloatField(label, [Optional()], filters=rounded, invalid_value_message="Write a number such as 97.5.")


def _whole(label: str) -> IntegerField:
    return IntegerField(label, [Optional()], invalid_value_message="Write a whole number such as 3.")


class PolicyForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """What is set of a course; a number of the policy that is left empty is the stack's default."""

    course_name = StringField(
        "Name", [InputRequired("Give the course a name."), keeps(lambda text: check_name(text, "course name"))]
    )
    time_zone = SelectField("Time zone", choices=pytz.all_timezones)
    present_threshold = _number("Present from")
    review_threshold = _number("Review from")
    margin = _number("Margin to the runner-up")
    minimum_sightings = _whole("Seen at least")
    late_after_minutes = _whole("Late after")
    left_early_minutes = _whole("Left early")
    planned_classes = _whole("Classes planned this term")
    preview = SubmitField("Show the effect")
    save = SubmitField("Save")

    def settings(self) -> CourseSettings:
        """What the form says.

        Raises:
            RollcallError: it cannot be so; the text says why.
        """
        numbers = ("present_threshold", "review_threshold", "margin", "minimum_sightings")
        whole = ("late_after_minutes", "left_early_minutes", "planned_classes")
        given = {name: self[name].data for name in (*numbers, *whole)}
        settings = CourseSettings(self.course_name.data, self.time_zone.data, **given)
        return settings.checked(services().courses.defaults)


class CourseForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """A new course."""

    course_id = StringField(
        "Course id", [InputRequired("Give the course an id."), keeps(lambda text: check_id(text.strip(), "course id"))]
    )
    course_name = PolicyForm.course_name
    time_zone = PolicyForm.time_zone


@blueprint.get("/courses")
def index() -> ResponseReturnValue:
    """The courses of this account, page by page."""
    if account().role is Role.STUDENT:
        abort(403)
    page = store().course_page(account(), request.args.get("after", ""))
    return render_template("courses/index.html", courses=page.items, cursor=page.cursor)


@blueprint.route("/new-course", methods=["GET", "POST"])
def create() -> ResponseReturnValue:
    """The form of a new course, and its answer."""
    require_admin()
    form = CourseForm(time_zone=services().settings.default_time_zone)
    problem = ""
    if form.validate_on_submit():
        course_id = form.course_id.data
        if services().enroller.ensure_course(course_id, form.course_name.data, form.time_zone.data):
            flash(f"{form.course_name.data} is created. Put its students on the roster.", "success")
            return redirect(url_for("courses.students", course_id=course_id))
        problem = f"There is a course {course_id} already: choose another id."
    status = 422 if request.method == "POST" else 200
    return render_template("courses/new.html", form=form, problem=problem), status


@blueprint.route("/courses/<course_id>/settings", methods=["GET", "POST"])
def edit(course_id: str) -> ResponseReturnValue:
    """Name, time zone and policy of a course, with what another policy would change in its last class."""
    require_course(course_id)
    course = store().course(course_id)
    if course is None or course_id == UNFILED:
        abort(404)
    form = PolicyForm(obj=services().courses.settings_of(course_id, course.course_name))
    problem, effect = "", None
    if form.validate_on_submit():
        try:
            settings = form.settings()
        except RollcallError as error:
            problem = str(error)
        else:
            if form.save.data:
                services().courses.save(course_id, settings, account().email)
                flash(
                    "Saved. It holds from the next video on, and for a class you decide again on its page.", "success"
                )
                return redirect(url_for("course_settings.edit", course_id=course_id))
            effect = _effect(course_id, settings)
    refused = request.method == "POST" and effect is None
    page = render_template(
        "courses/settings.html",
        course=course,
        form=form,
        problem=problem,
        effect=effect,
        defaults=services().courses.defaults,
    )
    return page, 422 if refused else 200


def _effect(course_id: str, settings: CourseSettings) -> tuple[str, Sequence[Move]]:
    """The last class decided from videos, as its session_id (empty without one), and what would change in it."""
    policy = settings.thresholds(services().courses.defaults)
    for session in store().latest_sessions(course_id, LOOKED_AT):
        if session.status is Progress.COMPLETE and session.counting:
            duration_ms = session.counting[0].duration_ms if len(session.counting) == 1 else None
            return session.session_id, moves(store().decided_rows(session), policy, duration_ms)
    return "", []
