"""`rollcall users`: the accounts of the web."""

import click
from rich.table import Column, Table
from rich.text import Text

from attendance.aws import compose
from attendance.aws.accounts import described
from attendance.aws.people import DynamoAudit
from attendance.enrolment import check_id
from attendance.users import Role, normalise_email
from cli.actor import actor
from cli.options import err, out, with_stack
from cli.stack import Stack

password_option = click.password_option(
    help="At least 12 characters; asked for unless given. A password on a command line may be seen by others."
)


@click.group()
def users() -> None:
    """Who may sign in."""


@users.command()
@click.argument("email")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--course", "courses", multiple=True, help="A course the account may see; may be given several times.")
@click.option("--student", "student_id", default="", help="Whose record a student's account shows: a student id.")
@password_option
@with_stack
def add(stack: Stack, email: str, role: str, courses: tuple[str, ...], student_id: str, password: str) -> None:
    """Make an account."""
    course_ids = [check_id(course, "course id") for course in courses]
    user = compose.users(stack.settings).add(email, password, Role(role), course_ids, student_id)
    _note(stack, user.audited_as, "add account", described(user))
    out.print(Text(f"{user.email} may sign in as {user.role}."))
    reader = compose.reader(stack.settings)
    for course_id in (course_id for course_id in course_ids if reader.course(course_id) is None):
        err.print(f"There is no course {course_id} yet: check the id, or create it.")


@users.command("list")
@with_stack
def list_(stack: Stack) -> None:
    """List the accounts."""
    table = Table(*(Column(name, overflow="fold") for name in ("Email", "Role", "Courses or student", "Since")))
    for user in compose.users(stack.settings).all():
        role = f"{user.role.value}, disabled" if user.disabled else user.role.value
        table.add_row(Text(user.email), role, Text(", ".join(user.courses) or user.student_id), user.created_at)
    out.print(table)


@users.command()
@click.argument("email")
@with_stack
def remove(stack: Stack, email: str) -> None:
    """Remove an account; it is signed out everywhere at once. The last administrator's stays."""
    compose.accounts(stack.settings).remove(email, actor())
    out.print("The account is removed.")


@users.command()
@click.argument("email")
@password_option
@with_stack
def password(stack: Stack, email: str, password: str) -> None:
    """Change an account's password; it is signed out everywhere at once."""
    users = compose.users(stack.settings)
    users.set_password(email, password)
    if user := users.get(normalise_email(email)):
        _note(stack, user.audited_as, "new password", "")
    out.print("The password is changed.")


def _note(stack: Stack, name: str, action: str, what: str) -> None:
    """Keep in the audit what was done with an account."""
    DynamoAudit(stack.settings.audit_table).note(f"account#{name}", actor(), action, what)
