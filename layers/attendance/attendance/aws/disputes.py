"""Students' notes in the corrections table, in partitions that no course's id can name.

| partition | sort key | what |
|---|---|---|
| `#notes#<course>#<session>` | `#<student>` | every note of a row with its answer |
| `#open#<course>` | `<session>#<student>` | that a note of the row waits for an answer |

So the index `by_student` finds all of a student's notes under `#<student>`, and a course's open ones are one Query.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from boto3.dynamodb.conditions import Key

from attendance.aws.corrections import actions_of
from attendance.aws.people import audit_item, table_client
from attendance.aws.transactions import transact
from attendance.corrections import Change
from attendance.disputes import Answer, Case, Dispute, Outcome
from attendance.keys import session_key
from attendance.model import Status
from attendance.settings import Settings

_NOTES, _OPEN = "#notes#", "#open#"


class DynamoCases:
    """The table as `attendance.disputes.CaseTable` wants it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._table = settings.corrections_table
        self._client = table_client()

    def has_row(self, session_key: str, student_id: str) -> bool:
        """Whether the student has a row in the session's register."""
        key = {"session_key": session_key, "student_id": student_id}
        return "Item" in self._client.get_item(TableName=self._settings.attendance_table, Key=key, ConsistentRead=True)

    def case(self, course_id: str, session_id: str, student_id: str) -> Case:
        """The notes of a row."""
        key = _key(session_key(course_id, session_id), student_id)
        item = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        return _case_from(item) if item else Case(course_id, session_id, student_id)

    def cases_of(self, student_id: str) -> list[Case]:
        """Every row's notes of one student."""
        of_student: Any = Key("student_id").eq(f"#{student_id}")
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table, IndexName="by_student", KeyConditionExpression=of_student
        )
        return [_case_from(item) for page in pages for item in page["Items"]]

    def open_in(self, course_id: str, session_id: str | None, limit: int) -> list[Case]:
        """Notes of a course, or of one session of it, that wait for an answer, the oldest session first."""
        wanted: Any = Key("session_key").eq(f"{_OPEN}{course_id}")
        if session_id is not None:
            wanted &= Key("student_id").begins_with(f"{session_id}#")
        answer = self._client.query(
            TableName=self._table, KeyConditionExpression=wanted, Limit=limit, ConsistentRead=True
        )
        places = [str(item["student_id"]).rpartition("#") for item in answer["Items"]]
        found = [self.case(course_id, session, student) for session, _, student in places]
        return [case for case in found if case.open]

    def keep(self, case: Case, actor: str, action: str) -> bool:
        """Keep a case of the next version with an audit entry; False when another version was kept meanwhile."""
        # The audit says that there was a note, never what: it is not erased with the student.
        entry = audit_item(f"attendance#{case.session_key}#{case.student_id}", actor, action)
        audit: Any = {"Put": {"TableName": self._settings.audit_table, "Item": entry}}
        return not transact(self._client, [*self._actions(case), audit])

    def keep_with(self, case: Case, change: Change) -> bool:
        """Keep a case of the next version and a change of its row, all or nothing; False if anything is not as seen."""
        return not transact(self._client, [*self._actions(case), *actions_of(change, self._settings)])

    def erase(self, student_id: str) -> None:
        """Delete every note of a student."""
        for case in self.cases_of(student_id):
            keys = (_key(case.session_key, student_id), _open_key(case))
            deleted: list[Any] = [{"Delete": {"TableName": self._table, "Key": key}} for key in keys]
            transact(self._client, deleted)

    def _actions(self, case: Case) -> list[Any]:
        """Write the notes of a row, and whether one of them waits for an answer."""
        return [{"Put": self._put(case)}, {"Put" if case.open else "Delete": self._pointer(case)}]

    def _put(self, case: Case) -> dict[str, Any]:
        item = {"course_id": case.course_id, "session_id": case.session_id, "version": case.version}
        notes = [asdict(dispute) for dispute in case.disputes]
        seen = case.version - 1
        condition = {"ConditionExpression": "version = :seen", "ExpressionAttributeValues": {":seen": seen}}
        return {
            "TableName": self._table,
            "Item": {**_key(case.session_key, case.student_id), **item, "notes": notes},
            **(condition if seen else {"ConditionExpression": "attribute_not_exists(version)"}),
        }

    def _pointer(self, case: Case) -> dict[str, Any]:
        return {"TableName": self._table, "Item" if case.open else "Key": _open_key(case)}


def _key(session: str, student_id: str) -> dict[str, str]:
    return {"session_key": f"{_NOTES}{session}", "student_id": f"#{student_id}"}


def _open_key(case: Case) -> dict[str, str]:
    return {"session_key": f"{_OPEN}{case.course_id}", "student_id": f"{case.session_id}#{case.student_id}"}


def _case_from(item: Mapping[str, Any]) -> Case:
    return Case(
        course_id=item["course_id"],
        session_id=item["session_id"],
        student_id=item["student_id"].removeprefix("#"),
        disputes=_disputes_from(item["notes"]),
        version=int(item["version"]),
    )


def _disputes_from(notes: Sequence[Mapping[str, Any]]) -> tuple[Dispute, ...]:
    return tuple(Dispute(note["text"], note["at"], _answer_from(note.get("answer"))) for note in notes)


def _answer_from(item: Mapping[str, Any] | None) -> Answer | None:
    if not item:
        return None
    status = item.get("status")
    said = (Status(status) if status else None, bool(item.get("late")))
    return Answer(Outcome(item["outcome"]), item["reason"], item["actor"], item["at"], *said)
