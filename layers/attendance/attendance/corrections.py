"""What a person says of a student against what was decided: present, absent or excused, late, left early.

Corrections are kept apart from the decided rows, so no run can lose one. Whoever changes one names the version they
saw; if somebody else was faster, they are told who and what stands now. Each change is in the audit for ever.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from attendance.errors import RollcallError, UnprocessedItemsError
from attendance.model import Correction, Evidence, Row, Standing, Status
from attendance.register import in_effect

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
    """What a person says of one student; `expected_version` as in `Corrector.correct`."""

    student_id: str
    said: Said
    expected_version: int


@dataclass(frozen=True)
class Change:
    """A change of a student's correction, to be written if all is as it was seen.

    Attributes:
        decided: the status of the row as it was seen.
        old: what stood.
        new: what stands from now on; the same where what was said counts already.
        actor: who.
        at: when, an ISO 8601 time.
        action: what they did, such as `correct` or `undo`.
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

    @property
    def is_new(self) -> bool:
        """Whether it changes what stands."""
        return self.new != self.old


class Store(Protocol):
    """Where corrections are kept."""

    def decided(self, session_key: str, student_id: str) -> Row | None:
        """The row as it was decided, None where there is none."""

    def standing(self, session_key: str, student_id: str) -> Standing:
        """The correction as it is now."""

    def apply(self, change: Change) -> bool:
        """Write the change, its audit entry and that the session's counts are old; False if anything is not as seen."""

    def recount(self, session_key: str) -> None:
        """Count the session's rows again; until that is done whoever reads the session counts them."""


@dataclass(frozen=True)
class _Wish:
    """Who wants to change which row, and why; the fields are as in `Change`."""

    session_key: str
    student_id: str
    actor: str
    action: str
    reason: str | None


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
        change = self._correct(session_key, student_id, said, actor, reason, expected_version)
        if change.is_new:
            self._store.recount(session_key)
        return change.new

    def call_roll(self, session_key: str, calls: Iterable[Call], actor: str) -> dict[str, RollcallError]:
        """Say something of many students at once; who cannot be corrected does not keep the others from it.

        Args:
            session_key: the session.
            calls: what counts of each.
            actor: who says so.

        Returns:
            Why a student's row was left as it is, by student_id: a `CorrectionError`, or an `UnprocessedItemsError`
            of everybody from the moment on when the store was too busy.
        """
        refused: dict[str, RollcallError] = {}
        changed, too_busy = False, None
        for call in calls:
            if too_busy:
                refused[call.student_id] = too_busy
                continue
            try:
                change = self._correct(session_key, call.student_id, call.said, actor, None, call.expected_version)
            except UnprocessedItemsError as error:
                refused[call.student_id] = too_busy = error
            except CorrectionError as error:
                refused[call.student_id] = error
            else:
                changed = changed or change.is_new
        if changed:
            self._store.recount(session_key)
        return refused

    def settle(
        self, session_key: str, call: Call, actor: str, action: str, reason: str, keep: Callable[[Change], bool]
    ) -> None:
        """Let what a person says of a student count, together with something else that is kept, or neither.

        Args:
            session_key: the session.
            call: what counts; where it does already, nothing of the row is changed.
            actor: who says so.
            action: what they do, for the audit.
            reason: at most 500 characters.
            keep: writes the change with what belongs to it; False if anything was not as seen, then it is asked again.

        Raises:
            CorrectionError: the named reason of a refusal; nothing was changed. `keep` may raise errors of its own.
        """
        check(call.said)
        why = checked_reason(reason)

        def new(decided: Row, old: Standing) -> Standing:
            refuse_other_version(old, call.expected_version)
            (row,) = in_effect([decided], {decided.student_id: old})
            counts = Said(row.status, row.late, row.left_early, call.said.evidence)
            return old if counts == call.said else self._said(old, call.said, why, actor)

        if self._change(_Wish(session_key, call.student_id, actor, action, why), new, keep).is_new:
            self._store.recount(session_key)

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

        def new(_: Row, old: Standing) -> Standing:
            refuse_other_version(old, expected_version)
            if old.correction is None or not old.before:
                raise NothingToUndoError("There is no correction that could be undone.")
            return Standing(old.version + 1, old.before[-1], old.before[:-1], actor)

        change = self._change(_Wish(session_key, student_id, actor, "undo", why), new, self._store.apply)
        self._store.recount(session_key)
        return change.new

    def _correct(
        self, session_key: str, student_id: str, said: Said, actor: str, reason: str | None, expected_version: int
    ) -> Change:
        """The change that a correction makes; counts are not made again."""
        check(said)
        why = checked_reason(reason)

        def new(decided: Row, old: Standing) -> Standing:
            if _says(old.correction, said, why, actor):
                return old
            refuse_other_version(old, expected_version)
            if decided.status not in (Status.REVIEW, said.status) and not why:
                raise ReasonNeededError(
                    f"The register says {decided.status.value}. Give the reason why it is {said.status}."
                )
            return self._said(old, said, why, actor)

        def keep(change: Change) -> bool:
            return not change.is_new or self._store.apply(change)

        return self._change(_Wish(session_key, student_id, actor, "correct", why), new, keep)

    def _said(self, old: Standing, said: Said, reason: str | None, actor: str) -> Standing:
        """What stands after somebody said something."""
        correction = Correction(said.status, said.late, said.left_early, reason, actor, self._time(), said.evidence)
        return Standing(old.version + 1, correction, (*old.before, old.correction)[-MAX_UNDO:], actor)

    def _change(self, wish: _Wish, new: Callable[[Row, Standing], Standing], keep: Callable[[Change], bool]) -> Change:
        """Let `keep` write what `new` makes of the row and the correction that stands, until all is as it was seen."""
        for _ in range(TRIES):
            decided = self._store.decided(wish.session_key, wish.student_id)
            if decided is None:
                raise NotOnRegisterError("This student is not on the register of this session.")
            old = self._store.standing(wish.session_key, wish.student_id)
            change = Change(
                wish.session_key,
                wish.student_id,
                decided.status,
                old,
                new(decided, old),
                wish.actor,
                self._time(),
                wish.action,
                wish.reason,
            )
            if keep(change):
                return change
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
