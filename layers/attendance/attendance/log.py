"""Logs as one JSON object a line. They say which step did what to which video; never a name, a face or a photo."""

import json
import logging
import sys
from datetime import UTC, datetime

_LOGGER = logging.getLogger("attendance")
_EXTRA = "fields"


class JsonFormatter(logging.Formatter):
    """A record as JSON: time (UTC), level, message, and the fields it was logged with."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        fields = getattr(record, _EXTRA, {})
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        head = {"time": time, "level": record.levelname, "message": record.getMessage()}
        return json.dumps(head | fields)


def configure() -> None:
    """Write the package's logs to standard output, once per process, whatever the runtime has set up before."""
    if _LOGGER.handlers:
        return
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False
    logging.getLogger("botocore").setLevel(logging.WARNING)  # it tells at INFO where it found its credentials


def step_done(step: str, *, session_key: str = "", video_id: str = "", **counts: float) -> None:
    """Log that a step did its work; beside the two ids only numbers are taken, so that no name can slip in."""
    ids = {"step": step, "session_key": session_key, "video_id": video_id}
    _LOGGER.info("step done", extra={_EXTRA: {name: value for name, value in ids.items() if value} | counts})
