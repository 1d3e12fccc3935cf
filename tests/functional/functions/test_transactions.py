"""What DynamoDB only holds up for a moment is done again; what it refuses is told, and never half done."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from attendance.aws import clients
from attendance.aws.people import table_client
from attendance.aws.repeating import TRIES
from attendance.aws.transactions import transact
from attendance.errors import UnprocessedItemsError
from tests.functional.functions.answers import answer, answering

ITEM: Any = {"course_id": "cs101", "course_name": "Computing"}
PUT: Any = {"Put": {"TableName": "rollcall-courses", "Item": ITEM}}
NOT_THERE: Any = {
    "ConditionCheck": {
        "TableName": "rollcall-courses",
        "Key": {"course_id": "ma101"},
        "ConditionExpression": "attribute_exists(course_id)",
    }
}
CANCELLED = "TransactionCanceledException"
CONFLICT = "TransactionConflictException"


@contextmanager
def refusing(client: Any, code: str, times: int, more: dict[str, Any] | None = None) -> Iterator[list[str]]:
    """Let DynamoDB refuse a client's next requests with an error; the operations that were asked for.

    moto does all the same what is refused, so that only these operations tell what a client did.
    """
    asked: list[str] = []
    body = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "Message": "no", **(more or {})})

    def give(request: Any) -> AWSResponse | None:
        asked.append(request.headers["X-Amz-Target"].decode().rpartition(".")[2])
        return answer(400, body.encode()) if len(asked) <= times else None

    with answering(client, "dynamodb", give):
        yield asked


def stored(client: Any) -> Any:
    return client.get_item(TableName="rollcall-courses", Key={"course_id": "cs101"}).get("Item")


def cancelled_for(*codes: str) -> dict[str, Any]:
    return {"CancellationReasons": [{"Code": code} for code in codes]}


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_that_met_others_or_a_busy_service_is_tried_again_after_growing_pauses(
    aws: None, code: str
) -> None:
    client, pauses = table_client(), list[float]()
    with refusing(client, CANCELLED, 3, cancelled_for("None", code)):
        assert transact(client, [PUT], pauses.append) == frozenset()
    assert len(pauses) == 3
    assert all(0 <= pause <= 0.05 * 2**attempt for attempt, pause in enumerate(pauses))


def test_a_request_that_is_taken_for_another_one_is_sent_anew(aws: None) -> None:
    client = table_client()
    with refusing(client, "IdempotentParameterMismatchException", 1) as asked:
        assert transact(client, [PUT], lambda _: None) == frozenset()
    assert asked == ["TransactWriteItems"] * 2


def test_who_is_refused_for_ever_is_told_to_try_later(aws: None) -> None:
    client = table_client()
    refused = refusing(client, CANCELLED, 1000, cancelled_for("ThrottlingError"))
    with refused as asked, pytest.raises(UnprocessedItemsError, match="Try again in a minute"):
        transact(client, [PUT], lambda _: None)
    assert len(asked) == TRIES


def test_a_transaction_that_can_never_succeed_is_not_tried_again(aws: None) -> None:
    client = table_client()
    refused = refusing(client, CANCELLED, 1000, cancelled_for("ValidationError", "TransactionConflict"))
    with refused as asked, pytest.raises(ClientError, match=CANCELLED):
        transact(client, [PUT], lambda _: None)
    assert len(asked) == 1


def test_conditions_that_do_not_hold_are_told_by_number_and_nothing_is_done(aws: None) -> None:
    client = table_client()
    assert transact(client, [PUT, NOT_THERE]) == {1}
    assert stored(client) is None


@pytest.mark.parametrize("made", [table_client, lambda: clients.dynamodb().meta.client])
def test_a_single_write_that_a_transaction_holds_up_is_done_a_moment_later(
    aws: None, monkeypatch: pytest.MonkeyPatch, made: Callable[[], Any]
) -> None:
    client, pauses = made(), list[float]()
    monkeypatch.setattr("botocore.endpoint.time.sleep", pauses.append)
    with refusing(client, CONFLICT, 3) as asked:
        client.put_item(TableName="rollcall-courses", Item=ITEM)
    assert asked == ["PutItem"] * 4
    assert all(0 <= pause <= 0.05 * 2**attempt for attempt, pause in enumerate(pauses))


def test_a_single_write_is_not_tried_for_ever(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    client = table_client()
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    with refusing(client, CONFLICT, 1000) as asked, pytest.raises(client.exceptions.TransactionConflictException):
        client.put_item(TableName="rollcall-courses", Item=ITEM)
    assert len(asked) == TRIES
