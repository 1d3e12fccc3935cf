"""What a person says of a student against what was decided: present, absent or excused, late, left early.

Corrections are kept apart from the decided rows, so no run can lose one. Whoever changes one names the version they
saw; if somebody else was faster, they are told who and what stands now. Each change is in the audit for ever.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from attendance.errors import RollcallError
from attendance.model import Correction, Evidence, Standing, Status

MAX_REASON = 500
"""Characters."""
MAX_UNDO = 50
"""Changes of one row that can be undone; the audit has all."""
TRIES = 5
"""Runs that may decide the row anew while it is being corrected."""


class CorrectionError(RollcallError):
    """The base of why a correction is refused; its text says what to do."""


class InvalidCorrectionError(CorrectionError):
    """Not something that can be said of a student."""


class ReasonNeededError(CorrectionError):
    """A correction says something else than was decided, and not why."""


class NotOnRegisterError(CorrectionError):
    """The student has no row in the session's register."""


class NothingToUndoError(CorrectionError):
    """There is no correction."""


class CorrectionConflictError(CorrectionError):
    """Somebody else changed the row meanwhile.

    Attributes:
        standing: what stands now.
    """

    def __init__(self, message: str, standing: Standing) -> None:
        super().__init__(message)
        self.standing = standing


@dataclass(frozen=True)
class Said:
    """What a person says of a student: present, absent or excused; everything else only of one who is present.

    Attributes:
        evidence: the moment of a video in which the person recognised the student.
    """

    status: Status
    late: bool = False
    left_early: bool = False
    evidence: Evidence | None = None


@dataclass(frozen=True)
class Call:
    """What a person says of one student while calling the roll; `expected_version` as in `Corrector.correct`."""

    student_id: str
    said: Said
    expected_version: int


@dataclass(frozen=True)
class Change:
    """A change of a student's correction, to be written if all is as it was seen.

    Attributes:
        decided: the status of the row as it was seen.
        old: what stood.
        new: what stands from now on.
        actor: who.
        at: when, an ISO 8601 time.
        action: `correct` or `undo`.
        reason: why, if they said.
    """

    session_key: str
    student_id: str
    decided: Status
    old: Standing
    new: Standing
    actor: str
    at: str
    action: str
    reason: str | None


class Store(Protocol):
    """Where corrections are kept."""

    def decided(self, session_key: str, student_id: str) -> Status | None:
        """The status the row was decided with, None where there is no row."""

    def standing(self, session_key: str, student_id: str) -> Standing:
        """The correction as it is now."""

    def apply(self, change: Change) -> bool:
        """Write the change, its audit entry and that the session's counts are old; False if anything is not as seen."""

    def recount(self, session_key: str) -> None:
        """Count the session's rows again; until that is done whoever reads the session counts them."""


