"""What the machine must do with each kind of answer of its functions: the cases of MockConfigFile.json.

A case gives the answers of some tasks, one after another and over all visits of the state; every other task answers
with its sample. Expected are the states on the way, the number of tries of each task that is tried more than once a
visit, and the end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.machine import states, tasks
from tests.samples import samples
from tests.statemachine.machine import HAPPY_PATH

Answer = Mapping[str, Any]
"""`{"Return": ...}` or `{"Throw": {"Error": ..., "Cause": ...}}`, as in the file."""

FAILED = ("Record failure", "Attendance failed")
ONE_POLL = ("Wait for face search", "Get face search", "Face search finished?")
DECISION = "Resolve names"
OUTDATED = "SessionChangedError"


@dataclass(frozen=True)
class Case:
    """One way through the machine.

    Attributes:
        name: as in the file and after the # of the ARN that an execution is started with.
        answers: state ▶ its answers.
        path: the states in the order they are entered.
        tries: state ▶ how often its function is called, where that is not once a visit.
        status: SUCCEEDED or FAILED.
        error: the execution's error.
    """

    name: str
    answers: Mapping[str, Sequence[Answer]]
    path: Sequence[str]
    tries: Mapping[str, int] = field(default_factory=dict)
    status: str = "SUCCEEDED"
    error: str = ""


def fine(state: str, **changes: Any) -> Answer:
    """The task's sample, with changes; waits are a second, since Step Functions Local really waits."""
    answer = samples()[state].answer
    brief = {"wait_seconds": 1} if "wait_seconds" in answer else {}
    return {"Return": answer | brief | changes}


def thrown(error: str, times: int = 1) -> list[Answer]:
    """An error of that name, so often."""
    return [{"Throw": {"Error": error, "Cause": f"mocked {error}"}}] * times


def until(state: str) -> list[str]:
    """The path to the first visit of a state, with it."""
    return HAPPY_PATH[: HAPPY_PATH.index(state) + 1]


def recovers(name: str, state: str, error: str, times: int) -> Case:
    """A task that fails a few times and is then fine."""
    return Case(name, {state: [*thrown(error, times), fine(state)]}, HAPPY_PATH, {state: times + 1})


def fails(name: str, state: str, error: str, times: int = 1) -> Case:
    """A task whose error is recorded after so many tries."""
    answers = {state: thrown(error, times), "Record failure": [fine("Record failure", error=error)]}
    return Case(name, answers, [*until(state), *FAILED], {state: times}, "FAILED", error)


def outdated(state: str) -> Case:
    """Twice the session was decided anew meanwhile, and the machine decides again."""
    again = HAPPY_PATH[HAPPY_PATH.index(DECISION) : HAPPY_PATH.index(state) + 1]
    rest = HAPPY_PATH[HAPPY_PATH.index(state) + 1 :]
    answers = {state: [*thrown(OUTDATED, 2), fine(state)]}
    return Case(f"Outdated{state.title().replace(' ', '')}", answers, [*until(state), *again * 2, *rest])


CASES = (
    Case("HappyPath", {}, HAPPY_PATH),
    Case(
        "SearchTakesItsTime",
        {"Get face search": [*[fine("Get face search", status="IN_PROGRESS")] * 3, fine("Get face search")]},
        [*until("Start face search"), *ONE_POLL * 3, *HAPPY_PATH[2:]],
    ),
    recovers("StartThrottledThenFine", "Start face search", "ThrottlingException", 2),
    recovers("JobLimitThenFine", "Start face search", "LimitExceededException", 4),
    recovers("PollThrottledThenFine", "Get face search", "ProvisionedThroughputExceededException", 3),
    recovers("WriteRefusedThenFine", "Write absent", "UnprocessedItemsError", 2),
    recovers("FunctionTimedOutThenFine", "Resolve names", "Sandbox.Timedout", 2),
    recovers("FunctionCrashedThenFine", "Collect matches", "Runtime.ExitError", 1),
    recovers("LambdaThrottledThenFine", "Register video", "Lambda.TooManyRequestsException", 1),
    fails("ThrottledForGood", "Collect matches", "ThrottlingException", 9),
    fails("TimedOutForGood", "Write present", "Sandbox.Timedout", 3),
    fails("SearchFailed", "Get face search", "FaceSearchFailedError"),
    fails("BadVideoKey", "Register video", "BadVideoKeyError"),
    fails("VideoGone", "Start face search", "InvalidS3ObjectException"),
    *(fails(f"{task.title().replace(' ', '')}Broken", task, "KeyError") for task in tasks() if task in HAPPY_PATH),
    *(outdated(task) for task in tasks() if OUTDATED in str(states()[task].get("Catch"))),
    Case(
        "RecordThrottledThenFine",
        {
            "Register video": thrown("BadVideoKeyError"),
            "Record failure": [*thrown("ThrottlingException"), fine("Record failure", error="BadVideoKeyError")],
        },
        ["Register video", *FAILED],
        {"Record failure": 2},
        "FAILED",
        "BadVideoKeyError",
    ),
    Case(
        "FailureNotRecorded",
        {"Register video": thrown("BadVideoKeyError"), "Record failure": thrown("AccessDeniedError")},
        ["Register video", "Record failure", "Failure not recorded"],
        status="FAILED",
        error="FailureNotRecordedError",
    ),
)
