"""Sign in and out."""

import re

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from attendance.users import MAX_EMAIL, MAX_PASSWORD, InvalidEmailError, normalise_email
from web.security import SignedIn, limiter, store

REFUSED = "The email and password do not match an account. Check both and try again."
"""The one answer to every failed sign-in: it tells nothing about which accounts exist."""
PER_ADDRESS = "30 per minute; 200 per hour"
PER_ACCOUNT = "5 per minute; 30 per hour"
"""Failed sign-ins; whoever signs in properly is never counted."""

_OWN_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
"""Of this site. Browsers read a backslash as a slash, and step over line breaks and tabs."""

blueprint = Blueprint("auth", __name__)


class LoginForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """Email and password."""

    email = StringField("Email", [InputRequired(), Length(max=MAX_EMAIL)])
    password = PasswordField("Password", [InputRequired(), Length(max=MAX_PASSWORD)])


class SignOutForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """Only the form token."""


def refused(response: Response) -> bool:
    """Whether a password was wrong: such answers count against the limits."""
    return response.status_code == 401


def _tried_email() -> str:
    """What failures are counted by: the account that is tried, in whatever spelling; a text that is none by itself."""
    typed = request.form.get("email", "")[:MAX_EMAIL]
    try:
        return f"email:{normalise_email(typed)}"
    except InvalidEmailError:
        return f"no email:{typed}"


@blueprint.route("/login", methods=["GET", "POST"])
@limiter.limit(PER_ADDRESS, methods=["POST"], deduct_when=refused)
@limiter.limit(PER_ACCOUNT, methods=["POST"], deduct_when=refused, key_func=_tried_email)
def login() -> ResponseReturnValue:
    """The sign-in page, and its answer."""
    if current_user.is_authenticated:
        return redirect(url_for("courses.home"))
    form = LoginForm()
    if request.method == "GET":
        return render_template("login.html", form=form)
    user = store().verify(form.email.data, form.password.data) if form.validate() else None
    if user is None:
        return render_template("login.html", form=form, refused=REFUSED), 401
    session.clear()  # nothing a stranger may have planted survives the sign-in
    session.permanent = True
    login_user(SignedIn(user))
    return redirect(_safe_target(request.args.get("next", "")))


@blueprint.post("/logout")
def logout() -> ResponseReturnValue:
    """End the session."""
    logout_user()
    session.clear()
    return redirect(url_for("auth.login"))


@blueprint.app_context_processor
def _sign_out_form() -> dict[str, object]:
    # It takes nothing of the request: the page that says that a form was too large must not read that form.
    return {"sign_out_form": lambda: SignOutForm(formdata=None)}


def _safe_target(target: str) -> str:
    """A path of this site to go on to; anything that could lead elsewhere becomes the first page."""
    return target if _OWN_PATH.fullmatch(target) else url_for("courses.home")
