"""Write present: writes the rows of students who are present or need a review."""

from typing import Any

from attendance import pipeline
from attendance.aws import services
from attendance.model import Video


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """`{video, resolved}` to the counts `present` and `review`."""
    return pipeline.write_present(Video.from_state(event["video"]), event["resolved"]["key"], services())
