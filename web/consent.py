"""A consent that is written down after a student was registered, as after an import, and one that is withdrawn."""

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from attendance.aws.compose import utc_now
from attendance.errors import RollcallError
from attendance.keys import local_date
from attendance.students import Consent
from web.fields import InvalidDayError, check_past_day
from web.security import account, require_admin
from web.services import services

blueprint = Blueprint("consent", __name__)


@blueprint.post("/students/<student_id>/consent")
def record(student_id: str) -> ResponseReturnValue:
    """Keep on which day the student agreed; one that is there stays as it is."""
    require_admin()
    try:
        day = check_past_day(request.form.get("day", ""))
    except InvalidDayError as error:
        flash(str(error), "warning")
    else:
        if services().students.record_consent(student_id, Consent(day, account().email)):
            flash("The consent is recorded.", "success")
        else:
            flash("Nothing was changed: there is a consent already, or no such student.", "warning")
    return redirect(url_for("students.show", student_id=student_id))


@blueprint.post("/students/<student_id>/consent/withdraw")
def withdraw(student_id: str) -> ResponseReturnValue:
    """Erase every photo and face of a student who does not agree any more."""
    require_admin()
    try:
        erased = services().enroller.withdraw_consent(student_id, account().email)
    except RollcallError as error:
        flash(str(error), "warning")
    else:
        flash(f"The consent is withdrawn. Photos erased with their faces: {erased}.", "success")
    return redirect(url_for("students.show", student_id=student_id))


@blueprint.app_template_global()
def today() -> str:
    """The day of this moment where the school is."""
    return local_date(utc_now(), services().settings.default_time_zone)
