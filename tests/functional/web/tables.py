"""The template's own tables and buckets, made in the AWS the environment points to, and items to fill them with."""

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from samtranslator.yaml_helper import yaml_parse

from attendance.settings import Settings

TEMPLATE = Path(__file__).parents[3] / "template.yaml"
TABLES = ("students", "courses", "rosters", "sessions", "attendance", "corrections", "users", "audit")
PASSWORD = "correct horse battery staple"


def settings() -> Settings:
    return Settings(
        **{f"{name}_table": f"rollcall-{name}" for name in TABLES},
        **{f"{name}_bucket": f"rollcall-{name}" for name in ("videos", "photos", "work")},
        collection_id="rollcall",
        default_course_id="default",
        default_time_zone="UTC",
        present_threshold=99,
        review_threshold=90,
        margin=0,
        minimum_sightings=1,
        late_after_minutes=0,
        left_early_minutes=0,
        poll_seconds=1,
    )


@cache
def _resources() -> dict[str, Any]:
    resources: dict[str, Any] = yaml_parse(TEMPLATE.read_text(encoding="utf-8"))["Resources"]
    return resources


def make_tables() -> Settings:
    """Create every table with the keys and indexes that template.yaml gives it, and the buckets."""
    for name in TABLES:
        make_table(name)
    s3 = boto3.client("s3")
    for bucket in ("videos", "photos", "work"):
        s3.create_bucket(Bucket=f"rollcall-{bucket}")
    s3.put_bucket_versioning(Bucket="rollcall-videos", VersioningConfiguration={"Status": "Enabled"})
    return settings()


def make_table(name: str) -> str:
    """Create one table, such as `users`, as template.yaml wants it; its name."""
    properties = _resources()[resource_of(name, "Table")]["Properties"]
    kept = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
    made = {key: properties[key] for key in kept if key in properties}
    boto3.client("dynamodb").create_table(TableName=f"rollcall-{name}", **made)
    return f"rollcall-{name}"


def resource_of(name: str, kind: str) -> str:
    """What template.yaml calls a table or bucket: `web-rate-limits` ▶ `WebRateLimitsTable`."""
    return name.title().replace("-", "") + kind


def put(table: str, item: dict[str, Any]) -> None:
    boto3.resource("dynamodb").Table(f"rollcall-{table}").put_item(Item=item)


def get(table: str, **key: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = boto3.resource("dynamodb").Table(f"rollcall-{table}").get_item(Key=key).get("Item")
    return found


def delete(table: str, **key: str) -> None:
    boto3.resource("dynamodb").Table(f"rollcall-{table}").delete_item(Key=key)


def session_item(course_id: str, date: str, status: str = "complete", **more: Any) -> dict[str, Any]:
    video = {
        "bucket": "rollcall-videos",
        "key": f"videos/{course_id}/{date}/lecture.mp4",
        "status": status,
        "uploaded_at": f"{date}T23:30:00+00:00",
        "duration_ms": 62_000,
    }
    return {
        "course_id": course_id,
        "session_id": date,
        "session_key": f"{course_id}#{date}",
        "date": date,
        "status": status,
        "videos": {"0123456789abcdef": video},
        "counts": {"present": 1, "review": 1, "absent": 1},
        "updated_at": f"{date}T23:31:00+00:00",
    } | more


def row_item(course_id: str, date: str, student_id: str, status: str, **more: Any) -> dict[str, Any]:
    seen = {
        "similarity": Decimal("97.25"),
        "margin": Decimal("40.5"),
        "sightings": 12,
        "first_seen_ms": 61_000,
        "last_seen_ms": 3_661_000,
        "evidence": {
            "bucket": "rollcall-videos",
            "key": f"videos/{course_id}/{date}/lecture.mp4",
            "version_id": "v1",
            "timestamp_ms": 61_500,
            "box": {"Left": Decimal("0.1"), "Top": Decimal("0.2"), "Width": Decimal("0.3"), "Height": Decimal("0.4")},
        },
    }
    return {
        "session_key": f"{course_id}#{date}",
        "student_id": student_id,
        "course_id": course_id,
        "session_id": date,
        "date": date,
        "student_name": f"Name of {student_id}",
        "status": status,
        "sightings": 0,
        **(seen if status != "absent" else {}),
    } | more
