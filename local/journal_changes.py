"""What a DynamoDB request changed, as after-images: the item as it then is, or that it is gone.

An after-image can be applied any number of times and ends in the same item, which `ADD`, `list_append` and conditions
do not; so it does not matter whether the snapshot a journal is replayed on already holds it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Item = Mapping[str, Any]
"""Attributes in DynamoDB's own JSON: `{"N": "1"}`."""


@dataclass(frozen=True)
class Put:
    """The item is now this one."""

    table: str
    item: Item


@dataclass(frozen=True)
class Delete:
    """There is no item of this key now."""

    table: str
    key: Item


@dataclass(frozen=True)
class Unknown:
    """Only the table knows what became of the item.

    Attributes:
        table: where it is.
        attributes: its key; or, when `whole`, all attributes it was written with, the key among them.
        whole: whether there is more than the key.
    """

    table: str
    attributes: Item
    whole: bool


@dataclass(frozen=True)
class Caller:
    """Whose tables: the emulated AWS keeps each account's and region's apart."""

    account: str
    region: str


_READS = ("Describe", "List", "Get", "Query", "Scan", "BatchGet", "TransactGet", "Search")
JOURNALED = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"})


def is_read(operation: str) -> bool:
    """Whether an operation of DynamoDB changes nothing."""
    return operation.startswith(_READS)


def touched(operation: str, request: Mapping[str, Any], answer: Mapping[str, Any]) -> list[Put | Delete | Unknown]:
    """What a request of a JOURNALED operation changed that was answered with success.

    A transaction's items are always read back: the answer to one that is sent again with its token is a success too,
    though nothing is written and others may have changed the items in between.
    """
    match operation:
        case "PutItem":
            return [Put(request["TableName"], request["Item"])]
        case "DeleteItem":
            return [Delete(request["TableName"], request["Key"])]
        case "UpdateItem":
            return [Unknown(request["TableName"], request["Key"], whole=False)]
        case "BatchWriteItem":
            return list(_batch(request["RequestItems"], answer.get("UnprocessedItems") or {}))
        case _:
            return list(_transaction(request["TransactItems"]))


def to_entry(caller: Caller, change: Put | Delete) -> list[Any]:
    """A change as the journal keeps it."""
    kind, attributes = ("put", change.item) if isinstance(change, Put) else ("delete", change.key)
    return [caller.account, caller.region, kind, change.table, attributes]


def from_entry(entry: Any) -> tuple[Caller, Put | Delete]:
    """A change as the journal kept it.

    Raises:
        ValueError: it is none.
    """
    account, region, kind, table, attributes = entry
    if kind not in ("put", "delete"):
        raise ValueError(f"No change is called {kind}.")
    return Caller(account, region), Put(table, attributes) if kind == "put" else Delete(table, attributes)


def _batch(requests: Mapping[str, Any], unprocessed: Mapping[str, Any]) -> Iterator[Put | Delete]:
    for table, writes in requests.items():
        for write in writes:
            if write in unprocessed.get(table, ()):
                continue
            if "PutRequest" in write:
                yield Put(table, write["PutRequest"]["Item"])
            else:
                yield Delete(table, write["DeleteRequest"]["Key"])


def _transaction(actions: Any) -> Iterator[Unknown]:
    for action in actions:
        for kind, write in action.items():
            if kind == "Put":
                yield Unknown(write["TableName"], write["Item"], whole=True)
            elif kind in ("Update", "Delete"):
                yield Unknown(write["TableName"], write["Key"], whole=False)
