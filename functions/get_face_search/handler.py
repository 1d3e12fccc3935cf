"""Get face search: asks how the search stands."""

from dataclasses import asdict
from typing import Any

from attendance import pipeline
from attendance.aws import services
from attendance.model import Job


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """`{job}` to the job as it is now."""
    return asdict(pipeline.get_face_search(Job(**event["job"]), services()))
