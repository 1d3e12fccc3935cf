"""What errors say to people."""

import json

import pytest

from attendance import errors
from attendance.errors import RollcallError, reason

NAMED_FOR_AWS = ("AccessDeniedError", "ObjectNotFoundError", "ServiceBusyError")


def cause(message: object) -> str:
    return json.dumps({"errorMessage": message, "errorType": "X", "stackTrace": []})


def test_an_error_of_ours_speaks_for_itself() -> None:
    assert reason("EmptyVideoError", cause("The video is empty.")) == "The video is empty."


@pytest.mark.parametrize("broken", ["", "not json", "[]", "null", cause(None), cause(["x"])])
def test_an_error_of_ours_with_a_broken_cause_still_has_a_reason(broken: str) -> None:
    assert "EmptyVideoError" in reason("EmptyVideoError", broken)


def test_the_message_of_an_unknown_error_is_not_shown_since_it_may_hold_anything() -> None:
    assert "Ada" not in reason("KeyError", cause("Ada Lovelace"))
    assert "KeyError" in reason("KeyError", cause("Ada Lovelace"))


@pytest.mark.parametrize(
    "name",
    [
        "InvalidS3ObjectException",
        "LimitExceededException",
        "VideoTooLargeException",
        "AccessDeniedException",
        "ThrottlingException",
        "ResourceNotFoundException",
        "IdempotentParameterMismatchException",
        "AccessDeniedError",
        "ServiceBusyError",
        "ObjectNotFoundError",
        "Execution.TimedOut",
        "Execution.Aborted",
        "States.Timeout",
        "States.TaskFailed",
        "Sandbox.Timedout",
        "Lambda.Unknown",
    ],
)
def test_every_error_of_aws_that_can_come_has_a_sentence_that_tells_what_to_do(name: str) -> None:
    said = reason(name, "")
    assert said.endswith(".")
    assert "unexpected" not in said


def test_every_named_error_is_known_by_name_to_the_state_machine() -> None:
    named = [error for error in vars(errors).values() if isinstance(error, type) and issubclass(error, RollcallError)]
    assert all(error.__name__.endswith("Error") and error.__doc__ for error in named)
    ours = [error for error in named if error is not RollcallError and error.__name__ not in NAMED_FOR_AWS]
    assert all(reason(error.__name__, cause("Do this.")) == "Do this." for error in ours)


@pytest.mark.parametrize("name", NAMED_FOR_AWS)
def test_what_a_service_says_under_a_name_of_ours_is_not_shown(name: str) -> None:
    assert "arn:aws" not in reason(name, cause("User: arn:aws:sts::1:assumed-role/x is not authorized"))
