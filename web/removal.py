"""Removing a student: a page that names what goes, then the erasing, and its receipt."""

from functools import partial

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import Length, ValidationError

from attendance.erasure import FORMER, NoSuchStudentError
from web.function_limits import TooMuchError, in_time
from web.security import account, require_admin
from web.services import services

GO_ON = "The removal is not done yet: there are many classes to look through. Send the form again, and it goes on."

blueprint = Blueprint("removal", __name__)


class RemovalForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """The student's id once more, and why."""

    typed_id = StringField("Type the student's id to confirm")
    reason = StringField("Reason, for the receipt", [Length(max=500, message="Keep it under 500 characters.")])

    def __init__(self, student_id: str) -> None:
        super().__init__()
        self._student_id = student_id

    def validate_typed_id(self, field: StringField) -> None:
        """Refuse a slip of the hand."""
        if (field.data or "").strip() != self._student_id:
            raise ValidationError(f"This is not the id. Nothing was removed; type {self._student_id} to remove.")


@blueprint.route("/students/<student_id>/remove", methods=["GET", "POST"])
def confirm(student_id: str) -> ResponseReturnValue:
    """What would be erased, and the erasing; sending it again goes on with one that broke off, or repeats it."""
    require_admin()
    form = RemovalForm(student_id)
    if form.validate_on_submit():
        return _erase(student_id, form.reason.data or "")
    student = services().students.student(student_id)
    if student is None:
        abort(404)
    status = 422 if request.method == "POST" else 200
    traces = services().eraser.traces(student_id)
    page = render_template("students/remove.html", student=student, form=form, traces=traces, former=FORMER)
    return page, status


@blueprint.get("/students/<student_id>/removed")
def receipt(student_id: str) -> ResponseReturnValue:
    """The receipts of this id, the newest first, and the form that looks for traces once more."""
    require_admin()
    receipts = services().students.receipts(student_id)
    if not receipts:
        abort(404)
    form = RemovalForm(student_id)
    return render_template("students/removed.html", student_id=student_id, receipts=receipts, former=FORMER, form=form)


def _erase(student_id: str, reason: str) -> ResponseReturnValue:
    """Erase a student, as far as the time of a request goes."""
    to_receipt = url_for("removal.receipt", student_id=student_id)
    was_there = services().students.student(student_id) is not None
    try:
        services().eraser.erase(student_id, account().email, reason, partial(in_time, advice=GO_ON))
    except NoSuchStudentError:
        abort(404)
    except TooMuchError as error:
        flash(str(error), "warning")
        return redirect(url_for("removal.confirm", student_id=student_id) if was_there else to_receipt, code=303)
    if not was_there:
        flash("Every document and row was looked through again; nothing of this student is left in them.", "success")
    return redirect(to_receipt, code=303)
