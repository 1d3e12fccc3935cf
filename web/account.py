"""One's own account: changing the password."""

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_user
from flask_wtf import FlaskForm
from wtforms import PasswordField
from wtforms.validators import InputRequired, Length

from attendance.errors import RollcallError
from attendance.users import MAX_PASSWORD, MIN_PASSWORD
from web.auth import PER_ACCOUNT, refused
from web.security import SignedIn, account, account_key, limiter, store

WRONG = "This is not your password. Nothing was changed."

blueprint = Blueprint("account", __name__)


class PasswordForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """The password as it is and as it shall be."""

    current = PasswordField(
        "Password now", [InputRequired("Give your password as it is now."), Length(max=MAX_PASSWORD)]
    )
    new = PasswordField("New password", [InputRequired("Give a new password.")])
    again = PasswordField("New password once more", [InputRequired("Give the new password once more.")])


@blueprint.route("/account", methods=["GET", "POST"])
@limiter.limit(PER_ACCOUNT, methods=["POST"], deduct_when=refused, key_func=account_key)
def show() -> ResponseReturnValue:
    """The form of a new password, and its answer; every other session of the account ends with the old one."""
    form = PasswordForm()
    problem, status = "", 200
    if request.method == "POST":
        problem = _change(form) if form.validate() else "See the marked fields."
        if not problem:
            flash("Your password is changed. Wherever else you were signed in, you are not any more.", "success")
            return redirect(url_for("account.show"))
        status = 401 if problem == WRONG else 422
    return render_template("account.html", form=form, problem=problem, least=MIN_PASSWORD), status


def _change(form: PasswordForm) -> str:
    """Change the password; why not, or nothing."""
    user = store().verify(account().email, form.current.data)
    if user is None:
        return WRONG
    if form.new.data != form.again.data:
        return "The new password was not typed the same twice. Nothing was changed."
    try:
        changed = store().change_password(user.email, form.new.data)
    except RollcallError as error:
        return str(error)
    session.clear()
    session.permanent = True
    login_user(SignedIn(changed))
    return ""
