"""A real input and output of each task of the machine.

Inputs are the recorded events, which come from a run on the whole local stack. What a task adds to the state is in the
recorded event of the next task that takes it; what the last tasks add is asked of the real handlers.
"""

import importlib
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from bench.machine import Call, added, folder, follow, tasks
from tests.builders import detection, page
from tests.contracts import recorded
from tests.fakes import World


@dataclass(frozen=True)
class Sample:
    """What a task was given, and what it answered."""

    given: dict[str, Any]
    answer: dict[str, Any]


@cache
def samples() -> dict[str, Sample]:
    """State ▶ its sample."""
    return {state: Sample(recorded(folder(state)), _answer(state)) for state in tasks()}


def handlers_on(world: World, patch: pytest.MonkeyPatch) -> Call:
    """The real handlers on the world's fakes; what goes in and out goes through JSON."""

    def call(step: str, given: dict[str, Any]) -> dict[str, Any]:
        handler = importlib.import_module(f"functions.{step}.handler")
        patch.setattr(handler, "services", lambda: world.services)
        answer: dict[str, Any] = json.loads(json.dumps(handler.handler(json.loads(json.dumps(given)), None)))
        return answer

    return call


def _answer(state: str) -> dict[str, Any]:
    """What the task added to the state, as the next task was given it; else what its handler answers."""
    key = added(state)
    for later in tasks()[tasks().index(state) + 1 :]:
        event = recorded(folder(later))
        if key in event:
            answer: dict[str, Any] = event[key]
            return answer
    return _answers()[state]


@cache
def _answers() -> dict[str, dict[str, Any]]:
    """The handlers' answers on the upload that was recorded, with three students enrolled and one of them seen."""
    world = World()
    video = recorded("start_face_search")["video"]
    world.enrol(video["course_id"], "s-001", "s-002", "s-003")
    world.faces.results[video["key"]] = [page(detection(400, 0, {"s-001": 99.5}), duration_ms=2400)]
    with pytest.MonkeyPatch.context() as patch:
        call = handlers_on(world, patch)
        answers = {visit.state: visit.answer for visit in follow(call, recorded("s3_object_created"))}
        failed = {state: call(folder(state), recorded(folder(state))) for state in tasks() if state not in answers}
    return answers | failed
