"""Corrections on real tables: the optimistic lock, the audit in the same transaction, and counts that never lie."""

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from boto3.dynamodb.conditions import Key

from attendance.aws import clients, compose
from attendance.aws.corrections import DynamoCorrectionStore
from attendance.corrections import (
    Change,
    CorrectionConflictError,
    CorrectionError,
    Corrector,
    NotOnRegisterError,
    ReasonNeededError,
    Said,
)
from attendance.model import Correction, Standing, Status
from attendance.ports import Services
from attendance.register import RegisterReader
from tests.builders import SETTINGS, detection, event, page
from tests.fakes import World
from tests.functional.functions.conftest import run_with, step_on
from tests.functional.functions.moto_tables import enrol, table

SESSION = "cs101#2026-11-20"
KEY = {"course_id": "cs101", "session_id": "2026-11-20"}


@pytest.fixture
def run(aws_services: Services, world: World, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the machine's steps on a video in which ada is present, eve to be reviewed and joe absent."""
    enrol("cs101", "ada", "eve", "joe")
    world.faces.results[event()["detail"]["object"]["key"]] = [
        page(detection(0, 0, {"ada": 99.5}), detection(0, 1, {"eve": 95.0}))
    ]
    whole = run_with(step_on(aws_services, monkeypatch))
    whole(event())
    return whole


@pytest.fixture
def store(run: Any) -> DynamoCorrectionStore:
    client = clients.dynamodb().meta.client
    return DynamoCorrectionStore(client, SETTINGS, compose.reader(SETTINGS, client))


@pytest.fixture
def corrector(run: Any) -> Corrector:
    return compose.corrector(SETTINGS)


@pytest.fixture
def reader(run: Any) -> RegisterReader:
    return compose.reader(SETTINGS)


def statuses(reader: RegisterReader) -> dict[str, str]:
    return {row.student_id: row.status.value for row in reader.rows(SESSION)}


def counts(reader: RegisterReader) -> dict[str, int]:
    session = reader.session("cs101", "2026-11-20")
    assert session is not None
    return dict(session.counts)


def test_a_correction_counts_and_every_rerun_leaves_it(corrector: Corrector, reader: RegisterReader, run: Any) -> None:
    corrector.correct(SESSION, "ada", Said(Status.ABSENT), "ann", "It was her twin.", 0)
    corrector.correct(SESSION, "eve", Said(Status.PRESENT, late=True), "ann", None, 0)
    before = table("rollcall-corrections").scan()["Items"]
    for _ in range(2):
        run(event())
    assert statuses(reader) == {"ada": "absent", "eve": "present", "joe": "absent"}
    ada, eve, joe = reader.rows(SESSION)
    assert (ada.decided, ada.version, ada.similarity) == ("present", 1, 99.5)
    assert (eve.late, joe.correction, joe.version) == (True, None, 0)
    assert table("rollcall-corrections").scan()["Items"] == before
    assert counts(reader) == {"review": 0, "present": 1, "absent": 2}


def test_undo_brings_back_what_was_decided_and_the_version_goes_on(
    corrector: Corrector, reader: RegisterReader
) -> None:
    corrector.correct(SESSION, "ada", Said(Status.EXCUSED), "ann", "ill", 0)
    corrector.undo(SESSION, "ada", "bob", None, 1)
    ada = reader.rows(SESSION)[0]
    assert (ada.status, ada.correction, ada.version) == ("present", None, 2)
    assert corrector.correct(SESSION, "ada", Said(Status.ABSENT), "ann", "left", 2).version == 3


def test_the_audit_has_every_change_with_old_new_who_and_why(corrector: Corrector) -> None:
    corrector.correct(SESSION, "ada", Said(Status.PRESENT, late=True), "ann", None, 0)
    corrector.correct(SESSION, "ada", Said(Status.EXCUSED), "bob", "ill", 1)
    corrector.undo(SESSION, "ada", "cid", "not ill", 2)
    entries = table("rollcall-audit").query(KeyConditionExpression=Key("subject").eq(f"attendance#{SESSION}#ada"))[
        "Items"
    ]
    assert [(e["actor"], e["action"], e["old"], e["new"], e["reason"]) for e in entries] == [
        ("ann", "correct", "present (decided)", "present, late", None),
        ("bob", "correct", "present, late", "excused", "ill"),
        ("cid", "undo", "excused", "present, late", "not ill"),
    ]


def test_a_refused_correction_leaves_no_trace(corrector: Corrector) -> None:
    corrector.correct(SESSION, "eve", Said(Status.PRESENT), "ann", None, 0)
    before = [table(f"rollcall-{name}").scan()["Items"] for name in ("corrections", "audit", "sessions")]
    refused: list[tuple[str, Said, str | None, int, type[CorrectionError]]] = [
        ("eve", Said(Status.ABSENT), None, 0, CorrectionConflictError),
        ("ada", Said(Status.ABSENT), None, 0, ReasonNeededError),
        ("eva", Said(Status.ABSENT), "why", 0, NotOnRegisterError),
    ]
    for student, said, reason, version, error in refused:
        with pytest.raises(error):
            corrector.correct(SESSION, student, said, "bob", reason, version)
    assert [table(f"rollcall-{name}").scan()["Items"] for name in ("corrections", "audit", "sessions")] == before


def change(**more: Any) -> Change:
    said = Correction(Status.PRESENT, False, False, None, "ann", "2026-11-20T12:00:00.000001+00:00")
    given: dict[str, Any] = {
        "session_key": SESSION,
        "student_id": "eve",
        "decided": Status.REVIEW,
        "old": Standing(),
        "new": Standing(1, said, (None,), "ann"),
        "actor": "ann",
        "at": said.at,
        "action": "correct",
        "reason": None,
    }
    return Change(**given | more)


def test_a_change_of_what_is_not_as_it_was_seen_is_not_applied(store: DynamoCorrectionStore) -> None:
    assert not store.apply(change(decided=Status.ABSENT))
    assert not store.apply(change(student_id="eva"))
    assert not store.apply(change(old=Standing(3)))
    assert table("rollcall-audit").scan()["Items"] == []
    assert store.apply(change())
    assert not store.apply(change(at="2026-11-20T12:00:00.000002+00:00"))
    assert len(table("rollcall-audit").scan()["Items"]) == 1


def test_an_audit_entry_of_the_same_microsecond_is_never_replaced(store: DynamoCorrectionStore) -> None:
    assert store.apply(change())
    later = change(old=store.standing(SESSION, "eve"), new=Standing(2, None, (), "bob"), actor="bob", action="undo")
    assert not store.apply(later)
    assert [entry["actor"] for entry in table("rollcall-audit").scan()["Items"]] == ["ann"]


def test_what_was_stored_reads_back_as_it_was(store: DynamoCorrectionStore) -> None:
    said = Correction(Status.EXCUSED, False, False, "ill, é", "ann", "2026-11-20T12:00:00.000001+00:00")
    new = Standing(1, said, (None, said), "ann")
    assert store.apply(change(new=new))
    assert store.standing(SESSION, "eve") == new
    assert store.standing(SESSION, "joe") == Standing()


def test_counts_are_right_even_when_nobody_counted_again(
    corrector: Corrector, reader: RegisterReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DynamoCorrectionStore, "recount", lambda *_: None)
    corrector.correct(SESSION, "joe", Said(Status.EXCUSED), "ann", "ill", 0)
    expected = {"review": 1, "present": 1, "absent": 0, "excused": 1}
    assert counts(reader) == expected
    assert [dict(session.counts) for session in reader.sessions("cs101", 10).items] == [expected]
    assert [dict(session.counts) for session in reader.sessions_on("2026-11-20")] == [expected]
    assert table("rollcall-sessions").get_item(Key=KEY)["Item"]["counts"]["absent"] == 1


def test_counting_again_leaves_a_session_alone_that_is_being_written(
    store: DynamoCorrectionStore, corrector: Corrector
) -> None:
    table("rollcall-sessions").update_item(
        Key=KEY,
        UpdateExpression="SET #s = :p",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":p": "processing"},
    )
    corrector.correct(SESSION, "joe", Said(Status.EXCUSED), "ann", "ill", 0)
    item = table("rollcall-sessions").get_item(Key=KEY)["Item"]
    assert (item["corrected"], item.get("counted"), item["counts"]["absent"]) == (1, 0, 1)


