"""The limits that the strict interpreter holds the machine to, and the machine's patience measured on it."""

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from attendance.rollcall import wait_seconds
from bench.machine import folder, tasks
from tests import contracts
from tests.samples import samples
from tests.statemachine.interpreters.functions import Answer, TaskError, definition, serving
from tests.statemachine.interpreters.strict import StrictInterpreter
from tests.statemachine.machine import HAPPY_PATH, Run

MOST_BYTES = 256 * 1024
SIX_HOURS = 6 * 60 * 60
MOST_EVENTS_OF_SIX_HOURS = 2_000
MOST_EVENTS = 25_000
EVENTS_OF_A_POLL = 9
"""Wait: entered, exited. Get face search: entered, scheduled, started, succeeded, exited. Choice: entered, exited."""
EVENTS_OF_A_RETRY = 3
"""Scheduled, started, failed."""


def answering(answers: Mapping[str, Callable[[Any], Any]]) -> Answer:
    """Functions of which some answer otherwise than their samples."""
    usual = {folder(state): samples()[state].answer for state in tasks()}

    def answer(function: str, given: Any) -> Any:
        return answers[function](given) if function in answers else usual[function]

    return answer


def run(answers: Mapping[str, Callable[[Any], Any]], machine: Mapping[str, Any] | None = None) -> Run:
    return run_on_interpreter(answers, machine)[0]


def run_on_interpreter(
    answers: Mapping[str, Callable[[Any], Any]], machine: Mapping[str, Any] | None = None
) -> tuple[Run, StrictInterpreter]:
    with serving(answering(answers)) as url:
        interpreter = StrictInterpreter(url)
        return interpreter.run(machine or definition(), contracts.recorded("s3_object_created")), interpreter


def padded(state: str, size: int) -> Callable[[Any], Any]:
    return lambda _given: {**samples()[state].answer, "padding": "x" * size}


def failing(error: str) -> Callable[[Any], Any]:
    def fail(_given: Any) -> Any:
        raise TaskError(error, "as the test wants")

    return fail


@pytest.mark.parametrize("state", tasks()[:-1])
def test_an_answer_beyond_256_kib_ends_the_execution_and_is_not_tried_again(state: str) -> None:
    ended = run({folder(state): padded(state, MOST_BYTES)})
    assert ended.status == "FAILED"
    assert ended.step(state).errors == ("States.DataLimitExceeded",)


def test_answers_that_are_small_alone_but_not_together_are_refused_too() -> None:
    half = MOST_BYTES * 6 // 10
    ended = run({"resolve_names": padded("Resolve names", half), "write_present": padded("Write present", half)})
    assert (ended.status, ended.error) == ("FAILED", "States.DataLimitExceeded")
    assert ended.path[-1] == "Write present"


def test_the_state_of_the_samples_stays_below_a_hundredth_of_the_limit() -> None:
    ended = run({})
    assert ended.status == "SUCCEEDED"
    assert max(len(json.dumps(step.state_input).encode()) for step in ended.steps) < MOST_BYTES // 100


@pytest.mark.parametrize(
    ("function", "answer", "state"),
    [
        ("start_face_search", {"job_id": "j", "status": "IN_PROGRESS"}, "Wait for face search"),
        ("record_failure", {"error": "BadVideoKeyError"}, "Attendance failed"),
    ],
    ids=["no wait", "no reason"],
)
def test_a_path_that_leads_nowhere_ends_the_execution(function: str, answer: object, state: str) -> None:
    answers = {function: lambda _given: answer}
    if function == "record_failure":
        answers["register_video"] = failing("BadVideoKeyError")
    ended = run(answers)
    assert (ended.status, ended.error) == ("FAILED", "States.Runtime")
    assert ended.path[-1] == state


def test_a_task_that_does_not_answer_in_time_is_tried_twice_more_and_recorded() -> None:
    machine = definition()
    machine["States"]["Resolve names"]["TimeoutSeconds"] = 1
    released = threading.Event()
    try:
        ended = run({"resolve_names": lambda _given: released.wait(30)}, machine)
    finally:
        released.set()
    assert ended.status == "FAILED"
    assert ended.path == [*HAPPY_PATH[: HAPPY_PATH.index("Resolve names") + 1], "Record failure", "Attendance failed"]
    assert next(step for step in ended.steps if step.state == "Resolve names").errors == ("States.Timeout",) * 3
    assert ended.step("Record failure").state_input["error"]["Error"] == "States.Timeout"


