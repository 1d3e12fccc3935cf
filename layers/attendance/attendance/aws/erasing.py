"""What an erasing changes in DynamoDB and in the work bucket."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import boto3
from boto3.dynamodb.conditions import Key

from attendance import names
from attendance.aws.disputes import DynamoCases
from attendance.aws.imports import PREFIX as IMPORTS
from attendance.aws.people import audit_item, transacted
from attendance.aws.students import DynamoStudents
from attendance.erasure import Receipt, RowKey, Traces
from attendance.students import Consent, Student

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_SEEN = ("evidence", "similarity", "margin", "first_seen_ms", "last_seen_ms")
"""What a row says about a face."""


class DynamoRecords(DynamoStudents):
    """The tables as `attendance.erasure.Records` wants them."""

    def rows_of(self, student_id: str) -> list[RowKey]:
        """Every row of the student in any register."""
        items = self._every(
            self._settings.attendance_table,
            IndexName="by_student",
            KeyConditionExpression=Key("student_id").eq(student_id),
        )
        return [RowKey(item["session_key"], item["course_id"], item["session_id"]) for item in items]

    def mark(self, student_id: str, traces: Mapping[str, int], actor: str, time: str) -> dict[str, int]:
        """Mark the student as being erased; a mark that is there stays, and its counts are those that hold."""
        mark: dict[str, Any] = {"since": time, "by": actor, "traces": dict(traces)}
        marked: Any = self._client.update_item(
            TableName=self._settings.students_table,
            Key={"student_id": student_id},
            UpdateExpression="SET erasing = if_not_exists(erasing, :mark)",
            ConditionExpression="attribute_exists(student_id)",
            ExpressionAttributeValues={":mark": mark},
            ReturnValues="ALL_NEW",
        )
        kept = marked["Attributes"]["erasing"]
        if kept["since"] == time:
            self._note(student_id, actor, "erase begun")
        return {name: int(number) for name, number in kept["traces"].items()}

    def record_consent(self, student_id: str, consent: Consent) -> bool:
        """Keep a consent with an audit entry; False where there is one, or no student who is not being erased."""
        update = {
            "TableName": self._settings.students_table,
            "Key": {"student_id": student_id},
            "UpdateExpression": "SET consent = :consent",
            "ConditionExpression": "attribute_exists(student_id) AND attribute_not_exists(erasing)"
            " AND attribute_not_exists(consent)",
            "ExpressionAttributeValues": {":consent": asdict(consent)},
        }
        entry = audit_item(f"student#{student_id}", consent.recorded_by, "consent", consent.given_at)
        actions: list[Any] = [{"Update": update}, {"Put": {"TableName": self._settings.audit_table, "Item": entry}}]
        return transacted(self._client, actions)

    def leave_course(self, student_id: str, course_id: str) -> None:
        """Take the student off a roster; off the default course's, which lists every student, only at the end."""
        if course_id != self._settings.default_course_id:
            key = {"course_id": course_id, "student_id": student_id}
            self._client.delete_item(TableName=self._settings.rosters_table, Key=key)

    def forget_notes(self, student_id: str) -> None:
        """Delete what the student wrote about own rows, and what was answered."""
        DynamoCases(self._settings).erase(student_id)

    def anonymise(self, student_id: str, row: RowKey, name: str) -> None:
        """Take what was seen of the student out of a row and its corrections, and give the row another name."""
        self._forget_moments(student_id, row.session_key)
        self._client.update_item(
            TableName=self._settings.attendance_table,
            Key={"session_key": row.session_key, "student_id": student_id},
            UpdateExpression=f"SET student_name = :name, sightings = :none REMOVE {', '.join(_SEEN)}",
            ConditionExpression="attribute_exists(session_key)",
            ExpressionAttributeValues={":name": name, ":none": 0},
        )

    def forget(self, student: Student, traces: Mapping[str, int], actor: str, reason: str, time: str) -> None:
        """Delete the student's item, the words of the name and the last roster row; keep the receipt with it."""
        rosters, default = self._settings.rosters_table, self._settings.default_course_id
        words = names.sort_keys(student.student_id, student.student_name)
        rows = [(default, student.student_id), *((names.PARTITION, word) for word in words)]
        subject = f"student#{student.student_id}"
        receipt = audit_item(subject, actor, "erase") | {"old": dict(traces), "reason": reason, "erased_at": time}
        actions: list[Any] = [
            {"Delete": {"TableName": rosters, "Key": {"course_id": partition, "student_id": sort_key}}}
            for partition, sort_key in rows
        ]
        actions += [
            {"Delete": {"TableName": self._settings.students_table, "Key": {"student_id": student.student_id}}},
            {"Put": {"TableName": self._settings.audit_table, "Item": receipt}},
        ]
        self._client.transact_write_items(TransactItems=actions)

    def receipts(self, student_id: str) -> list[Receipt]:
        """The receipts of an id, the newest first: it may have been given to another student since."""
        items = self._every(
            self._settings.audit_table,
            KeyConditionExpression=Key("subject").eq(f"student#{student_id}"),
            ScanIndexForward=False,
        )
        return [
            Receipt(
                student_id,
                Traces(**{name: int(number) for name, number in item["old"].items()}),
                item["erased_at"],
                item["actor"],
                item["reason"],
            )
            for item in items
            if item["action"] == "erase"
        ]

    def _forget_moments(self, student_id: str, session_key: str) -> None:
        """Take the moments that a person pointed to out of what was ever said of the student in a session."""
        table, key = self._settings.corrections_table, {"session_key": session_key, "student_id": student_id}
        while item := self._client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item"):
            kept = _without_evidence(item)
            if kept == item:
                return
            seen: dict[str, Any] = {":version": item["version"]}
            # If somebody corrects it in between, it is looked at again.
            with suppress(self._client.exceptions.ConditionalCheckFailedException):
                self._client.put_item(
                    TableName=table,
                    Item=kept,
                    ConditionExpression="version = :version",
                    ExpressionAttributeValues=seen,
                )

    def _note(self, student_id: str, actor: str, action: str) -> None:
        self._client.put_item(
            TableName=self._settings.audit_table, Item=audit_item(f"student#{student_id}", actor, action)
        )


def _without_evidence(item: Any) -> Any:
    """An item without the moments of a video in it, at any depth."""
    if isinstance(item, Mapping):
        return {name: None if name == "evidence" else _without_evidence(value) for name, value in item.items()}
    return [_without_evidence(value) for value in item] if isinstance(item, list) else item


class S3Documents:
    """The JSON documents of the work bucket."""

    def __init__(self, bucket: str) -> None:
        self._client: S3Client = boto3.client("s3")
        self._bucket = bucket

    def of_session(self, course_id: str, session_id: str) -> Iterator[tuple[str, Any]]:
        """Keys and contents of a session's documents."""
        return self._under(f"{course_id}/{session_id}/")

    def of_imports(self) -> Iterator[tuple[str, Any]]:
        """Keys and contents of what is kept of the imports of classes."""
        return self._under(IMPORTS)

    def put(self, key: str, document: Any) -> None:
        """Keep a document."""
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/json")

    def _under(self, prefix: str) -> Iterator[tuple[str, Any]]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        for stored in (stored for page in pages for stored in page.get("Contents", [])):
            if stored["Key"].endswith(".json"):
                yield stored["Key"], json.load(self._client.get_object(Bucket=self._bucket, Key=stored["Key"])["Body"])
