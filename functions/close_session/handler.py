"""Close session: completes the video, and its session as far as the videos are."""

from typing import Any

from attendance import pipeline
from attendance.aws import services
from attendance.model import Video


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """`{video, resolved}` to the session."""
    return pipeline.close_session(Video.from_state(event["video"]), event["resolved"]["key"], services())
