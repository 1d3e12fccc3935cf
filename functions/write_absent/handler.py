"""Write absent: writes the rows of students who are absent."""

from typing import Any

from attendance import pipeline
from attendance.aws import services
from attendance.model import Video


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """`{video, resolved}` to the count `absent`."""
    return pipeline.write_absent(Video.from_state(event["video"]), event["resolved"]["key"], services())
