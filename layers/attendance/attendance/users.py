"""Who may sign in: accounts, their roles, and passwords kept only as argon2id hashes."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from attendance.errors import RollcallError
from attendance.keys import is_id

MIN_PASSWORD = 12
"""Characters; NIST SP 800-63B-4 asks for at least 8 beside a second factor and 15 alone."""
MAX_PASSWORD = 1024
"""Characters; hashing time must not depend on what a stranger sends."""
MAX_EMAIL = 254
"""Characters, RFC 5321's longest path without its angle brackets."""

_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+")


class InvalidEmailError(RollcallError):
    """The text is not an email address."""


class WeakPasswordError(RollcallError):
    """The password is too short or too long."""


class UserExistsError(RollcallError):
    """An account with this email is there already."""


class UserNotFoundError(RollcallError):
    """No account has this email."""


class InvalidStudentLinkError(RollcallError):
    """The account cannot be that of this student."""


class Role(StrEnum):
    """What an account may do: everything, its own courses, or its own record."""

    ADMIN = "admin"
    INSTRUCTOR = "instructor"
    STUDENT = "student"


@dataclass(frozen=True)
class User:
    """One account.

    Attributes:
        email: normalised.
        courses: those an instructor may see.
        created_at: an ISO 8601 UTC time.
        student_id: whose record a student's account shows; empty for all others and where nobody has said yet.
        must_change: the password was handed out by somebody else and opens nothing but the form of a new one.
        disabled: it may not sign in.
    """

    email: str
    role: Role
    courses: tuple[str, ...]
    created_at: str
    password_hash: str = field(repr=False)
    student_id: str = ""
    must_change: bool = False
    disabled: bool = False

    @property
    def audited_as(self) -> str:
        """What the audit calls the account: it is never erased, so that it names a student by the id alone."""
        return f"student {self.student_id}" if self.student_id else self.email

    def may_see(self, course_id: str) -> bool:
        """Whether the account may read the registers and the roster of a course."""
        return self.role is Role.ADMIN or (self.role is Role.INSTRUCTOR and course_id in self.courses)


class UserTable(Protocol):
    """Where accounts are kept."""

    def get(self, email: str) -> User | None:
        """The account, or None."""

    def add(self, user: User) -> bool:
        """Keep a new account; False when the email is taken."""

    def set_password_hash(self, email: str, password_hash: str) -> bool:
        """Replace the hash of the same password; False when there is no such account."""

    def replace_password(self, email: str, password_hash: str, *, must_change: bool) -> bool:
        """Keep another password's hash, and whether it must be changed; False when there is no such account."""

    def remove(self, email: str) -> bool:
        """Delete the account; False when there is no such account."""

    def all(self) -> Sequence[User]:
        """Every account, by email."""


def normalise_email(text: str) -> str:
    """The one spelling of an address: NFKC, trimmed, lower case.

    Raises:
        InvalidEmailError: the text is no address of at most 254 characters.
    """
    email = unicodedata.normalize("NFKC", text).strip().lower()
    if len(email) > MAX_EMAIL or not _EMAIL.fullmatch(email):
        raise InvalidEmailError("This is not an email address: write it like name@school.edu.")
    return email


def check_student_link(role: Role, student_id: str) -> str:
    """The id of the student whose record the account shows, trimmed; empty for none.

    Raises:
        InvalidStudentLinkError: it is no student id, or the account is no student's.
    """
    text = student_id.strip()
    if text and role is not Role.STUDENT:
        raise InvalidStudentLinkError("Only a student's account has a student id: leave it empty.")
    if text and not is_id(text):
        raise InvalidStudentLinkError(
            "A student id has 1 to 64 of the letters A-Z and a-z, digits, dot, underscore and hyphen, "
            "and starts with a letter or digit."
        )
    return text


def check_password(password: str) -> None:
    """Refuse a password that is easy to guess by its length alone.

    Raises:
        WeakPasswordError: fewer than 12 or more than 1024 characters.
    """
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise WeakPasswordError(f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters: choose a longer phrase.")


class Users:
    """The accounts and their passwords."""

    def __init__(self, table: UserTable, now: Callable[[], datetime]) -> None:
        self._table = table
        self._now = now
        self._hasher = PasswordHasher()

    def get(self, email: str) -> User | None:
        """The account of a normalised email, or None."""
        return self._table.get(email)

    def all(self) -> Sequence[User]:
        """Every account, by email."""
        return self._table.all()

    def add(self, email: str, password: str, role: Role, courses: Sequence[str] = (), student_id: str = "") -> User:
        """Make an account.

        Raises:
            InvalidEmailError: `email` is no address.
            WeakPasswordError: `password` is too short or too long.
            InvalidStudentLinkError: `student_id` is none, or the account is no student's.
            UserExistsError: the email is taken.
        """
        check_password(password)
        user = self.new(email, password, role, courses, student_id)
        if not self._table.add(user):
            raise UserExistsError(f"{user.email} has an account already: change its password instead.")
        return user

    def new(self, email: str, password: str, role: Role, courses: Sequence[str], student_id: str) -> User:
        """An account that is not kept yet; the password is whatever it is. Errors are as in `add`."""
        return User(
            email=normalise_email(email),
            role=role,
            courses=tuple(sorted(set(courses))),
            created_at=self._now().isoformat(timespec="seconds"),
            password_hash=self._hasher.hash(password),
            student_id=check_student_link(role, student_id),
        )

    def ensure_admin(self, email: str, password: str) -> bool:
        """Make an admin when the email has no account yet; an account that is there is left as it is.

        Returns:
            Whether an account was made.

        Raises:
            InvalidEmailError: `email` is no address.
            WeakPasswordError: `password` is too short or too long.
        """
        if self._table.get(normalise_email(email)) is not None:
            return False
        try:
            self.add(email, password, Role.ADMIN)
        except UserExistsError:  # made by another process since the look above
            return False
        return True

    def set_password(self, email: str, password: str) -> None:
        """Replace a password; every session of the account ends with it.

        Raises:
            InvalidEmailError: `email` is no address.
            WeakPasswordError: `password` is too short or too long.
            UserNotFoundError: there is no such account.
        """
        check_password(password)
        if not self._table.replace_password(normalise_email(email), self._hasher.hash(password), must_change=False):
            raise UserNotFoundError(f"No account has the email {normalise_email(email)}.")

    def remove(self, email: str) -> None:
        """Delete an account.

        Raises:
            InvalidEmailError: `email` is no address.
            UserNotFoundError: there is no such account.
        """
        if not self._table.remove(normalise_email(email)):
            raise UserNotFoundError(f"No account has the email {normalise_email(email)}.")

    def verify(self, email: str, password: str) -> User | None:
        """The account these credentials open, or None without saying why.

        A disabled account is opened by none. An unknown email costs as much time as a wrong password, so that the
        answer's time tells nothing. A hash made with older parameters is replaced.
        """
        try:
            user = self._table.get(normalise_email(email))
        except InvalidEmailError:
            user = None
        known = user.password_hash if user else _nobodys_hash()
        if len(password) > MAX_PASSWORD or not self._matches(known, password) or user is None:
            return None
        if user.disabled:
            return None
        if self._hasher.check_needs_rehash(user.password_hash):
            user = replace(user, password_hash=self._hasher.hash(password))
            self._table.set_password_hash(user.email, user.password_hash)
        return user

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerifyMismatchError, InvalidHashError):
            return False


@cache
def _nobodys_hash() -> str:
    """A hash no password is known for, checked when the email is unknown."""
    return PasswordHasher().hash("the password of nobody")
