"""Reconcile: runs videos again that have neither a register nor a failure, and ends registers that are half written."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from attendance import recovery
from attendance.aws.tools import tools


def handler(event: dict[str, Any], _context: object) -> dict[str, int]:
    """The event of the schedule to the counts `started`, `recorded`, `settled` and `left`."""
    return asdict(recovery.reconcile_recent(datetime.fromisoformat(event["time"]), tools()))
