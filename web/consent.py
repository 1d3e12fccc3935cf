"""A consent that is written down after a student was registered, as after an import."""

from datetime import timedelta

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from attendance.aws.compose import utc_now
from attendance.students import Consent
from web.fields import InvalidDayError, check_day
from web.security import account, require_admin
from web.services import services

FURTHEST_EAST = timedelta(hours=14)
"""Of UTC: where a day begins first."""

blueprint = Blueprint("consent", __name__)


@blueprint.post("/students/<student_id>/consent")
def record(student_id: str) -> ResponseReturnValue:
    """Keep on which day the student agreed; one that is there stays as it is."""
    require_admin()
    try:
        day = check_day(request.form.get("day", ""))
        problem = "A consent cannot be of a day to come." if day > _latest_day() else ""
    except InvalidDayError as error:
        problem = str(error)
    if problem:
        flash(problem, "warning")
    elif services().students.record_consent(student_id, Consent(day, account().email)):
        flash("The consent is recorded.", "success")
    else:
        flash("Nothing was changed: there is a consent already, or no such student.", "warning")
    return redirect(url_for("students.show", student_id=student_id))


@blueprint.app_template_global()
def today() -> str:
    """The day of this moment in UTC."""
    return utc_now().date().isoformat()


def _latest_day() -> str:
    """The latest day that it is anywhere on earth."""
    return (utc_now() + FURTHEST_EAST).date().isoformat()
