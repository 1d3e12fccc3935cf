"""Accounts, kept by an administrator: adding, changing, disabling and removing them."""

from collections.abc import Callable
from http import HTTPStatus

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from attendance.enrolment import check_id
from attendance.errors import RollcallError
from attendance.users import MAX_EMAIL, Role, User, UserNotFoundError
from web.security import account, account_key, limiter, require_admin, store
from web.services import services

PER_PAGE = 50
ADD_RATE = "60 per minute; 2000 per day"
MOST_COURSES = 500
COURSES_TOLD = 20
"""Up to so many courses a form names them all."""
ROLES = [role.value for role in (Role.INSTRUCTOR, Role.STUDENT, Role.ADMIN)]

blueprint = Blueprint("accounts", __name__)


class TooManyCoursesError(RollcallError):
    """More courses than an account can have."""


class AccountForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """What an account may do."""

    role = SelectField("Role", choices=ROLES)
    courses = StringField("Courses", [Length(max=40_000)])
    student_id = StringField("Student id", [Length(max=200)])


class NewAccountForm(AccountForm):
    """A new account."""

    email = StringField("Email", [InputRequired("Give the email address."), Length(max=MAX_EMAIL)])


@blueprint.get("/accounts")
def index() -> ResponseReturnValue:
    """The accounts of a role, page by page, and the form of a new one."""
    require_admin()
    return _index(NewAccountForm(formdata=None, role=_role().value))


@blueprint.post("/accounts")
@limiter.limit(ADD_RATE, key_func=account_key)
def add() -> ResponseReturnValue:
    """Make an account; its one-time password is on this answer alone."""
    require_admin()
    form = NewAccountForm()
    if not form.validate():
        return _index(form, "See the marked fields."), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        role = Role(form.role.data)
        user, password = services().accounts.add(
            form.email.data, role, _courses(form, role), form.student_id.data or "", account().email
        )
    except RollcallError as error:
        return _index(form, str(error)), HTTPStatus.UNPROCESSABLE_ENTITY
    return render_template("accounts/password.html", user=user, password=password, is_new=True)


@blueprint.get("/accounts/edit")
def edit() -> ResponseReturnValue:
    """One account: its role and courses, and what can be done with it."""
    require_admin()
    user = _user()
    form = AccountForm(formdata=None, role=user.role.value, courses=" ".join(user.courses), student_id=user.student_id)
    return _edit(user, form)


@blueprint.post("/accounts/edit")
def change() -> ResponseReturnValue:
    """Give an account another role, other courses or another student."""
    require_admin()
    user, form = _user(), AccountForm()
    if not form.validate():
        return _edit(user, form, "See the marked fields."), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        role = Role(form.role.data)
        services().accounts.change(user.email, role, _courses(form, role), form.student_id.data or "", account().email)
    except RollcallError as error:
        return _edit(user, form, str(error)), HTTPStatus.UNPROCESSABLE_ENTITY
    flash(f"{user.email} is changed.", "success")
    return redirect(url_for("accounts.index", role=role.value))


@blueprint.post("/accounts/password")
def password() -> ResponseReturnValue:
    """Hand out a new one-time password; it is on this answer alone."""
    require_admin()
    user = _user()
    try:
        made = services().accounts.new_password(user.email, account().email)
    except RollcallError as error:
        return _refused(user, error)
    return render_template("accounts/password.html", user=user, password=made, is_new=False)


@blueprint.post("/accounts/disable")
def disable() -> ResponseReturnValue:
    """Let an account sign in no more."""
    return _do(services().accounts.disable, "{} may not sign in any more, and is signed out.")


@blueprint.post("/accounts/enable")
def enable() -> ResponseReturnValue:
    """Let an account sign in again."""
    return _do(services().accounts.enable, "{} may sign in again.")


@blueprint.post("/accounts/remove")
def remove() -> ResponseReturnValue:
    """Delete an account."""
    return _do(services().accounts.remove, "{} is removed, and is signed out.")


def _do(work: Callable[[str, str], object], told: str) -> ResponseReturnValue:
    require_admin()
    user = _user()
    try:
        work(user.email, account().email)
    except RollcallError as error:
        return _refused(user, error)
    flash(told.format(user.email), "success")
    return redirect(url_for("accounts.index", role=user.role.value))


def _refused(user: User, error: RollcallError) -> ResponseReturnValue:
    flash(str(error), "warning")
    return redirect(url_for("accounts.edit", email=user.email))


def _user() -> User:
    """The account that the request names; 404 where there is none."""
    try:
        return services().accounts.get(request.values.get("email", "")[: MAX_EMAIL + 1] or "?")
    except UserNotFoundError:
        abort(404)


def _role() -> Role:
    asked = request.args.get("role", "")
    return Role(asked) if asked in list(Role) else Role.INSTRUCTOR


def _courses(form: AccountForm, role: Role) -> list[str]:
    """The course ids of the form, one word each; only an instructor has any.

    Raises:
        InvalidIdError: one of them is none.
        TooManyCoursesError: they are more than an account can have.
    """
    if role is not Role.INSTRUCTOR:
        return []
    words = (form.courses.data or "").replace(",", " ").split()
    if len(words) > MOST_COURSES:
        raise TooManyCoursesError(f"An account has at most {MOST_COURSES} courses, and these are {len(words)}.")
    return [check_id(word, "course id") for word in words]


def _index(form: NewAccountForm, problem: str = "") -> str:
    role = _role()
    page = services().accounts.page(role, PER_PAGE, request.args.get("after", "")[:MAX_EMAIL] or None)
    return render_template(
        "accounts/index.html", role=role, roles=ROLES, page=page, form=form, problem=problem, hint=_hint()
    )


def _edit(user: User, form: AccountForm, problem: str = "") -> str:
    return render_template("accounts/edit.html", user=user, form=form, problem=problem, hint=_hint())


def _hint() -> str:
    """What the field of courses takes; where there are few, which there are."""
    page = store().course_page(account(), "", COURSES_TOLD)
    told = f" There are: {' '.join(course.course_id for course in page.items)}" if page.cursor is None else ""
    return f"Course ids of an instructor, with spaces between them.{told}"
