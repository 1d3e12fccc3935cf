from datetime import UTC, datetime
from typing import Any

from local.deploy import settings_of


def test_outputs_become_the_names_of_environment_variables() -> None:
    outputs: list[Any] = [
        {"OutputKey": "StudentsTable", "OutputValue": "rollcall-students"},
        {"OutputKey": "StateMachineArn", "OutputValue": "arn"},
        {"OutputKey": "DefaultCourseId", "OutputValue": "default"},
    ]
    stack: Any = {"StackName": "rollcall", "CreationTime": datetime.now(UTC), "Outputs": outputs}
    assert settings_of(stack) == {
        "STUDENTS_TABLE": "rollcall-students",
        "STATE_MACHINE_ARN": "arn",
        "DEFAULT_COURSE_ID": "default",
    }


def test_a_stack_without_outputs_has_no_settings() -> None:
    stack: Any = {"StackName": "rollcall"}
    assert settings_of(stack) == {}
