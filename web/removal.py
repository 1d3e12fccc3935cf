"""Removing a student: a page that names what goes, then the erasing, and its receipt."""

from contextlib import suppress

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import Length, ValidationError

from attendance.erasure import FORMER, NoSuchStudentError
from web.security import account, require_admin
from web.services import services

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
    """What would be erased, and the erasing; sending it again goes on with one that broke off."""
    require_admin()
    student = services().students.student(student_id)
    form = RemovalForm(student_id)
    if student is None:
        # The second of two clicks finds the student gone: it is shown the receipt of the first.
        if request.method == "GET":
            abort(404)
        return redirect(url_for("removal.receipt", student_id=student_id), code=303)
    if form.validate_on_submit():
        with suppress(NoSuchStudentError):  # somebody else's erasing ended first; the receipt is the same
            services().eraser.erase(student_id, account().email, form.reason.data or "")
        return redirect(url_for("removal.receipt", student_id=student_id), code=303)
    status = 422 if request.method == "POST" else 200
    traces = services().eraser.traces(student_id)
    page = render_template("students/remove.html", student=student, form=form, traces=traces, former=FORMER)
    return page, status


@blueprint.get("/students/<student_id>/removed")
def receipt(student_id: str) -> ResponseReturnValue:
    """The receipts of this id, the newest first."""
    require_admin()
    receipts = services().students.receipts(student_id)
    if not receipts:
        abort(404)
    return render_template("students/removed.html", student_id=student_id, receipts=receipts, former=FORMER)
