"""A session of `physics` with a video, three rows, and two unknown faces, and giving one of these a name."""

import json
from decimal import Decimal
from typing import Any

import boto3
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.functional.web.browsing import send
from tests.functional.web.tables import put, row_item, session_item

DAY, KEY = "2026-03-02", "physics#2026-03-02"
PAGE = f"/courses/physics/sessions/{DAY}"
VIDEO = "0123456789abcdef"
MATCHES = f"physics/{DAY}/{VIDEO}/matches.json"
BOX = {"Left": 0.1, "Top": 0.2, "Width": 0.3, "Height": 0.4}
THRESHOLDS = {name: Decimal(value) for name, value in (("present", 99), ("review", 90), ("margin", 0))} | {
    name: Decimal(value)
    for name, value in (("minimum_sightings", 1), ("late_after_minutes", 0), ("left_early_minutes", 0))
}


def session_with_video(**more: Any) -> dict[str, Any]:
    item = session_item("physics", DAY, thresholds=THRESHOLDS, **more)
    item["videos"][VIDEO]["version_id"] = "v1"
    item["videos"][VIDEO]["duration_ms"] = 4_000_000
    return item


def put_register() -> None:
    """Of s1, who is absent, s2, who is present, and s3, who is to be reviewed."""
    put("sessions", session_with_video())
    for student_id, status in (("s1", "absent"), ("s2", "present"), ("s3", "review")):
        put("attendance", row_item("physics", DAY, student_id, status))


def stranger(person: int, at: int, sightings: int = 3) -> dict[str, Any]:
    moment = {
        "bucket": "rollcall-videos",
        "key": f"videos/physics/{DAY}/lecture.mp4",
        "version_id": "v1",
        "timestamp_ms": at,
        "box": BOX,
    }
    return {
        "person": person,
        "sightings": sightings,
        "first_seen_ms": at,
        "last_seen_ms": at + 1000,
        "evidence": moment,
    }


def put_unknown_faces() -> None:
    """The numbers 7 and 9 of the session's video, at 12 and at 30 seconds."""
    item = session_with_video()
    item["videos"][VIDEO]["matches_key"] = MATCHES
    put("sessions", item)
    found = {"duration_ms": 4_000_000, "detections": 9, "people": 4, "unknown": 2, "students": []}
    found["strangers"] = [stranger(7, 12_000), stranger(9, 30_000)]
    boto3.client("s3").put_object(Bucket="rollcall-work", Key=MATCHES, Body=json.dumps(found).encode())


def assign(client: FlaskClient, person: int, student: str) -> TestResponse:
    return send(client, f"{PAGE}/unknown/{VIDEO}/{person}", PAGE, student=student)
