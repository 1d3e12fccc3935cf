"""Resolve names: decides one row for each enrolled student."""

from typing import Any

from attendance import keys, pipeline
from attendance.aws import services
from attendance.model import Video


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """`{video, matches}` to where the decisions are, and their counts."""
    video = Video.from_state(event["video"])
    register = pipeline.resolve_names(video, services())
    return {
        "bucket": services().settings.work_bucket,
        "key": keys.resolved_key(video),
        "roster": len(register.rows),
        "seen": register.seen,
        "unknown": register.unknown,
    }
