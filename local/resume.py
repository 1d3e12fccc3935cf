"""Runs again what a kill or a power loss interrupted: every stored video that has neither a register nor a failure.

The steps of the state machine are safe to run twice, so an interrupted run is not continued but begun again, with the
event its upload had made; the search is found by its request token and not paid twice.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from attendance import keys
from attendance.model import Progress
from local import clients
from local.environment import ACCESS_KEY, REGION
from local.home import Endpoints

PREFIX = "videos/"
"""As in the template's rule: only uploads under it start the state machine."""

_UNKNOWN_SIZE = 1
"""Of a video that was deleted while it ran: the run then ends because it cannot be read, not because it is empty."""

Event = Mapping[str, Any]


def resume(endpoints: Endpoints) -> int:
    """Start the state machine for every interrupted video; how many there are.

    Two kinds are found: uploads of which no run had taken notice yet, and videos a run had begun with.
    """
    events = interrupted(dict(_uploads(endpoints)), dict(_records(endpoints)))
    states = clients.stepfunctions(endpoints.aws)
    for event in events:
        states.start_execution(stateMachineArn=endpoints.state_machine, input=json.dumps(event))
    return len(events)


def interrupted(uploads: Mapping[str, Event], records: Mapping[str, Mapping[str, Any]]) -> list[Event]:
    """The events of the videos to run again, the earliest upload first.

    Args:
        uploads: video_id ▶ the event of its upload, of every stored version.
        records: video_id ▶ what its session keeps of it.
    """
    unnoticed = [event for video_id, event in uploads.items() if video_id not in records]
    begun = [
        uploads.get(video_id) or _event_of(record)
        for video_id, record in records.items()
        if record["status"] == Progress.PROCESSING.value
    ]
    return sorted([*unnoticed, *begun], key=lambda event: str(event["time"]))


def upload_event(bucket: str, time: str, stored: Mapping[str, Any]) -> Event:
    """What EventBridge tells of an upload: `stored` has key, size, etag and, in a versioned bucket, version-id."""
    return {
        "version": "0",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": ACCESS_KEY,
        "region": REGION,
        "time": time,
        "resources": [f"arn:aws:s3:::{bucket}"],
        "detail": {"version": "0", "bucket": {"name": bucket}, "object": dict(stored), "reason": "PutObject"},
    }


def _uploads(endpoints: Endpoints) -> Iterator[tuple[str, Event]]:
    pages = clients.s3(endpoints.aws).get_paginator("list_object_versions")
    for page in pages.paginate(Bucket=endpoints.bucket, Prefix=PREFIX):
        for version in page.get("Versions", []):
            stored = {
                "key": version["Key"],
                "size": version["Size"],
                "etag": version["ETag"].strip('"'),
                "version-id": version["VersionId"],
            }
            event = upload_event(endpoints.bucket, version["LastModified"].isoformat(), stored)
            yield keys.video_id(keys.video_object(event)), event


def _records(endpoints: Endpoints) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What is kept of every video, whatever course it is in; once at a start, so by a scan."""
    client = clients.dynamodb(endpoints.aws).meta.client
    pages = client.get_paginator("scan").paginate(
        TableName=endpoints.settings["SESSIONS_TABLE"], ProjectionExpression="videos", ConsistentRead=True
    )
    for page in pages:
        for session in page["Items"]:
            videos: Any = session.get("videos", {})
            yield from videos.items()


def _event_of(record: Mapping[str, Any]) -> Event:
    """The event of a video that is not stored any more."""
    stored = {"key": record["key"], "size": _UNKNOWN_SIZE, "etag": record["etag"]}
    if record.get("version_id"):
        stored["version-id"] = record["version_id"]
    return upload_event(str(record["bucket"]), str(record["uploaded_at"]), stored)
