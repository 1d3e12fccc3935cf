"""Resolve names: decides one row for each enrolled student."""

from typing import Any

from attendance import pipeline
from attendance.aws import services
from attendance.model import Video


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """`{video, matches}` to where the decisions are, and their counts."""
    decision = pipeline.resolve_names(Video.from_state(event["video"]), services())
    return {
        "bucket": services().settings.work_bucket,
        "key": decision.key,
        "roster": len(decision.register.rows),
        "seen": decision.register.seen,
        "unknown": decision.register.unknown,
    }