def test_two_people_at_once_leave_one_correction_and_one_is_told(run: Any) -> None:
    lock, told, done = threading.Lock(), [], []
    client = clients.dynamodb().meta.client
    transact = client.transact_write_items

    def one_at_a_time(**request: Any) -> Any:  # as DynamoDB's transactions are and moto's are not
        with lock:
            return transact(**request)

    client.transact_write_items = one_at_a_time  # type: ignore[method-assign]
    store = DynamoCorrectionStore(client, SETTINGS, compose.reader(SETTINGS, client))
    corrector = Corrector(store, lambda: datetime.now(UTC))

    def say(actor: str, status: Status) -> None:
        try:
            done.append(corrector.correct(SESSION, "eve", Said(status), actor, None, 0))
        except CorrectionConflictError as conflict:
            told.append(str(conflict))

    people = [threading.Thread(target=say, args=given) for given in (("ann", Status.PRESENT), ("bob", Status.ABSENT))]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert (len(done), len(told)) == (1, 1)
    assert done[0].changed_by in told[0]
    assert len(table("rollcall-audit").scan()["Items"]) == 1


def test_a_correction_of_who_is_not_enrolled_any_more_can_be_undone(run: Any, corrector: Corrector) -> None:
    for student in ("ada", "eve"):
        corrector.correct(SESSION, student, Said(Status.EXCUSED), "ann", "ill", 0)
    rosters = table("rollcall-rosters")
    rosters.delete_item(Key={"course_id": "cs101", "student_id": "ada"})
    rosters.put_item(Item={"course_id": "cs101", "student_id": "eve", "enrolled_from": "2026-11-21"})
    run(event())
    for student, decided in (("ada", "present"), ("eve", "review")):
        corrector.undo(SESSION, student, "ann", None, 1)
        (row,) = [row for row in compose.reader(SETTINGS).rows(SESSION) if row.student_id == student]
        assert row.status.value == decided
    run(event())
    assert {row.student_id: row.status.value for row in compose.reader(SETTINGS).rows(SESSION)} == {
        "ada": "present",  # off the roster: the row stays as it was
        "joe": "absent",  # of eve the roster says that she was not enrolled yet
    }
    with pytest.raises(NotOnRegisterError, match="not on the register"):
        corrector.undo(SESSION, "eve", "ann", None, 2)
