"""Counts within windows of time that all instances of a program share, in a table of their own.

A window begins with its first count and ends some seconds later; DynamoDB erases its item some time after that. Whom
a count is of cannot be read from the table: a hash names it.
"""

import math
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_CONFIG = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})
"""A request waits for its count, and has another way when there is none."""
_RUNS = "attribute_not_exists(ends_at) OR ends_at > :now"


@dataclass(frozen=True)
class Count:
    """How often something was counted in the window that runs; `ends_at` is when that ends, in Unix seconds."""

    number: int
    ends_at: float


class DynamoCounters:
    """The table of counts."""

    def __init__(self, table: str) -> None:
        self._client: DynamoDBClient = boto3.resource("dynamodb", config=_CONFIG).meta.client
        self._table = table

    def add(self, name: str, seconds: int, amount: int = 1) -> int:
        """Count something, in a new window of so many seconds if none runs.

        Returns:
            How often it was counted in the window, this time included, whoever else counted.
        """
        now = time.time()
        values = {":amount": amount, ":now": math.floor(now), ":end": math.ceil(now + seconds)}
        refused = self._client.exceptions.ConditionalCheckFailedException
        try:
            return self._add(name, values)
        except refused:
            pass  # the window is over, and its item not erased yet
        try:
            self._update(name, "SET hits = :amount, ends_at = :end", "ends_at <= :now", values)
        except refused:
            return self._add(name, values)  # another instance has begun a new window meanwhile
        return amount

    def get(self, name: str) -> Count:
        """The count of the window that runs; 0, ending now, when none does."""
        item: Any = self._client.get_item(TableName=self._table, Key=_key(name), ConsistentRead=True).get("Item")
        now = time.time()
        if item is None or item["ends_at"] <= now:
            return Count(0, now)
        return Count(int(item["hits"]), float(item["ends_at"]))

    def clear(self, name: str) -> None:
        """End the window that runs."""
        self._client.update_item(
            TableName=self._table,
            Key=_key(name),
            UpdateExpression="SET hits = :none, ends_at = :none",
            ExpressionAttributeValues={":none": 0},
        )

    def _add(self, name: str, values: dict[str, Any]) -> int:
        change = "ADD hits :amount SET ends_at = if_not_exists(ends_at, :end)"
        return self._update(name, change, _RUNS, values)

    def _update(self, name: str, change: str, condition: str, values: dict[str, Any]) -> int:
        answer: Any = self._client.update_item(
            TableName=self._table,
            Key=_key(name),
            UpdateExpression=change,
            ConditionExpression=condition,
            ExpressionAttributeValues=values,
            ReturnValues="UPDATED_NEW",
        )
        return int(answer["Attributes"]["hits"])


def _key(name: str) -> dict[str, Any]:
    return {"digest": sha256(name.encode()).hexdigest()}
