"""Accounts, roles and passwords, on a table in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from argon2 import PasswordHasher

from attendance.users import (
    InvalidEmailError,
    InvalidStudentLinkError,
    Role,
    User,
    UserExistsError,
    UserNotFoundError,
    Users,
    WeakPasswordError,
    normalise_email,
)

PASSWORD = "correct horse battery staple"


class MemoryTable:
    """Accounts in a dict."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {}

    def get(self, email: str) -> User | None:
        return self.users.get(email)

    def add(self, user: User) -> bool:
        return self.users.setdefault(user.email, user) is user

    def set_password_hash(self, email: str, password_hash: str) -> bool:
        if email not in self.users:
            return False
        self.users[email] = replace(self.users[email], password_hash=password_hash)
        return True

    def replace_password(self, email: str, password_hash: str, *, must_change: bool) -> bool:
        if email not in self.users:
            return False
        self.users[email] = replace(self.users[email], password_hash=password_hash, must_change=must_change)
        return True

    def remove(self, email: str) -> bool:
        return self.users.pop(email, None) is not None

    def all(self) -> Sequence[User]:
        return [self.users[email] for email in sorted(self.users)]


@pytest.fixture
def table() -> MemoryTable:
    return MemoryTable()


@pytest.fixture
def users(table: MemoryTable) -> Users:
    return Users(table, lambda: datetime(2026, 3, 4, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "email"),
    [
        (" A.B@School.EDU\n", "a.b@school.edu"),
        ("\uff41@school.edu", "a@school.edu"),  # a full-width letter
        ("zoë@école.fr", "zoë@école.fr"),
        ("zoe\u0308@school.edu", "zoë@school.edu"),
    ],
)
def test_an_email_has_one_spelling(text: str, email: str) -> None:
    assert normalise_email(text) == email


@pytest.mark.parametrize("text", ["", "@", "a@", "@b", "a b@c", "a@b@c", "a\x00@b", "x" * 255 + "@b", "a\r\nb@c"])
def test_what_is_no_email_is_refused(text: str) -> None:
    with pytest.raises(InvalidEmailError, match=r"name@school\.edu"):
        normalise_email(text)


@pytest.mark.parametrize("password", ["", "elevenchars", "x" * 1025])
def test_a_password_too_short_or_too_long_is_refused_and_makes_no_account(
    users: Users, table: MemoryTable, password: str
) -> None:
    with pytest.raises(WeakPasswordError):
        users.add("a@b.c", password, Role.ADMIN)
    assert not table.users


def test_only_the_right_password_of_the_right_account_opens(users: Users) -> None:
    made = users.add("A@b.c", PASSWORD, Role.INSTRUCTOR, ["physics", "art", "physics"])
    assert made.courses == ("art", "physics")
    assert users.verify("a@B.c", PASSWORD) == made
    assert users.verify("a@b.c", PASSWORD + "x") is None
    assert users.verify("other@b.c", PASSWORD) is None
    assert users.verify("no email", PASSWORD) is None
    assert users.verify("a@b.c", PASSWORD + "x" * 2000) is None


def test_a_hash_that_is_none_opens_nothing(users: Users, table: MemoryTable) -> None:
    table.add(User("a@b.c", Role.ADMIN, (), "", "plain text"))
    assert users.verify("a@b.c", "plain text") is None


def test_a_hash_of_weaker_parameters_is_replaced_at_the_next_sign_in(users: Users, table: MemoryTable) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    table.add(User("a@b.c", Role.ADMIN, (), "", weak))
    opened = users.verify("a@b.c", PASSWORD)
    assert opened is not None
    assert opened.password_hash == table.users["a@b.c"].password_hash != weak
    assert users.verify("a@b.c", PASSWORD) == opened


def test_an_email_has_one_account(users: Users) -> None:
    users.add("a@b.c", PASSWORD, Role.ADMIN)
    with pytest.raises(UserExistsError):
        users.add("A@B.C", PASSWORD, Role.STUDENT)


def test_the_first_admin_is_made_once_and_never_changed(users: Users, table: MemoryTable) -> None:
    assert users.ensure_admin("a@b.c", PASSWORD)
    before = table.users["a@b.c"]
    assert not users.ensure_admin("A@b.c", "another long password")
    assert table.users["a@b.c"] == before
    assert before.role is Role.ADMIN


def test_a_changed_password_replaces_the_old_one(users: Users) -> None:
    users.add("a@b.c", PASSWORD, Role.ADMIN)
    users.set_password("a@b.c", "another long password")
    assert users.verify("a@b.c", PASSWORD) is None
    assert users.verify("a@b.c", "another long password")


def test_an_account_that_is_not_there_cannot_be_changed_or_removed(users: Users) -> None:
    with pytest.raises(UserNotFoundError):
        users.set_password("a@b.c", PASSWORD)
    with pytest.raises(UserNotFoundError):
        users.remove("a@b.c")


@pytest.mark.parametrize(
    ("role", "courses", "sees"),
    [
        (Role.ADMIN, (), True),
        (Role.INSTRUCTOR, ("physics",), True),
        (Role.INSTRUCTOR, ("art",), False),
        (Role.INSTRUCTOR, (), False),
        (Role.STUDENT, ("physics",), False),
    ],
)
def test_a_course_is_seen_by_admins_and_its_own_instructors(role: Role, courses: tuple[str, ...], sees: bool) -> None:
    assert User("a@b.c", role, courses, "", "").may_see("physics") is sees


def test_the_hash_is_not_shown() -> None:
    assert "argon" not in repr(User("a@b.c", Role.ADMIN, (), "", "$argon2id$"))


def test_a_disabled_account_is_opened_by_no_password(users: Users, table: MemoryTable) -> None:
    users.add("a@school.edu", PASSWORD, Role.INSTRUCTOR)
    table.users["a@school.edu"] = replace(table.users["a@school.edu"], disabled=True)
    assert users.verify("a@school.edu", PASSWORD) is None


def test_a_new_password_need_not_be_changed_again(users: Users, table: MemoryTable) -> None:
    users.add("a@school.edu", PASSWORD, Role.INSTRUCTOR)
    table.users["a@school.edu"] = replace(table.users["a@school.edu"], must_change=True)
    users.set_password("a@school.edu", "another phrase of words")
    assert not table.users["a@school.edu"].must_change


def test_a_students_account_names_the_student(users: Users) -> None:
    assert users.add("a@school.edu", PASSWORD, Role.STUDENT, student_id=" S-1 ").student_id == "S-1"


@pytest.mark.parametrize(("role", "student_id"), [(Role.ADMIN, "S-1"), (Role.STUDENT, "a/b"), (Role.STUDENT, "#S-1")])
def test_an_account_of_another_role_or_a_wrong_student_id_is_refused(
    users: Users, table: MemoryTable, role: Role, student_id: str
) -> None:
    with pytest.raises(InvalidStudentLinkError, match="student id"):
        users.add("a@school.edu", PASSWORD, role, student_id=student_id)
    assert table.users == {}
