"""Record failure: keeps a failure and its reason with the session."""

from typing import Any

from attendance import pipeline
from attendance.aws import services


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """`{event, execution_arn, error}` to the failure."""
    return pipeline.record_failure(event["event"], event["execution_arn"], event["error"], services())
