"""DynamoDB's transactions, and the one way to repeat what another change of the same items only held up for a moment.

DynamoDB refuses a transaction while another is at work on one of its items, and a single write as well. Neither says
that anything is wrong, and boto3 repeats neither.
"""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from attendance.aws.repeating import TRIES, pause_after, repeat
from attendance.errors import UnprocessedItemsError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

ACTIONS = 100
"""Actions DynamoDB takes in one transaction."""

_REFUSED = "ConditionalCheckFailed"
_PASSING = frozenset({"None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
"""Reasons of a cancelled transaction that another try may not meet again."""
_FIRST_PAUSE = 0.05
"""Seconds; eight tries take 6 s at most, then the machine or a person has the patience."""


def transact(
    client: "DynamoDBClient", actions: Sequence[Any], pause: Callable[[float], None] = time.sleep
) -> frozenset[int]:
    """Do all of the actions or none.

    Args:
        client: takes the actions' values as they are.
        actions: at most 100 members of `TransactItems`.
        pause: waits some seconds between two tries.

    Returns:
        The numbers of the actions whose own condition does not hold; when there are any, nothing was done.

    Raises:
        UnprocessedItemsError: DynamoDB kept refusing; nothing was done.
    """
    for attempt in range(TRIES):
        try:
            client.transact_write_items(TransactItems=list(actions))
        except client.exceptions.TransactionCanceledException as error:
            reasons = [str(reason.get("Code")) for reason in error.response["CancellationReasons"]]
            if _REFUSED in reasons:
                return frozenset(number for number, code in enumerate(reasons) if code == _REFUSED)
            if not set(reasons) <= _PASSING:
                raise
        except client.exceptions.IdempotentParameterMismatchException:
            pass  # boto3 sent it again under the same token, and the emulated AWS took it for another one
        else:
            return frozenset()
        pause(pause_after(attempt, _FIRST_PAUSE))
    raise UnprocessedItemsError("The tables were too busy: nothing of this was kept. Try again in a minute.")


def repeat_conflicts(client: "DynamoDBClient") -> None:
    """Let a client repeat the write of a single item that a transaction on the same item holds up."""
    repeat(client, "dynamodb", frozenset({"TransactionConflictException"}), _FIRST_PAUSE)
