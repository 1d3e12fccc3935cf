"""A student says "this is wrong" of an own row, and an instructor answers; what came of it is kept for ever.

One note of a row can wait for an answer at a time. Who accepts it says what is right: the answer and the correction,
under the instructor's own name, are kept together or not at all. The correction can be undone as every other one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from attendance.corrections import Call, Change, Corrector
from attendance.errors import RollcallError
from attendance.keys import session_key
from attendance.model import Status

MAX_NOTE = 500
"""Characters."""
MAX_ANSWER = 450
"""Characters: an accepted note's answer is also the reason of the correction, behind `ACCEPTED_BECAUSE`."""
ACCEPTED_BECAUSE = "Note of the student accepted"
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
    """An instructor's answer.

    Attributes:
        reason: may be empty where the note is accepted.
        at: an ISO 8601 time.
        status: what the instructor said is right; None where the note was rejected, and in answers of former times.
        late: whether that is with coming late.
    """

    outcome: Outcome
    reason: str
    actor: str
    at: str
    status: Status | None = None
    late: bool = False


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

    def keep_with(self, case: Case, change: Change) -> bool:
        """Keep a case of the next version and a change of its row, all or nothing; False if anything is not as seen."""


class Disputes:
    """Takes notes and answers; `corrector` corrects the rows of accepted ones, `now` gives the time."""

    def __init__(self, table: CaseTable, corrector: Corrector, now: Callable[[], datetime]) -> None:
        self._table = table
        self._corrector = corrector
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
        note = _checked(text, "note", MAX_NOTE)
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
        self._keep(new, actor, "note")
        return new

    def accept(self, course_id: str, session_id: str, call: Call, reason: str, actor: str) -> None:
        """Accept the note that waits and correct its row, both or neither.

        Args:
            course_id: the course.
            session_id: the session.
            call: whose note it is, and what is right; where that counts already, only the answer is kept.
            reason: the answer's words, at most `MAX_ANSWER` characters; may be empty.
            actor: who accepts.

        Raises:
            DisputeError: the named reason of a refusal of the answer; nothing was kept.
            CorrectionError: the same of the correction.
        """
        why = _checked(reason, "answer", MAX_ANSWER) if reason.strip() else ""
        # Who sends a form twice is told so, not that the row was changed meanwhile.
        self._waiting(course_id, session_id, call.student_id)
        answer = Answer(Outcome.ACCEPTED, why, actor, self._time(), call.said.status, call.said.late)

        def keep(change: Change) -> bool:
            return self._table.keep_with(self._answered(course_id, session_id, call.student_id, answer), change)

        because = f"{ACCEPTED_BECAUSE}: {why}" if why else f"{ACCEPTED_BECAUSE}."
        self._corrector.settle(session_key(course_id, session_id), call, actor, "note accepted", because, keep)

    def reject(self, course_id: str, session_id: str, student_id: str, reason: str, actor: str) -> None:
        """Reject the note that waits; the reason, of at most `MAX_ANSWER` characters, must be given.

        Raises:
            DisputeError: the named reason of a refusal; nothing was kept.
        """
        answer = Answer(Outcome.REJECTED, _checked(reason, "reason", MAX_ANSWER), actor, self._time())
        self._keep(self._answered(course_id, session_id, student_id, answer), actor, "note rejected")

    def _answered(self, course_id: str, session_id: str, student_id: str, answer: Answer) -> Case:
        """The case of a row with an answer to the note that waits."""
        case = self._waiting(course_id, session_id, student_id)
        disputes = (*case.disputes[:-1], replace(case.disputes[-1], answer=answer))
        return replace(case, disputes=disputes, version=case.version + 1)

    def _waiting(self, course_id: str, session_id: str, student_id: str) -> Case:
        """The case of a row, of which a note waits for an answer."""
        case = self._table.case(course_id, session_id, student_id)
        if case.open is None:
            raise NoOpenNoteError("This note has its answer already. Look at the row again.")
        return case

    def _keep(self, case: Case, actor: str, action: str) -> None:
        if not self._table.keep(case, actor, action):
            raise DisputeConflictError("Somebody else wrote at the same moment. Look at it again.")

    def _time(self) -> str:
        return self._now().isoformat(timespec="seconds")


def _checked(text: str, what: str, most: int) -> str:
    """One line of at most so many characters; line breaks that a browser sends become spaces."""
    line = " ".join(text.split())
    if not line:
        raise InvalidNoteError(f"Write a {what}: a sentence is enough.")
    if len(line) > most or not line.isprintable():
        raise InvalidNoteError(f"Write the {what} in at most {most} plain characters.")
    return line
