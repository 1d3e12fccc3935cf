"""Record stopped run: keeps the failure of a run that was stopped, as no catch of the machine sees it."""

from typing import Any

from attendance import recovery
from attendance.aws.tools import tools


def handler(event: dict[str, Any], _context: object) -> dict[str, bool]:
    """EventBridge's event of an execution that ended to whether there was a failure to record."""
    return {"recorded": recovery.record_stopped_run(event, tools())}
