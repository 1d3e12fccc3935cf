"""Corrections in DynamoDB: each with its audit entry in one transaction that also checks what the person saw."""

import contextlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from attendance.aws.reader import DynamoReader
from attendance.aws.transactions import transact
from attendance.aws.values import to_item
from attendance.corrections import Change, described
from attendance.model import Progress, Row, Standing
from attendance.register import counts_of, row_from, standing_from
from attendance.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class DynamoCorrectionStore:
    """The tables that a correction touches.

    Args:
        client: takes and gives plain Python values.
        settings: the tables' names.
        reader: reads the register that is counted.
    """

    def __init__(self, client: "DynamoDBClient", settings: Settings, reader: DynamoReader) -> None:
        self._client = client
        self._settings = settings
        self._reader = reader

    def decided(self, session_key: str, student_id: str) -> Row | None:
        """The row as it was decided, None where there is none."""
        item = self._get(self._settings.attendance_table, session_key, student_id)
        return row_from(item) if item else None

    def standing(self, session_key: str, student_id: str) -> Standing:
        """The correction as it is now."""
        item = self._get(self._settings.corrections_table, session_key, student_id)
        return standing_from(item) if item else Standing()

    def apply(self, change: Change) -> bool:
        """Write the change, its audit entry and that the session's counts are old; False if anything is not as seen.

        Raises:
            UnprocessedItemsError: DynamoDB kept refusing; nothing was written.
        """
        return not transact(self._client, actions_of(change, self._settings))

    def recount(self, session_key: str) -> None:
        """Count the session's rows again, unless a run is at work, which counts them itself in the end."""
        session: Mapping[str, Any] = self._client.get_item(
            TableName=self._settings.sessions_table, Key=_session(session_key), ConsistentRead=True
        ).get("Item", {})
        if session.get("status") != Progress.COMPLETE.value:
            return
        refused = self._client.exceptions
        with contextlib.suppress(refused.ConditionalCheckFailedException, refused.TransactionConflictException):
            self._client.update_item(
                TableName=self._settings.sessions_table,
                Key=_session(session_key),
                UpdateExpression="SET #counts = :counts, counted = :corrected",
                ConditionExpression="#status = :complete AND #decision = :decision AND corrected = :corrected",
                ExpressionAttributeNames={"#counts": "counts", "#status": "status", "#decision": "decision"},
                ExpressionAttributeValues={
                    ":counts": counts_of(self._reader.rows(session_key)),
                    ":corrected": session["corrected"],
                    ":complete": Progress.COMPLETE.value,
                    ":decision": session.get("decision"),
                },
            )

    def _get(self, table: str, session_key: str, student_id: str) -> Mapping[str, Any] | None:
        key = {"session_key": session_key, "student_id": student_id}
        return self._client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")


def actions_of(change: Change, settings: Settings) -> list[Any]:
    """A transaction's actions that write a change with its audit entry, if all is as it was seen.

    Of a change that is not new they only look, and say in the audit what was done.
    """
    actions = [_row_as_seen(change, settings), _correction(change, settings), _audit_entry(change, settings)]
    return [*actions, _counts_are_old(change, settings)] if change.is_new else actions


def _row_as_seen(change: Change, settings: Settings) -> dict[str, Any]:
    return {
        "ConditionCheck": {
            "TableName": settings.attendance_table,
            "Key": {"session_key": change.session_key, "student_id": change.student_id},
            "ConditionExpression": "#status = :decided",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {":decided": change.decided.value},
        }
    }


def _correction(change: Change, settings: Settings) -> dict[str, Any]:
    """Write the correction, or only look at it, if it is the one that was seen."""
    key = {"session_key": change.session_key, "student_id": change.student_id}
    as_seen: dict[str, Any] = {"TableName": settings.corrections_table}
    if change.old.version:
        as_seen["ConditionExpression"] = "version = :seen"
        as_seen["ExpressionAttributeValues"] = {":seen": change.old.version}
    else:
        as_seen["ConditionExpression"] = "attribute_not_exists(version)"
    if not change.is_new:
        return {"ConditionCheck": {"Key": key, **as_seen}}
    item = {name: value for name, value in asdict(change.new).items() if name != "correction" or value}
    return {"Put": {"Item": {**key, **to_item(item)}, **as_seen}}


def _audit_entry(change: Change, settings: Settings) -> dict[str, Any]:
    decided = f"{change.decided.value} (decided)"
    entry = {
        "subject": f"attendance#{change.session_key}#{change.student_id}",
        "time": change.at,
        "actor": change.actor,
        "action": change.action,
        "old": described(change.old.correction) or decided,
        "new": described(change.new.correction) or decided,
        "reason": change.reason,
    }
    # An entry of the same microsecond must never be replaced.
    condition = "attribute_not_exists(subject)"
    return {"Put": {"TableName": settings.audit_table, "Item": entry, "ConditionExpression": condition}}


def _counts_are_old(change: Change, settings: Settings) -> dict[str, Any]:
    return {
        "Update": {
            "TableName": settings.sessions_table,
            "Key": _session(change.session_key),
            "UpdateExpression": "ADD corrected :one",
            "ConditionExpression": "attribute_exists(session_key)",
            "ExpressionAttributeValues": {":one": 1},
        }
    }


def _session(session_key: str) -> dict[str, str]:
    course_id, _, session_id = session_key.partition("#")
    return {"course_id": course_id, "session_id": session_id}
