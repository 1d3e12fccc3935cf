"""What the tests read from the tables that moto plays."""

from typing import Any

import boto3

from attendance.model import Video


def table(name: str) -> Any:
    return boto3.resource("dynamodb").Table(name)


def session_item(of: Video) -> dict[str, Any]:
    item: dict[str, Any] = table("rollcall-sessions").get_item(
        Key={"course_id": of.course_id, "session_id": of.session_id}
    )["Item"]
    return item


def enrol(course_id: str, *student_ids: str, name: str = "Name") -> None:
    table("rollcall-courses").put_item(Item={"course_id": course_id, "course_name": "Course", "time_zone": "UTC"})
    with table("rollcall-rosters").batch_writer() as batch:
        for student_id in student_ids:
            batch.put_item(Item={"course_id": course_id, "student_id": student_id, "student_name": name})
