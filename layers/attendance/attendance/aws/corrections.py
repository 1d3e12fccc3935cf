"""Corrections in DynamoDB: each with its audit entry in one transaction that also checks what the person saw."""

import contextlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from attendance.aws.reader import DynamoReader
from attendance.aws.values import to_item
from attendance.corrections import Change, described
from attendance.errors import ServiceBusyError
from attendance.model import Progress, Standing, Status
from attendance.register import counts_of, standing_from
from attendance.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_NOT_AS_SEEN = frozenset({"None", "ConditionalCheckFailed", "TransactionConflict"})
"""Reasons of a cancelled transaction after which everything is looked at again."""


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

    def decided(self, session_key: str, student_id: str) -> Status | None:
        """The status the row was decided with, None where there is no row."""
        item = self._get(self._settings.attendance_table, session_key, student_id)
        return Status(item["status"]) if item else None

    def standing(self, session_key: str, student_id: str) -> Standing:
        """The correction as it is now."""
        item = self._get(self._settings.corrections_table, session_key, student_id)
        return standing_from(item) if item else Standing()

    def apply(self, change: Change) -> bool:
        """Write the change, its audit entry and that the session's counts are old; False if anything is not as seen.

        Raises:
            ServiceBusyError: DynamoDB is throttled; nothing was written.
        """
        actions: list[Any] = [
            self._row_as_seen(change),
            self._correction(change),
            self._audit_entry(change),
            self._counts_are_old(change),
        ]
        try:
            self._client.transact_write_items(TransactItems=actions)
        except self._client.exceptions.TransactionCanceledException as error:
            codes = {str(reason.get("Code")) for reason in error.response["CancellationReasons"]}
            if codes <= _NOT_AS_SEEN:
                return False
            raise ServiceBusyError("The tables were too busy to keep the correction. Try again in a minute.") from error
        return True

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

    def _row_as_seen(self, change: Change) -> dict[str, Any]:
        return {
            "ConditionCheck": {
                "TableName": self._settings.attendance_table,
                "Key": {"session_key": change.session_key, "student_id": change.student_id},
                "ConditionExpression": "#status = :decided",
                "ExpressionAttributeNames": {"#status": "status"},
                "ExpressionAttributeValues": {":decided": change.decided.value},
            }
        }

    def _correction(self, change: Change) -> dict[str, Any]:
        item = {name: value for name, value in asdict(change.new).items() if name != "correction" or value}
        return {
            "Put": {
                "TableName": self._settings.corrections_table,
                "Item": {"session_key": change.session_key, "student_id": change.student_id, **to_item(item)},
                "ConditionExpression": "version = :seen" if change.old.version else "attribute_not_exists(version)",
                **({"ExpressionAttributeValues": {":seen": change.old.version}} if change.old.version else {}),
            }
        }

    def _audit_entry(self, change: Change) -> dict[str, Any]:
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
        return {"Put": {"TableName": self._settings.audit_table, "Item": entry, "ConditionExpression": condition}}

    def _counts_are_old(self, change: Change) -> dict[str, Any]:
        return {
            "Update": {
                "TableName": self._settings.sessions_table,
                "Key": _session(change.session_key),
                "UpdateExpression": "ADD corrected :one",
                "ConditionExpression": "attribute_exists(session_key)",
                "ExpressionAttributeValues": {":one": 1},
            }
        }

    def _get(self, table: str, session_key: str, student_id: str) -> Mapping[str, Any] | None:
        key = {"session_key": session_key, "student_id": student_id}
        return self._client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")


def _session(session_key: str) -> dict[str, str]:
    course_id, _, session_id = session_key.partition("#")
    return {"course_id": course_id, "session_id": session_id}
