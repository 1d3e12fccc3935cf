"""Personal tokens on the page of one's account: made, shown once, revoked."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField

from attendance.tokens import LIFETIMES, Token, TokenError
from attendance.users import Role
from web.security import account, account_key, limiter
from web.services import services

MAKE_RATE = "10 per minute; 100 per day"

blueprint = Blueprint("tokens", __name__)


class TokenForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """A new token."""

    name = StringField("What it is for")
    days = SelectField("Lives for", choices=[str(days) for days in LIFETIMES], default=str(LIFETIMES[1]))


@blueprint.get("/account/tokens")
def index() -> ResponseReturnValue:
    """One's tokens, and the form of a new one."""
    _require_staff()
    return _page(TokenForm(formdata=None))


@blueprint.post("/account/tokens")
@limiter.limit(MAKE_RATE, key_func=account_key)
def make() -> ResponseReturnValue:
    """Make a token; its text is on this answer alone."""
    _require_staff()
    form, email = TokenForm(), account().email
    days = form.days.data or ""
    try:
        text = services().tokens.make(email, form.name.data or "", int(days) if days.isdecimal() else 0)
    except TokenError as error:
        return _page(form, problem=str(error)), 422
    services().audit.note(f"account#{email}", email, "make token", (form.name.data or "").strip())
    return _page(TokenForm(formdata=None), made=text)


@blueprint.post("/account/tokens/<digest>/revoke")
def revoke(digest: str) -> ResponseReturnValue:
    """Let a token open nothing any more."""
    _require_staff()
    email = account().email
    token = next((token for token in _tokens() if token.digest == digest), None)
    if token is not None:
        services().tokens.revoke(email, digest)
        services().audit.note(f"account#{email}", email, "revoke token", token.name)
    flash("The token opens nothing any more.", "success")
    return redirect(url_for("tokens.index"))


def _require_staff() -> None:
    """Answer 403 to students: the API has nothing for them."""
    if account().role is Role.STUDENT:
        abort(403)


def _tokens() -> list[Token]:
    return list(services().tokens.all(account().email))


def _page(form: TokenForm, problem: str = "", made: str = "") -> str:
    document = url_for("api.openapi", _external=True)
    example = f"curl -H 'Authorization: Bearer TOKEN' {request.host_url}api/v1/courses/COURSE/sessions"
    return render_template(
        "accounts/tokens.html",
        form=form,
        problem=problem,
        made=made,
        tokens=_tokens(),
        document=document,
        example=example,
    )