class Corrector:
    """Corrects rows of registers; `now` gives the time."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def correct(
        self, session_key: str, student_id: str, said: Said, actor: str, reason: str | None, expected_version: int
    ) -> Standing:
        """Let what a person says count in place of what was decided.

        Args:
            session_key: the session.
            student_id: a student with a row in its register.
            said: what counts.
            actor: who says so.
            reason: at most 500 characters; needed where present or absent was decided and something else is said.
            expected_version: of the correction as the person saw it, 0 for none.

        Returns:
            What stands now; the same said again by the same person changes nothing.

        Raises:
            CorrectionError: the named reason of a refusal; nothing was changed.
        """
        standing, is_new = self._correct(session_key, student_id, said, actor, reason, expected_version)
        if is_new:
            self._store.recount(session_key)
        return standing

    def call_roll(self, session_key: str, calls: Iterable[Call], actor: str) -> dict[str, CorrectionError]:
        """Say something of many students at once; who cannot be corrected does not keep the others from it.

        Args:
            session_key: the session.
            calls: what counts of each.
            actor: who says so.

        Returns:
            Why a student's row was left as it is, by student_id.
        """
        refused: dict[str, CorrectionError] = {}
        changed = False
        for call in calls:
            try:
                _, is_new = self._correct(session_key, call.student_id, call.said, actor, None, call.expected_version)
            except CorrectionError as error:
                refused[call.student_id] = error
            else:
                changed = changed or is_new
        if changed:
            self._store.recount(session_key)
        return refused

    def _correct(
        self, session_key: str, student_id: str, said: Said, actor: str, reason: str | None, expected_version: int
    ) -> tuple[Standing, bool]:
        """What stands after a correction, and whether it is new; counts are not made again."""
        check(said)
        why = checked_reason(reason)

        def new(decided: Status, old: Standing) -> Standing | None:
            if _says(old.correction, said, why, actor):
                return None
            refuse_other_version(old, expected_version)
            if decided is not Status.REVIEW and decided is not said.status and not why:
                raise ReasonNeededError(f"The register says {decided.value}. Give the reason why it is {said.status}.")
            correction = Correction(said.status, said.late, said.left_early, why, actor, self._time(), said.evidence)
            return Standing(old.version + 1, correction, (*old.before, old.correction)[-MAX_UNDO:], actor)

        return self._change(session_key, student_id, new, actor, "correct", why)

    def undo(
        self, session_key: str, student_id: str, actor: str, reason: str | None, expected_version: int
    ) -> Standing:
        """Go back to what stood before the last correction: the one before it, or what was decided.

        Args and errors are as in `correct`.

        Returns:
            What stands now.

        Raises:
            NothingToUndoError: there is no correction.
        """
        why = checked_reason(reason)

        def new(_: Status, old: Standing) -> Standing:
            refuse_other_version(old, expected_version)
            if old.correction is None or not old.before:
                raise NothingToUndoError("There is no correction that could be undone.")
            return Standing(old.version + 1, old.before[-1], old.before[:-1], actor)

        standing, _ = self._change(session_key, student_id, new, actor, "undo", why)
        self._store.recount(session_key)
        return standing

    def _change(
        self,
        session_key: str,
        student_id: str,
        new: Callable[[Status, Standing], Standing | None],
        actor: str,
        action: str,
        reason: str | None,
    ) -> tuple[Standing, bool]:
        """Write what `new` makes of the row and the correction that stands; what stands, and whether that is new."""
        for _ in range(TRIES):
            decided = self._store.decided(session_key, student_id)
            if decided is None:
                raise NotOnRegisterError("This student is not on the register of this session.")
            old = self._store.standing(session_key, student_id)
            standing = new(decided, old)
            if standing is None:
                return old, False
            at = self._time()
            if self._store.apply(Change(session_key, student_id, decided, old, standing, actor, at, action, reason)):
                return standing, True
        raise CorrectionConflictError("This row is being written over and over. Try again in a minute.", old)

    def _time(self) -> str:
        return self._now().isoformat(timespec="microseconds")


def check(said: Said) -> None:
    """Refuse what cannot be said of a student.

    Raises:
        InvalidCorrectionError: it cannot.
    """
    if said.status is Status.REVIEW:
        raise InvalidCorrectionError("A correction says present, absent or excused.")
    if said.status is not Status.PRESENT and (said.late or said.left_early):
        raise InvalidCorrectionError("Only who was present can have come late or left early.")
    if said.status is not Status.PRESENT and said.evidence:
        raise InvalidCorrectionError("Only who was present can be seen in a video.")


def checked_reason(reason: str | None) -> str | None:
    """The reason without blanks around it, None if nothing is left.

    Raises:
        InvalidCorrectionError: it is too long or holds control characters.
    """
    text = (reason or "").strip()
    if len(text) > MAX_REASON:
        raise InvalidCorrectionError(f"The reason has {len(text)} characters; at most {MAX_REASON} are kept.")
    if any(not character.isprintable() for character in text):
        raise InvalidCorrectionError("The reason holds line breaks or control characters. Write it in one line.")
    return text or None


def refuse_other_version(standing: Standing, expected: int) -> None:
    """Refuse a change of a correction that the person has not seen.

    Raises:
        CorrectionConflictError: another version stands.
    """
    if standing.version == expected:
        return
    stands = described(standing.correction) or "what was decided"
    who = standing.changed_by or "nobody"
    raise CorrectionConflictError(f"{who} changed this row meanwhile: {stands} stands now. Look at it again.", standing)


def described(correction: Correction | None) -> str | None:
    """A correction in words such as `present, late`."""
    if correction is None:
        return None
    flags = [name for name, is_so in (("late", correction.late), ("left early", correction.left_early)) if is_so]
    return ", ".join([correction.status.value, *flags])


def _says(correction: Correction | None, said: Said, reason: str | None, actor: str) -> bool:
    """Whether this very correction stands already, as after a form that was sent twice."""
    if correction is None:
        return False
    stands = Said(correction.status, correction.late, correction.left_early, correction.evidence)
    return (stands, correction.reason, correction.actor) == (said, reason, actor)
