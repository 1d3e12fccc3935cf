"""Register video: finds the session of an uploaded object and notes the video in it."""

from typing import Any

from attendance import pipeline
from attendance.aws import services


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """`{event, execution_arn}` to the video."""
    return pipeline.register_video(event["event"], event["execution_arn"], services()).to_state()
