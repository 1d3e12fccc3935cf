"""The only way of the web to data: Query and GetItem through the layer, never a Scan."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice

from attendance.aws import compose, probes
from attendance.model import Enrolment, Row
from attendance.register import CourseInfo, Page, RegisterReader, RegisterRow, Session
from attendance.settings import Settings
from attendance.users import Role, User, UserNotFoundError, Users

SESSIONS_PER_PAGE = 30
STUDENTS_PER_PAGE = 50
COURSES_PER_PAGE = 50
RECENT_DAYS = 7
"""Days the first page looks back: at most one Query each."""
RECENT_MOST = 60
"""Sessions the first page shows."""


class Store:
    """What the pages show, and the accounts that may see it."""

    def __init__(
        self,
        reader: RegisterReader,
        users: Users,
        checks: Mapping[str, Callable[[], None]],
        today: Callable[[], date],
    ) -> None:
        self._reader = reader
        self._users = users
        self._checks = checks
        self._today = today

    def user(self, email: str) -> User | None:
        """The account of a normalised email, or None."""
        return self._users.get(email)

    def verify(self, email: str, password: str) -> User | None:
        """The account these credentials open, or None without saying why."""
        return self._users.verify(email, password)

    def change_password(self, email: str, password: str) -> User:
        """The account with its new password.

        Raises:
            WeakPasswordError: it is too short or too long.
            UserNotFoundError: the account was removed meanwhile.
        """
        self._users.set_password(email, password)
        user = self._users.get(email)
        if user is None:
            raise UserNotFoundError("The account was removed meanwhile.")
        return user

    def courses_of(self, user: User) -> list[CourseInfo]:
        """Every course an account may see, by id; one that was deleted since is left out."""
        return list(self._reader.courses(self._course_ids_of(user)))

    def course_page(self, user: User, after: str, limit: int = COURSES_PER_PAGE) -> Page[CourseInfo]:
        """A page of the courses an account may see, by id; `after` is the cursor of the page before."""
        ids = [course_id for course_id in self._course_ids_of(user) if course_id > after]
        return Page(tuple(self._reader.courses(ids[:limit])), ids[limit - 1] if len(ids) > limit else None)

    def _course_ids_of(self, user: User) -> list[str]:
        if user.role is Role.ADMIN:
            return sorted(self._reader.course_ids())
        return sorted(user.courses) if user.role is Role.INSTRUCTOR else []

    def courses(self, course_ids: Sequence[str]) -> Sequence[CourseInfo]:
        """Those of the courses that are there, in the order of the ids."""
        return self._reader.courses(course_ids)

    def course(self, course_id: str) -> CourseInfo | None:
        """The course, or None."""
        return self._reader.course(course_id)

    def recent_sessions(self, user: User) -> list[Session]:
        """Sessions of the last days of the courses an account may see, the newest first."""
        # One day ahead: east of UTC a session's date can be tomorrow's.
        days = [self._today() + timedelta(days=1 - back) for back in range(RECENT_DAYS + 1)]
        found = (session for day in days for session in self._reader.sessions_on(day.isoformat()))
        return list(islice((session for session in found if user.may_see(session.course_id)), RECENT_MOST))

    def sessions(self, course_id: str, before: str | None, limit: int = SESSIONS_PER_PAGE) -> Page[Session]:
        """A page of a course's sessions, the newest first."""
        return self._reader.sessions(course_id, limit, before)

    def latest_sessions(self, course_id: str, number: int) -> Sequence[Session]:
        """The newest sessions of a course."""
        return self._reader.sessions(course_id, number).items

    def decided_rows(self, session: Session) -> list[Row]:
        """Every row of a session as it was decided, whatever a person said of it."""
        return [replace(row, status=row.decided) for row in self.rows(session)]

    def session(self, course_id: str, session_id: str) -> Session | None:
        """The session, or None."""
        return self._reader.session(course_id, session_id)

    def rows(self, session: Session) -> Sequence[RegisterRow]:
        """Every row of a session's register."""
        return self._reader.rows(session.session_key)

    def roster(self, course_id: str, after: str | None, limit: int = STUDENTS_PER_PAGE) -> Page[Enrolment]:
        """A page of a course's roster, by student_id."""
        return self._reader.roster(course_id, limit, after)

    def missing(self) -> list[str]:
        """Names of the services that do not answer."""
        return [name for name, check in self._checks.items() if not _passes(check)]


def open_store(settings: Settings) -> Store:
    """The store of the settings' tables."""
    return Store(
        compose.reader(settings),
        compose.users(settings),
        probes.checks(settings),
        lambda: compose.utc_now().date(),
    )


def _passes(check: Callable[[], None]) -> bool:
    try:
        check()
    except Exception:  # whatever is wrong with a service, the answer is that it is missing
        return False
    return True
