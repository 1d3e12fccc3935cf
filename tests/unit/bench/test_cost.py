"""The table of costs counts what the machine and the functions really do."""

import json
from collections import defaultdict
from typing import Any

import boto3
import pytest
from moto import mock_aws

from attendance.rollcall import wait_seconds
from bench import cost, machine
from bench.lecture import PER_PAGE, Lecture, Truth
from bench.lecture_hall import Played
from bench.step import Ran, Usage, size

SMALL = Lecture(roster=90, seen=9, unsure=2, seated=6, strangers=1, frames=300, frame_ms=500)


def ran(**changes: Any) -> Ran:
    """A run that asked nothing of AWS."""
    nothing: dict[str, Any] = {"answer": {}, "seconds": 0.0, "cpu": 0.0, "peak_mb": 60.0, "calls": {}, "items": {}}
    return Ran(**(nothing | {"stored": {}, "transacted": {}, "read": {}} | changes))


def played(**runs: Ran) -> Played:
    """A way through the machine on which the named functions did something."""
    steps = [machine.folder(state) for state in machine.path() if state in machine.tasks()]
    return Played((), {step: runs.get(step, ran()) for step in steps})


def test_the_replaced_design_writes_as_much_as_was_counted_in_it() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cost, "SEEN_SHARE", 0.5)
        assert cost.busy_waiting(60, 70).writes == 1_855


def test_the_replaced_design_never_finishes_a_long_lecture_and_pays_for_it() -> None:
    bill = cost.busy_waiting(50 * 60, 30)
    assert bill.writes == 0
    assert bill.gb_seconds == 900 * 128 / 1024


def test_transitions_are_the_states_that_are_entered() -> None:
    polls = cost.polls_of(60, 5)
    assert sum(wait_seconds(number, 5) for number in range(polls)) >= 60
    assert sum(wait_seconds(number, 5) for number in range(polls - 1)) < 60
    assert cost.bill(played(), 60).transitions == 10 + 3 * (polls - 1)
    assert cost.bill(played(), 60).invocations == 7 + polls


def test_a_poll_is_paid_as_often_as_the_search_is_asked_after() -> None:
    polls = cost.polls_of(60, 5)
    once = cost.bill(played(register_video=ran(seconds=1.0)), 60)
    often = cost.bill(played(get_face_search=ran(seconds=1.0)), 60)
    assert often.gb_seconds == pytest.approx(polls * once.gb_seconds)
    assert once.gb_seconds == pytest.approx(0.5)


def test_computing_takes_longer_at_lambdas_share_of_a_processor_and_waiting_does_not() -> None:
    assert cost.gb_seconds("register_video", ran(seconds=2.0, cpu=0.0)) == pytest.approx(1.0)
    assert cost.gb_seconds("register_video", ran(seconds=2.0, cpu=1.0)) == pytest.approx(0.5 * (1 + 1769 / 512))


def test_an_index_is_written_once_more_and_a_transaction_twice() -> None:
    assert cost.written(ran(stored={"rollcall-courses": 3})) == 3
    assert cost.written(ran(stored={"rollcall-attendance": 3})) == 6
    assert cost.written(ran(stored={"rollcall-attendance": 3}, transacted={"rollcall-attendance": 3})) == 9


def test_a_bill_is_the_sum_of_its_parts() -> None:
    parts = cost.Bill(1_000, 1_000_000, 60_000, 1_000_000, 1_000_000, 1_000, 1_000)
    assert parts.dollars == pytest.approx(0.025 + 0.20 + 1.000002 + 0.625 + 0.125 + 0.005 + 0.0004)


def test_a_row_tells_rekognitions_price_apart() -> None:
    row = cost.row(50, 30, cost.Bill(50, 20, 10.0, 100, 10, 2, 4))
    assert row["$ Rekognition"] == pytest.approx(5.0)
    assert row["$"] < 0.01
    assert row["before: finishes"] == "never"


def test_items_are_measured_as_dynamodb_counts_them() -> None:
    assert size({"id": {"S": "abc"}, "n": {"N": "12.5"}}) == 2 + 3 + 1 + 4
    assert size({"é": {"S": "é"}}) == 4
    assert size({"m": {"M": {"a": {"BOOL": True}}}, "l": {"L": [{"NULL": True}]}}) == 1 + 3 + 3 + 1 + 3 + 2
    assert size({"s": {"SS": ["ab", "c"]}}) == 1 + 3


def test_calls_items_and_units_are_counted() -> None:
    usage, session = Usage(), boto3.Session()
    usage.listen(session)
    with mock_aws():
        dynamodb = session.client("dynamodb")
        dynamodb.create_table(
            TableName="rollcall-rows",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        puts: Any = [
            {"PutRequest": {"Item": {"id": {"S": str(number)}, "x": {"S": "x" * 1500}}}} for number in range(3)
        ]
        dynamodb.batch_write_item(RequestItems={"rollcall-rows": puts})
        item: Any = {"id": {"S": "9"}}
        dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": "rollcall-rows", "Item": item}}])
        dynamodb.get_item(TableName="rollcall-rows", Key={"id": {"S": "none"}})
        dynamodb.scan(TableName="rollcall-rows")
    assert usage.calls["dynamodb.BatchWriteItem"] == usage.calls["dynamodb.TransactWriteItems"] == 1
    assert usage.items == {"dynamodb.BatchWriteItem": 3, "dynamodb.TransactWriteItems": 1}
    assert (usage.stored["rollcall-rows"], usage.transacted["rollcall-rows"]) == (7, 1)
    assert usage.read == {"GetItem": 1}


def test_the_pages_of_a_lecture_say_what_is_true_of_it() -> None:
    seen: dict[str, list[tuple[int, float]]] = defaultdict(list)
    token: str | None = "0"
    detections = 0
    while token:
        page = json.loads(SMALL.page(int(token)))
        assert len(page["Persons"]) <= PER_PAGE
        detections += len(page["Persons"])
        for found in page["Persons"]:
            for match in found["FaceMatches"]:
                seen[match["Face"]["ExternalImageId"]].append((found["Timestamp"], match["Similarity"]))
        token = page.get("NextToken")
    assert detections == SMALL.detections == 2_100
    assert {one: told(moments) for one, moments in seen.items()} == {
        SMALL.student_id(number): SMALL.truth(number) for number in range(SMALL.seen)
    }


def told(moments: list[tuple[int, float]]) -> Truth:
    """What can be read from the moments in which a student was seen."""
    similarity, best = max((similarity, -at) for at, similarity in moments)
    times = [at for at, _ in moments]
    return Truth("present" if similarity >= 99 else "review", similarity, len(moments), min(times), max(times), -best)


def test_the_machine_is_followed_from_task_to_task() -> None:
    visits = list(machine.follow(lambda step, given: {"step": step, "took": sorted(given)}, {"detail": 1}))
    assert [visit.state for visit in visits] == [name for name in machine.path() if name in machine.tasks()]
    assert visits[0].given == {"event": {"detail": 1}, "execution_arn": machine.EXECUTION}
    assert list(visits[0].after) == ["video"]
    assert visits[-1].after["session"] == {"step": "close_session", "took": sorted(visits[-1].given)}
    assert machine.poll() == ["Wait for face search", "Get face search", "Face search finished?"]
