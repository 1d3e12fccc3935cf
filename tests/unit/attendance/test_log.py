"""Logs are JSON and carry no names."""

import inspect
import json
import logging

from attendance import log


def test_a_log_line_is_one_json_object_with_its_fields() -> None:
    record = logging.LogRecord("attendance", logging.INFO, __file__, 1, "step\ndone", (), None)
    record.fields = {"step": "write_present", "present": 3}
    line = log.JsonFormatter().format(record)
    assert "\n" not in line
    assert (
        json.loads(line).items()
        >= {"message": "step\ndone", "level": "INFO", "step": "write_present", "present": 3}.items()
    )
    assert json.loads(line)["time"].endswith("+00:00")


def test_configuring_twice_writes_each_line_once() -> None:
    logger = logging.getLogger("attendance")
    before = list(logger.handlers)
    log.configure()
    log.configure()
    assert len(logger.handlers) == max(1, len(before))


def test_a_step_can_log_only_ids_of_videos_and_sessions_and_numbers() -> None:
    parameters = inspect.signature(log.step_done).parameters
    assert list(parameters) == ["step", "session_key", "video_id", "counts"]
    assert parameters["counts"].annotation is float