def test_the_machines_own_timeout_ends_it_without_record_failure() -> None:
    machine = definition() | {"TimeoutSeconds": 1}
    released = threading.Event()
    try:
        ended = run({"collect_matches": lambda _given: released.wait(30)}, machine)
    finally:
        released.set()
    assert ended.status == "TIMED_OUT"
    assert "Record failure" not in ended.path


def test_throttling_is_met_with_growing_pauses_of_at_most_a_minute() -> None:
    ended, interpreter = run_on_interpreter({"collect_matches": failing("ThrottlingException")})
    assert ended.status == "FAILED"
    assert len(interpreter.pauses) == 8
    assert all(pause <= min(60, 2 * 2**number) for number, pause in enumerate(interpreter.pauses))


def test_the_job_limit_is_waited_out_for_days_and_keeps_the_history_within_its_limit() -> None:
    ended, interpreter = run_on_interpreter({"start_face_search": failing("LimitExceededException")})
    assert ended.status == "FAILED"
    assert len(interpreter.pauses) == 1500
    assert max(interpreter.pauses) <= 300
    # Nine rounds of 20 videos of six hours. Full jitter: 62 hours on average, with a deviation of one.
    assert sum(interpreter.pauses) > 9 * SIX_HOURS
    assert interpreter.events < MOST_EVENTS - MOST_EVENTS_OF_SIX_HOURS


def search_lasting(seconds: float, first: int) -> Callable[[Any], Any]:
    """Get face search as it is, on a clock that the machine's waits move."""
    waited = 0

    def answer(given: Any) -> Any:
        nonlocal waited
        job = given["job"]
        waited += job["wait_seconds"]
        polls = job["polls"] + 1
        status = "SUCCEEDED" if waited >= seconds else "IN_PROGRESS"
        return {**job, "status": status, "polls": polls, "wait_seconds": wait_seconds(polls, first)}

    return answer


def test_a_search_of_six_hours_takes_fewer_than_2000_events() -> None:
    ended, interpreter = run_on_interpreter({"get_face_search": search_lasting(SIX_HOURS, 5)})
    assert ended.status == "SUCCEEDED"
    assert sum(interpreter.waits) >= SIX_HOURS
    assert interpreter.events < MOST_EVENTS_OF_SIX_HOURS


def polls_of(seconds: float, first: int) -> list[int]:
    """The waits until a search of that length is seen to be done."""
    waits = [wait_seconds(0, first)]
    while sum(waits) < seconds:
        waits.append(wait_seconds(len(waits), first))
    return waits


@pytest.mark.parametrize("first", [1, 5, 30, 300])
def test_polling_for_six_hours_stays_below_2000_events_whatever_the_first_wait(first: int) -> None:
    polls = len(polls_of(SIX_HOURS, first))
    assert polls * EVENTS_OF_A_POLL < MOST_EVENTS_OF_SIX_HOURS - len(HAPPY_PATH) * 5


@pytest.mark.parametrize("first", [1, 5])
def test_six_hours_in_which_every_call_is_retried_to_the_end_stay_below_the_limit_of_a_history(first: int) -> None:
    retries = sum(
        retrier["MaxAttempts"] for state in contracts.machine()["States"].values() for retrier in state.get("Retry", ())
    )
    of_a_poll = sum(retrier["MaxAttempts"] for retrier in contracts.machine()["States"]["Get face search"]["Retry"])
    polls = len(polls_of(SIX_HOURS, first))
    events = polls * (EVENTS_OF_A_POLL + of_a_poll * EVENTS_OF_A_RETRY) + retries * EVENTS_OF_A_RETRY
    assert events < MOST_EVENTS


def test_the_end_of_a_short_search_is_noticed_within_seconds() -> None:
    late = {seconds: sum(polls_of(seconds, 5)) - seconds for seconds in range(1, 120)}
    assert {seconds: after for seconds, after in late.items() if after > 5 + seconds / 4} == {}


def test_a_broken_machine_is_refused_by_the_strict_interpreter() -> None:
    machine = definition()
    del machine["States"]["Register video"]["Next"]
    machine["States"]["Register video"]["Typ"] = machine["States"]["Register video"].pop("Type")
    with pytest.raises(ClientError, match="ASLParserException"):
        run({}, machine)
