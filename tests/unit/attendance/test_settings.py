"""The settings in the environment."""

import pytest

from attendance.errors import SettingsError
from attendance.settings import Settings, settings_of
from tests.builders import ENVIRONMENT


def test_values_have_their_types() -> None:
    settings = Settings.from_environment(ENVIRONMENT | {"STATE_MACHINE_ARN": "arn:x"})
    assert (settings.students_table, settings.present_threshold, settings.poll_seconds) == (
        "rollcall-students",
        99.0,
        5,
    )
    assert settings.state_machine_arn == "arn:x"


def test_functions_need_no_state_machine() -> None:
    assert Settings.from_environment(ENVIRONMENT).state_machine_arn == ""


@pytest.mark.parametrize("name", sorted(ENVIRONMENT))
def test_a_missing_or_empty_variable_is_named(name: str) -> None:
    for broken in ({k: v for k, v in ENVIRONMENT.items() if k != name}, ENVIRONMENT | {name: ""}):
        with pytest.raises(SettingsError, match=name):
            Settings.from_environment(broken)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PRESENT_THRESHOLD", "high"),
        ("PRESENT_THRESHOLD", "101"),
        ("PRESENT_THRESHOLD", "nan"),
        ("REVIEW_THRESHOLD", "-1"),
        ("REVIEW_THRESHOLD", "high"),
        ("POLL_SECONDS", "0"),
        ("POLL_SECONDS", "1.5"),
        ("DEFAULT_TIME_ZONE", "Mars/Olympus"),
    ],
)
def test_a_value_that_makes_no_sense_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment(ENVIRONMENT | {name: value})


def test_who_is_present_needs_no_review_where_only_one_of_the_thresholds_was_set() -> None:
    settings = Settings.from_environment(ENVIRONMENT | {"PRESENT_THRESHOLD": "85", "REVIEW_THRESHOLD": "90"})
    assert (settings.present_threshold, settings.review_threshold) == (85, 85)


def test_outputs_become_the_names_of_environment_variables() -> None:
    assert settings_of(
        [
            {"OutputKey": "StudentsTable", "OutputValue": "rollcall-students"},
            {"OutputKey": "StateMachineArn", "OutputValue": "arn"},
            {"OutputKey": "DefaultCourseId", "OutputValue": "default"},
        ]
    ) == {"STUDENTS_TABLE": "rollcall-students", "STATE_MACHINE_ARN": "arn", "DEFAULT_COURSE_ID": "default"}
    assert settings_of([]) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MARGIN", "-1"),
        ("MARGIN", "101"),
        ("MARGIN", "wide"),
        ("MINIMUM_SIGHTINGS", "0"),
        ("LATE_AFTER_MINUTES", "-1"),
        ("LEFT_EARLY_MINUTES", "1.5"),
    ],
)
def test_rules_that_make_no_sense_are_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment(ENVIRONMENT | {name: value})
