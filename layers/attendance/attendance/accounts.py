"""How an administrator keeps the accounts: adding, changing, disabling and removing them, each in the audit.

There is always an administrator who can sign in: whatever would take the role from one is only written together with
the check that another one still has it.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from attendance.errors import RollcallError
from attendance.register import Page, RegisterReader
from attendance.students import Student
from attendance.users import Role, User, UserExistsError, UserNotFoundError, Users, check_student_link, normalise_email

ONE_TIME_BYTES = 12
"""Random bytes of a password that is handed out: 96 bits in 16 letters."""
ADMINS_AT_ONCE = 50


class LastAdminError(RollcallError):
    """Without this account nobody could keep the accounts any more."""


class AccountChangedError(RollcallError):
    """Somebody else changed the account, or another administrator's, at the same moment."""


class UnknownCourseError(RollcallError):
    """A course of the account is not there."""


class UnknownStudentError(RollcallError):
    """The student of the account is not there."""


class AccountTable(Protocol):
    """Where accounts are kept; each change is written together with its entry in the audit."""

    def get(self, email: str) -> User | None:
        """The account, or None."""

    def page(self, role: Role, limit: int, after: str | None = None) -> Page[User]:
        """Accounts of a role, by email; `after` is the cursor of the page before."""

    def add(self, user: User, actor: str) -> bool:
        """Keep a new account; False when the email is taken."""

    def change(self, old: User, new: User, witness: str | None, actor: str, action: str) -> bool:
        """Keep the account otherwise, if it is as seen and the witness is still an administrator who can sign in."""

    def remove(self, old: User, witness: str | None, actor: str) -> bool:
        """Delete the account, under the same conditions."""


class Students(Protocol):
    """Who is registered."""

    def student(self, student_id: str) -> Student | None:
        """The student, or None."""


class Accounts:
    """The accounts as an administrator keeps them.

    Args:
        table: where they are kept.
        users: makes password hashes.
        register: tells which courses there are.
        students: tells which students there are.
    """

    def __init__(self, table: AccountTable, users: Users, register: RegisterReader, students: Students) -> None:
        self._table = table
        self._users = users
        self._register = register
        self._students = students

    def get(self, email: str) -> User:
        """The account of a normalised email.

        Raises:
            UserNotFoundError: there is none.
        """
        found = self._table.get(email)
        if found is None:
            raise UserNotFoundError("There is no such account: it may have been removed already.")
        return found

    def page(self, role: Role, limit: int, after: str | None = None) -> Page[User]:
        """Accounts of a role, by email; `after` is the cursor of the page before."""
        return self._table.page(role, limit, after)

    def add(self, email: str, role: Role, courses: Sequence[str], student_id: str, actor: str) -> tuple[User, str]:
        """Make an account with a password that must be changed at the first sign-in.

        Returns:
            The account, and the password, which is kept nowhere.

        Raises:
            InvalidEmailError: `email` is no address.
            InvalidStudentLinkError: `student_id` is none, or the account is no student's.
            UnknownCourseError, UnknownStudentError: a course or the student is not there.
            UserExistsError: the email is taken.
        """
        self._check(courses, check_student_link(role, student_id))
        password = secrets.token_urlsafe(ONE_TIME_BYTES)
        user = replace(self._users.new(email, password, role, courses, student_id), must_change=True)
        if not self._table.add(user, actor):
            raise UserExistsError(f"{user.email} has an account already: change that one instead.")
        return user, password

    def change(self, email: str, role: Role, courses: Sequence[str], student_id: str, actor: str) -> User:
        """Give an account another role, other courses or another student.

        Raises:
            RollcallError: the named reason of a refusal; nothing was changed.
        """
        old = self.get(email)
        link = check_student_link(role, student_id)
        self._check(courses, link)
        new = replace(old, role=role, courses=tuple(sorted(set(courses))), student_id=link)
        return self._change(old, new, actor, "change account")

    def disable(self, email: str, actor: str) -> User:
        """Let an account sign in no more; it is signed out everywhere at once. Errors are as in `change`."""
        old = self.get(email)
        return self._change(old, replace(old, disabled=True), actor, "disable account")

    def enable(self, email: str, actor: str) -> User:
        """Let an account sign in again. Errors are as in `change`."""
        old = self.get(email)
        return self._change(old, replace(old, disabled=False), actor, "enable account")

    def new_password(self, email: str, actor: str) -> str:
        """A password that must be changed at the next sign-in, kept nowhere else. Errors are as in `change`."""
        password = secrets.token_urlsafe(ONE_TIME_BYTES)
        old = self.get(email)
        made = self._users.new(old.email, password, old.role, old.courses, old.student_id)
        new = replace(old, password_hash=made.password_hash, must_change=True)
        self._change(old, new, actor, "new password")
        return password

    def remove(self, email: str, actor: str) -> None:
        """Delete an account; it is signed out everywhere at once. Errors are as in `change`."""
        old = self.get(normalise_email(email))
        if not self._table.remove(old, self._witness(old), actor):
            raise AccountChangedError("Somebody else changed the accounts at the same moment. Look again.")

    def _check(self, courses: Sequence[str], student_id: str) -> None:
        """Refuse, by name, what is not there: the account would show nothing, and nobody would know why."""
        there = {course.course_id for course in self._register.courses(courses)}
        missing = [course_id for course_id in courses if course_id not in there]
        if missing:
            raise UnknownCourseError(f"There is no course {', '.join(missing[:10])}: create it first, or mend its id.")
        student = self._students.student(student_id) if student_id else None
        if student_id and (student is None or student.erasing_since):
            raise UnknownStudentError(f"There is no student {student_id}: register the student first, or mend the id.")

    def _change(self, old: User, new: User, actor: str, action: str) -> User:
        if new == old:
            return old
        witness = None if _keeps(new) else self._witness(old)
        if not self._table.change(old, new, witness, actor, action):
            raise AccountChangedError("Somebody else changed the accounts at the same moment. Look again.")
        return new

    def _witness(self, leaving: User) -> str | None:
        """Another administrator who can sign in, where the one who leaves is such a one."""
        if not _keeps(leaving):
            return None
        found = next((user.email for user in self._admins() if _keeps(user) and user.email != leaving.email), None)
        if found is None:
            raise LastAdminError(f"{leaving.email} is the last administrator who can sign in. Make another one first.")
        return found

    def _admins(self) -> Iterator[User]:
        cursor: str | None = None
        while True:
            page = self._table.page(Role.ADMIN, ADMINS_AT_ONCE, cursor)
            yield from page.items
            if page.cursor is None:
                return
            cursor = page.cursor


def _keeps(user: User) -> bool:
    """Whether the account can keep the others."""
    return user.role is Role.ADMIN and not user.disabled
