"""Courses and rosters in DynamoDB, as people change them; each change is in the audit."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from boto3.dynamodb.conditions import Key

from attendance.aws.people import audit_item, table_client
from attendance.aws.transactions import transact
from attendance.aws.values import to_item
from attendance.courses import CourseSettings
from attendance.model import Enrolment, Thresholds
from attendance.register import enrolment_from
from attendance.settings import Settings

_NUMBERS = {"present_threshold": float, "review_threshold": float, "margin": float}


class DynamoCourseBook:
    """The tables of courses and rosters."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = table_client()

    @property
    def defaults(self) -> Thresholds:
        """The policy of courses that set none."""
        settings = self._settings
        return Thresholds(
            settings.present_threshold,
            settings.review_threshold,
            settings.margin,
            settings.minimum_sightings,
            settings.late_after_minutes,
            settings.left_early_minutes,
        )

    def settings_of(self, course_id: str, name: str) -> CourseSettings:
        """What is set of a course; one that has no item, as the default course, gets the name."""
        item: Mapping[str, Any] = self._client.get_item(
            TableName=self._settings.courses_table, Key={"course_id": course_id}, ConsistentRead=True
        ).get("Item", {})
        given: dict[str, Any] = {
            field.name: _NUMBERS.get(field.name, int)(item[field.name])
            for field in fields(CourseSettings)[2:]
            if item.get(field.name) is not None
        }
        zone = item.get("time_zone") or self._settings.default_time_zone
        return CourseSettings(item.get("course_name") or name, zone, **given)

    def save(self, course_id: str, settings: CourseSettings, actor: str) -> None:
        """Keep what is set of a course that is there."""
        given = {name: value for name, value in asdict(settings).items() if value is not None}
        gone = [field.name for field in fields(CourseSettings) if field.name not in given]
        change = "SET " + ", ".join(f"#{name} = :{name}" for name in given)
        change += " REMOVE " + ", ".join(f"#{name}" for name in gone) if gone else ""
        old = to_item(asdict(self.settings_of(course_id, settings.course_name)))
        update: Any = {
            "TableName": self._settings.courses_table,
            "Key": {"course_id": course_id},
            "UpdateExpression": change,
            "ExpressionAttributeNames": {f"#{name}": name for name in (*given, *gone)},
            "ExpressionAttributeValues": to_item({f":{name}": value for name, value in given.items()}),
        }
        audit = audit_item(f"course#{course_id}", actor, "settings") | {"old": old, "new": to_item(asdict(settings))}
        transact(self._client, [{"Update": update}, self._audit(audit)])

    def roster(self, course_id: str) -> list[Enrolment]:
        """Everyone on a course's roster, by student_id."""
        query: Any = {"KeyConditionExpression": Key("course_id").eq(course_id), "ConsistentRead": True}
        pages = self._client.get_paginator("query").paginate(TableName=self._settings.rosters_table, **query)
        return [enrolment_from(item) for page in pages for item in page["Items"]]

    def put_on_roster(self, course_id: str, entry: Enrolment, actor: str) -> None:
        """Put a student on a roster, or change the dates and section there."""
        row = {name: value for name, value in asdict(entry).items() if value is not None}
        put: Any = {"TableName": self._settings.rosters_table, "Item": {"course_id": course_id, **row}}
        # Without the name: the audit outlives the erasing of a student.
        told = {name: value for name, value in row.items() if name != "student_name"}
        audit = audit_item(_place(course_id, entry.student_id), actor, "roster") | {"new": told}
        transact(self._client, [{"Put": put}, self._audit(audit)])

    def take_off_roster(self, course_id: str, student_id: str, actor: str) -> bool:
        """Take a student off a roster; past rows stay. False when the student is not on it."""
        delete: Any = {
            "TableName": self._settings.rosters_table,
            "Key": {"course_id": course_id, "student_id": student_id},
            "ConditionExpression": "attribute_exists(student_id)",
        }
        audit = audit_item(_place(course_id, student_id), actor, "off roster")
        return not transact(self._client, [{"Delete": delete}, self._audit(audit)])

    def enrolled(self, course_id: str, student_id: str) -> Enrolment | None:
        """The student's place on the roster, or None."""
        key = {"course_id": course_id, "student_id": student_id}
        item = self._client.get_item(TableName=self._settings.rosters_table, Key=key, ConsistentRead=True).get("Item")
        return enrolment_from(item) if item else None

    def was_on_roster(self, course_id: str, student_id: str) -> bool:
        """Whether the audit tells of the student on this roster: only who is on it is changed or taken off."""
        query: Any = {"KeyConditionExpression": Key("subject").eq(_place(course_id, student_id)), "Limit": 1}
        found = self._client.query(TableName=self._settings.audit_table, ConsistentRead=True, **query)
        return bool(found["Items"])

    def _audit(self, entry: Mapping[str, Any]) -> Any:
        return {"Put": {"TableName": self._settings.audit_table, "Item": entry}}


def _place(course_id: str, student_id: str) -> str:
    """Under which the audit keeps how a student came on a course's roster, what changed there, and the end of it."""
    return f"roster#{course_id}#{student_id}"
