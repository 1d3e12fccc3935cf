"""Start face search: has the video searched for enrolled faces."""

from dataclasses import asdict
from typing import Any

from attendance import pipeline
from attendance.aws import services
from attendance.model import Video


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """`{video}` to the job."""
    return asdict(pipeline.start_face_search(Video.from_state(event["video"]), services()))
