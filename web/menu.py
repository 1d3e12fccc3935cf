"""What the head of every page leads to, by role."""

from flask import Flask, request

from attendance.users import Role
from web.security import account

Entry = tuple[str, str]
"""An endpoint and its label."""

_HOME: Entry = ("courses.home", "Registers")
_BY_ROLE: dict[Role, tuple[Entry, ...]] = {
    Role.ADMIN: (
        _HOME,
        ("course_settings.index", "Courses"),
        ("log.index", "Log"),
        ("students.index", "Students"),
        ("faces.index", "Faces"),
        ("accounts.index", "Accounts"),
        ("courses.unfiled", "Unfiled videos"),
    ),
    Role.INSTRUCTOR: (_HOME, ("course_settings.index", "Courses"), ("log.index", "Log")),
    Role.STUDENT: (("student_view.index", "My attendance"),),
}


def menu() -> tuple[Entry, ...]:
    """The entries for the account of this request."""
    return _BY_ROLE[account().role]


def is_within(endpoint: str) -> bool:
    """Whether this request's page is of the same group as an entry's; registers and courses share one group."""
    group = endpoint.partition(".")[0]
    return group != "courses" and request.blueprint == group


def register(app: Flask) -> None:
    """Give templates the functions `menu` and `is_within`."""
    app.add_template_global(menu)
    app.add_template_global(is_within)
