"""Record stopped run."""

import json
from typing import Any

import pytest

from attendance.aws import clients
from attendance.recovery import Tools
from tests.builders import EXECUTION, event
from tests.contracts import recorded
from tests.functional.functions.stopped import Function, function_on


@pytest.fixture
def function(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> Function:
    return function_on(tools, monkeypatch)


def ended(status: str, upload: Any = None, **detail: Any) -> dict[str, Any]:
    told = recorded("record_stopped_run")
    given = json.dumps(event() if upload is None else upload)
    return told | {"detail": told["detail"] | {"status": status, "input": given, "executionArn": EXECUTION} | detail}


def add_course() -> None:
    clients.dynamodb().Table("rollcall-courses").put_item(Item={"course_id": "cs101", "time_zone": "UTC"})


def failures(tools: Tools, course_id: str = "cs101", session_id: str = "2026-11-20") -> list[str]:
    session = tools.sessions.session(course_id, session_id)
    return [video.error.name for video in session.videos if video.error] if session else []


@pytest.mark.parametrize(("status", "name"), [("TIMED_OUT", "Execution.TimedOut"), ("ABORTED", "Execution.Aborted")])
def test_a_stopped_run_is_in_its_session_as_a_failure(tools: Tools, function: Function, status: str, name: str) -> None:
    add_course()
    assert function("record_stopped_run", ended(status)) == {"recorded": True}
    assert failures(tools) == [name]
    assert function("record_stopped_run", ended(status)) == {"recorded": False}


def test_a_run_that_failed_where_its_machine_could_not_record_it_is_recorded(tools: Tools, function: Function) -> None:
    add_course()
    assert function("record_stopped_run", ended("FAILED", error="States.DataLimitExceeded", cause="too long"))
    assert failures(tools) == ["States.DataLimitExceeded"]


def test_an_execution_started_by_hand_with_anything_is_not_recorded(tools: Tools, function: Function) -> None:
    assert function("record_stopped_run", ended("ABORTED", {"hello": "world"})) == {"recorded": False}
    assert function("record_stopped_run", ended("ABORTED", input=None)) == {"recorded": False}


def test_a_stopped_run_of_a_video_that_cannot_be_filed_is_kept_among_the_unfiled(
    tools: Tools, function: Function
) -> None:
    assert function("record_stopped_run", ended("ABORTED", event("videos/a/b/c/d/x.mp4"))) == {"recorded": True}
    found = clients.dynamodb().Table("rollcall-sessions").scan()["Items"]
    assert [item["course_id"] for item in found] == ["unfiled"]
