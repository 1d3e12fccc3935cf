"""What people may say of a student against what was decided, and what they may not."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.corrections import (
    MAX_UNDO,
    Call,
    Change,
    CorrectionConflictError,
    Corrector,
    InvalidCorrectionError,
    NothingToUndoError,
    NotOnRegisterError,
    ReasonNeededError,
    Said,
)
from attendance.model import Status
from tests.builders import sighting
from tests.fakes import FakeCorrectionStore, World

SESSION = "cs101#2026-11-20"
PRESENT, ABSENT, EXCUSED = (Said(status) for status in (Status.PRESENT, Status.ABSENT, Status.EXCUSED))
DECIDED = {"ada": "present", "eve": "review", "joe": "absent"}


def ticking() -> Iterator[datetime]:
    moment = datetime(2026, 11, 20, 12, tzinfo=UTC)
    while True:
        moment += timedelta(seconds=1)
        yield moment


@pytest.fixture
def world() -> World:
    made = World()
    made.sessions.items["cs101", "2026-11-20"] = {"videos": {}, "status": "complete"}
    for student_id, status in DECIDED.items():
        row = {"session_key": SESSION, "student_id": student_id, "student_name": "N", "status": status}
        made.attendance.rows[SESSION, student_id] = row
    return made


@pytest.fixture
def corrector(world: World) -> Corrector:
    clock = ticking()
    return Corrector(world.store, lambda: next(clock))


def statuses(world: World) -> dict[str, str]:
    return {row.student_id: row.status.value for row in world.register(SESSION)}


@pytest.mark.parametrize("said", [PRESENT, ABSENT, EXCUSED])
def test_settling_a_review_needs_no_reason(world: World, corrector: Corrector, said: Said) -> None:
    standing = corrector.correct(SESSION, "eve", said, "ann", None, 0)
    assert (standing.version, standing.changed_by) == (1, "ann")
    assert statuses(world) == {**DECIDED, "eve": said.status.value}


@pytest.mark.parametrize(("student", "said"), [("ada", ABSENT), ("ada", EXCUSED), ("joe", PRESENT), ("joe", EXCUSED)])
@pytest.mark.parametrize("reason", [None, "", "  "])
def test_overturning_what_was_decided_needs_a_reason(
    world: World, corrector: Corrector, student: str, said: Said, reason: str | None
) -> None:
    with pytest.raises(ReasonNeededError, match=DECIDED[student]):
        corrector.correct(SESSION, student, said, "ann", reason, 0)
    assert statuses(world) == DECIDED
    corrector.correct(SESSION, student, said, "ann", " It was her twin. ", 0)
    (row,) = [row for row in world.register(SESSION) if row.student_id == student]
    assert (row.status, row.decided) == (said.status, DECIDED[student])
    assert row.correction is not None
    assert row.correction.reason == "It was her twin."


def test_confirming_what_was_decided_needs_no_reason_also_with_late(world: World, corrector: Corrector) -> None:
    corrector.correct(SESSION, "ada", Said(Status.PRESENT, late=True), "ann", None, 0)
    assert [row.late for row in world.register(SESSION) if row.student_id == "ada"] == [True]


@pytest.mark.parametrize(
    "said",
    [
        Said(Status.REVIEW),
        Said(Status.ABSENT, late=True),
        Said(Status.EXCUSED, left_early=True),
    ],
)
def test_what_makes_no_sense_cannot_be_said(world: World, corrector: Corrector, said: Said) -> None:
    with pytest.raises(InvalidCorrectionError):
        corrector.correct(SESSION, "eve", said, "ann", "why", 0)
    assert world.corrections.standings == {}


@pytest.mark.parametrize(
    ("reason", "problem"), [("x" * 501, "501 characters"), ("a\nb", "one line"), ("\0", "one line")]
)
def test_a_reason_is_one_line_of_at_most_500_characters(corrector: Corrector, reason: str, problem: str) -> None:
    with pytest.raises(InvalidCorrectionError, match=problem):
        corrector.correct(SESSION, "eve", PRESENT, "ann", reason, 0)
    corrector.correct(SESSION, "eve", PRESENT, "ann", "é" * 500, 0)


def test_only_somebody_on_the_sessions_register_can_be_corrected(world: World, corrector: Corrector) -> None:
    for session, student in ((SESSION, "eva"), ("cs101#2026-11-21", "ada"), ("", "")):
        with pytest.raises(NotOnRegisterError):
            corrector.correct(session, student, PRESENT, "ann", "why", 0)
        with pytest.raises(NotOnRegisterError):
            corrector.undo(session, student, "ann", None, 0)
    assert world.store.audit == []


def test_who_has_not_seen_the_others_correction_is_told_who_said_what(corrector: Corrector) -> None:
    corrector.correct(SESSION, "eve", Said(Status.PRESENT, late=True), "ann", None, 0)
    with pytest.raises(CorrectionConflictError, match="ann changed this row meanwhile: present, late stands") as told:
        corrector.correct(SESSION, "eve", ABSENT, "bob", None, 0)
    assert told.value.standing.version == 1
    assert corrector.correct(SESSION, "eve", ABSENT, "bob", None, 1).version == 2


def test_an_undone_correction_is_a_conflict_too_and_names_who_undid_it(corrector: Corrector) -> None:
    corrector.correct(SESSION, "eve", PRESENT, "ann", None, 0)
    corrector.undo(SESSION, "eve", "bob", None, 1)
    with pytest.raises(CorrectionConflictError, match="bob changed this row meanwhile: what was decided stands"):
        corrector.correct(SESSION, "eve", ABSENT, "cid", None, 1)


def test_the_same_form_sent_twice_is_one_correction(world: World, corrector: Corrector) -> None:
    first = corrector.correct(SESSION, "eve", PRESENT, "ann", "seen", 0)
    assert corrector.correct(SESSION, "eve", PRESENT, "ann", "seen", 0) == first
    assert len(world.store.audit) == 1


def test_undo_goes_back_step_by_step_to_what_was_decided(world: World, corrector: Corrector) -> None:
    corrector.correct(SESSION, "eve", PRESENT, "ann", None, 0)
    corrector.correct(SESSION, "eve", EXCUSED, "bob", "ill", 1)
    assert corrector.undo(SESSION, "eve", "cid", "not ill", 2).version == 3
    assert statuses(world)["eve"] == "present"
    assert corrector.undo(SESSION, "eve", "cid", None, 3).version == 4
    assert statuses(world) == DECIDED
    with pytest.raises(NothingToUndoError):
        corrector.undo(SESSION, "eve", "cid", None, 4)
    assert corrector.correct(SESSION, "eve", ABSENT, "ann", None, 4).version == 5


def test_every_change_is_in_the_history_with_who_old_new_and_why(world: World, corrector: Corrector) -> None:
    corrector.correct(SESSION, "ada", ABSENT, "ann", "twin", 0)
    corrector.correct(SESSION, "ada", EXCUSED, "bob", "ill", 1)
    corrector.undo(SESSION, "ada", "cid", "was there", 2)
    told = [(c.action, c.actor, c.old.version, c.new.version, c.reason) for c in world.store.audit]
    assert told == [
        ("correct", "ann", 0, 1, "twin"),
        ("correct", "bob", 1, 2, "ill"),
        ("undo", "cid", 2, 3, "was there"),
    ]
    times = [change.at for change in world.store.audit]
    assert times == sorted(set(times))


def test_more_changes_than_can_be_undone_lose_the_oldest_only(world: World, corrector: Corrector) -> None:
    for version in range(MAX_UNDO + 5):
        corrector.correct(SESSION, "eve", PRESENT if version % 2 else ABSENT, "ann", f"change {version}", version)
    version = MAX_UNDO + 5
    for _ in range(MAX_UNDO):
        version = corrector.undo(SESSION, "eve", "ann", None, version).version
    with pytest.raises(NothingToUndoError):
        corrector.undo(SESSION, "eve", "ann", None, version)
    assert len(world.store.audit) == 2 * MAX_UNDO + 5


def test_a_row_that_is_decided_anew_while_it_is_corrected_is_looked_at_again(
    world: World, corrector: Corrector, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = world.store.standing

    def look_and_decide_anew(session_key: str, student_id: str) -> object:
        row = world.attendance.rows[SESSION, "eve"]
        world.attendance.rows[SESSION, "eve"] = {**row, "status": "present"}
        return look(session_key, student_id)

    monkeypatch.setattr(world.store, "standing", look_and_decide_anew)
    with pytest.raises(ReasonNeededError, match="present"):
        corrector.correct(SESSION, "eve", ABSENT, "ann", None, 0)
    assert corrector.correct(SESSION, "eve", ABSENT, "ann", "why", 0).version == 1


def test_a_row_that_changes_every_time_ends_in_an_error(
    world: World, corrector: Corrector, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Change] = []
    monkeypatch.setattr(world.store, "apply", lambda change: tried.append(change))
    with pytest.raises(CorrectionConflictError, match="Try again"):
        corrector.correct(SESSION, "eve", ABSENT, "ann", None, 0)
    assert len(tried) == 5


def test_the_sessions_counts_follow(world: World, corrector: Corrector) -> None:
    corrector.correct(SESSION, "eve", EXCUSED, "ann", "ill", 0)
    item = world.sessions.items["cs101", "2026-11-20"]
    assert item["counts"] == {"review": 0, "present": 1, "absent": 1, "excused": 1}
    assert item["counted"] == item["corrected"] == 1


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["correct", "undo"]),
        st.sampled_from([PRESENT, ABSENT, EXCUSED, Said(Status.PRESENT, late=True)]),
        st.sampled_from(["ann", "bob"]),
        st.integers(-1, 1),
    ),
    max_size=15,
)


@given(ACTS)
def test_any_order_of_corrections_and_undos_follows_a_plain_stack(acts: list[tuple[str, Said, str, int]]) -> None:
    world = World()
    world.sessions.items["c", "d"] = {"videos": {}, "status": "processing"}
    world.attendance.rows["c#d", "ada"] = {"student_id": "ada", "status": "review"}
    clock = ticking()
    corrector = Corrector(FakeCorrectionStore(world), lambda: next(clock))
    stack: list[tuple[Said, str]] = []
    version = 0
    for action, said, actor, off in acts:
        repeated = action == "correct" and stack[-1:] == [(said, actor)]
        is_refused = (off != 0 and not repeated) or (action == "undo" and not stack)
        try:
            if action == "correct":
                corrector.correct("c#d", "ada", said, actor, None, version + off)
            else:
                corrector.undo("c#d", "ada", actor, None, version + off)
        except (CorrectionConflictError, NothingToUndoError):
            assert is_refused
            continue
        assert not is_refused
        if repeated:
            continue
        version += 1
        if action == "correct":
            stack.append((said, actor))
        else:
            stack.pop()
        standing = world.corrections.standings["c#d", "ada"]
        correction = standing.correction
        assert standing.version == version
        assert (correction and (Said(correction.status, correction.late), correction.actor)) == (
            stack[-1] if stack else None
        )


def test_the_moment_somebody_pointed_to_is_the_rows_evidence_until_it_is_undone(
    world: World, corrector: Corrector
) -> None:
    moment = sighting("joe").evidence
    said = Said(Status.PRESENT, evidence=moment)
    corrector.correct(SESSION, "joe", said, "ann", "That is him.", 0)
    corrector.correct(SESSION, "joe", said, "ann", "That is him.", 0)
    (row,) = [row for row in world.register(SESSION) if row.student_id == "joe"]
    assert (row.status, row.evidence, row.version) == (Status.PRESENT, moment, 1)
    corrector.undo(SESSION, "joe", "ann", None, 1)
    (row,) = [row for row in world.register(SESSION) if row.student_id == "joe"]
    assert (row.status, row.evidence) == (Status.ABSENT, None)


def test_who_is_not_present_cannot_be_seen_in_a_video(corrector: Corrector) -> None:
    with pytest.raises(InvalidCorrectionError, match="seen in a video"):
        corrector.correct(SESSION, "eve", Said(Status.ABSENT, evidence=sighting("eve").evidence), "ann", None, 0)


def test_calling_the_roll_says_who_was_refused_and_keeps_the_others(world: World, corrector: Corrector) -> None:
    corrector.correct(SESSION, "ada", PRESENT, "bob", None, 0)
    calls = [Call("ada", PRESENT, 0), Call("eve", PRESENT, 0), Call("nobody", PRESENT, 0)]
    refused = corrector.call_roll(SESSION, calls, "ann")
    assert {student: type(error) for student, error in refused.items()} == {
        "ada": CorrectionConflictError,
        "nobody": NotOnRegisterError,
    }
    assert statuses(world) == {**DECIDED, "eve": "present"}
    assert corrector.call_roll(SESSION, [], "ann") == {}


@pytest.mark.parametrize(
    ("student", "said", "is_new"),
    [
        ("joe", PRESENT, True),
        ("joe", ABSENT, False),
        ("ada", PRESENT, False),
        ("ada", Said(Status.PRESENT, late=True), True),
        ("eve", PRESENT, True),
    ],
)
def test_settling_with_something_else_changes_the_row_only_where_that_does_not_count_yet(
    world: World, corrector: Corrector, student: str, said: Said, is_new: bool
) -> None:
    kept: list[Change] = []

    def keep(change: Change) -> bool:
        kept.append(change)
        return not change.is_new or world.store.apply(change)

    corrector.settle(SESSION, Call(student, said, 0), "ann", "note accepted", "Note accepted.", keep)
    (change,) = kept
    assert (change.is_new, change.action, change.reason) == (is_new, "note accepted", "Note accepted.")
    assert world.corrections.standings.get((SESSION, student)) == (change.new if is_new else None)
    assert statuses(world)[student] == said.status


def test_settling_looks_again_until_what_belongs_to_it_is_kept(world: World, corrector: Corrector) -> None:
    seen: list[Status] = []

    def keep(change: Change) -> bool:
        seen.append(change.decided)
        row = world.attendance.rows[SESSION, "eve"]
        world.attendance.rows[SESSION, "eve"] = {**row, "status": "absent"}
        return world.store.apply(change)

    corrector.settle(SESSION, Call("eve", PRESENT, 0), "ann", "note accepted", "why", keep)
    assert seen == ["review", "absent"]
    assert statuses(world)["eve"] == "present"


def test_what_cannot_be_kept_is_given_up_and_the_row_stays(world: World, corrector: Corrector) -> None:
    with pytest.raises(CorrectionConflictError, match="Try again"):
        corrector.settle(SESSION, Call("eve", PRESENT, 0), "ann", "note accepted", "why", lambda _: False)
    with pytest.raises(CorrectionConflictError, match="meanwhile"):
        corrector.settle(SESSION, Call("eve", PRESENT, 1), "ann", "note accepted", "why", world.store.apply)
    with pytest.raises(NotOnRegisterError):
        corrector.settle(SESSION, Call("eva", PRESENT, 0), "ann", "note accepted", "why", world.store.apply)
    assert statuses(world) == DECIDED
