"""A student says "this is wrong" of an own row, and an instructor answers; what came of it is kept for ever.

One note of a row can wait for an answer at a time. An answer changes no row by itself: whoever accepts a note corrects
the row as everybody else does, under their own name.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from attendance.corrections import InvalidCorrectionError, checked_reason
from attendance.errors import RollcallError
from attendance.keys import session_key

MAX_NOTE = 500
"""Characters, as many as the reason of a correction."""
MAX_DISPUTES = 20
"""Notes of one row; a student who has more to say had better speak to the instructor."""


class DisputeError(RollcallError):
    """The base of why a note or an answer is not taken; its text says what to do."""


class InvalidNoteError(DisputeError):
    """The note or the reason is empty, too long, or holds what cannot be shown."""


class NoteWaitsError(DisputeError):
    """A note of the same row waits for its answer already."""


class NoOpenNoteError(DisputeError):
    """There is no note that waits for an answer."""


class NoRowError(DisputeError):
    """The student has no row in the session's register."""


class DisputeConflictError(DisputeError):
    """Somebody else was faster."""


class Outcome(StrEnum):
    """What an instructor says to a note."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Answer:
    """An instructor's answer; `at` is an ISO 8601 time."""

    outcome: Outcome
    reason: str
    actor: str
    at: str


@dataclass(frozen=True)
class Dispute:
    """A note of a student; `at` is an ISO 8601 time, `answer` None as long as it waits for one."""

    text: str
    at: str
    answer: Answer | None = None


@dataclass(frozen=True)
class Case:
    """Every note of one row, the oldest first; `version` counts the changes, 0 where there never was one."""

    course_id: str
    session_id: str
    student_id: str
    disputes: tuple[Dispute, ...] = ()
    version: int = 0

    @property
    def session_key(self) -> str:
        """The session's."""
        return session_key(self.course_id, self.session_id)

    @property
    def open(self) -> Dispute | None:
        """The note that waits for an answer."""
        return self.disputes[-1] if self.disputes and self.disputes[-1].answer is None else None


class CaseTable(Protocol):
    """Where notes are kept."""

    def has_row(self, session_key: str, student_id: str) -> bool:
        """Whether the student has a row in the session's register."""

    def case(self, course_id: str, session_id: str, student_id: str) -> Case:
        """The notes of a row."""

    def cases_of(self, student_id: str) -> Sequence[Case]:
        """Every row's notes of one student."""

    def open_in(self, course_id: str, session_id: str | None, limit: int) -> Sequence[Case]:
        """Notes of a course, or of one session of it, that wait for an answer, the oldest session first."""

    def keep(self, case: Case, actor: str, action: str) -> bool:
        """Keep a case of the next version with an audit entry; False when another version was kept meanwhile."""


class Disputes:
    """Takes notes and answers; `now` gives the time."""

    def __init__(self, table: CaseTable, now: Callable[[], datetime]) -> None:
        self._table = table
        self._now = now

    def case(self, course_id: str, session_id: str, student_id: str) -> Case:
        """The notes of a row."""
        return self._table.case(course_id, session_id, student_id)

    def cases_of(self, student_id: str) -> Sequence[Case]:
        """Every row's notes of one student."""
        return self._table.cases_of(student_id)

    def open_in(self, course_id: str, session_id: str | None = None, limit: int = 100) -> Sequence[Case]:
        """Notes of a course, or of one session of it, that wait for an answer, the oldest session first."""
        return self._table.open_in(course_id, session_id, limit)

    def file(self, course_id: str, session_id: str, student_id: str, text: str, actor: str) -> Case:
        """Take a student's note; the same note sent twice is one.

        Raises:
            DisputeError: the named reason of a refusal; nothing was kept.
        """
        note = _checked(text, "note")
        case = self._table.case(course_id, session_id, student_id)
        if case.open and case.open.text == note:
            return case
        if case.open:
            raise NoteWaitsError("A note of yours waits for its answer already: write again when you have it.")
        if len(case.disputes) >= MAX_DISPUTES:
            raise NoteWaitsError(f"There are {MAX_DISPUTES} notes of this class. Please speak to your instructor.")
        if not self._table.has_row(case.session_key, student_id):
            raise NoRowError("You have no row in this register.")
        new = replace(case, disputes=(*case.disputes, Dispute(note, self._time())), version=case.version + 1)
        return self._kept(new, actor, "note")

    def answer(
        self, course_id: str, session_id: str, student_id: str, outcome: Outcome, reason: str, actor: str
    ) -> Case:
        """Answer the note that waits; a rejection needs a reason.

        Raises:
            DisputeError: the named reason of a refusal; nothing was kept.
        """
        why = _checked(reason, "reason") if reason.strip() or outcome is Outcome.REJECTED else ""
        case = self._table.case(course_id, session_id, student_id)
        if case.open is None:
            raise NoOpenNoteError("This note has its answer already. Look at the row again.")
        answered = replace(case.open, answer=Answer(outcome, why, actor, self._time()))
        new = replace(case, disputes=(*case.disputes[:-1], answered), version=case.version + 1)
        return self._kept(new, actor, f"note {outcome.value}")

    def _kept(self, case: Case, actor: str, action: str) -> Case:
        if not self._table.keep(case, actor, action):
            raise DisputeConflictError("Somebody else wrote at the same moment. Look at it again.")
        return case

    def _time(self) -> str:
        return self._now().isoformat(timespec="seconds")


def _checked(text: str, what: str) -> str:
    """One line of at most 500 characters; line breaks that a browser sends become spaces."""
    try:
        found = checked_reason(" ".join(text.split()))
    except InvalidCorrectionError as error:
        raise InvalidNoteError(f"Write the {what} in at most {MAX_NOTE} plain characters.") from error
    if found is None:
        raise InvalidNoteError(f"Write a {what}: a sentence is enough.")
    return found
