"""Collect matches: reduces the search's result to one sighting per student."""

from typing import Any

from attendance import keys, pipeline
from attendance.aws import services
from attendance.model import Job, Video


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """`{video, job}` to where the matches are, and their counts."""
    video = Video.from_state(event["video"])
    matches = pipeline.collect_matches(video, Job(**event["job"]), services())
    return {
        "bucket": services().settings.work_bucket,
        "key": keys.matches_key(video),
        "detections": matches.detections,
        "people": matches.people,
        "students": len(matches.students),
        "duration_ms": matches.duration_ms,
    }
