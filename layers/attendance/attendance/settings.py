"""What the environment tells functions, web and command line; the template and the local stack set it."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from typing import TYPE_CHECKING, Any, Self

import pytz

from attendance.errors import SettingsError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import OutputTypeDef


@dataclass(frozen=True)
class Settings:
    """The environment variables of the same names in upper case, typed.

    Attributes:
        collection_id: the face collection; its ExternalImageIds are student ids.
        default_course_id: the course of videos whose key names none.
        default_time_zone: IANA zone of courses that set none.
        present_threshold: similarity (0-100) from which a student is present.
        review_threshold: similarity (0-100) from which a student needs a review; at most present_threshold, which a
            higher one in the environment counts as.
        margin: least distance (0-100) to the runner-up for present, else review.
        minimum_sightings: frames a student must be seen in for present, else review; at least 1.
        late_after_minutes: who is first seen later is late; 0 never says so.
        left_early_minutes: who is last seen more than this before the end left early; 0 never says so.
        poll_seconds: first wait for a face search, at least 1.
        state_machine_arn: empty inside the functions, but for the one that starts runs.
    """

    students_table: str
    courses_table: str
    rosters_table: str
    sessions_table: str
    attendance_table: str
    corrections_table: str
    users_table: str
    audit_table: str
    videos_bucket: str
    photos_bucket: str
    work_bucket: str
    collection_id: str
    default_course_id: str
    default_time_zone: str
    present_threshold: float
    review_threshold: float
    margin: float
    minimum_sightings: int
    late_after_minutes: int
    left_early_minutes: int
    poll_seconds: int
    state_machine_arn: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.review_threshold <= self.present_threshold <= 100:
            raise SettingsError(
                "REVIEW_THRESHOLD and PRESENT_THRESHOLD must be between 0 and 100, and the first not above the second; "
                f"they are {self.review_threshold:g} and {self.present_threshold:g}"
            )
        if not 0 <= self.margin <= 100:
            raise SettingsError(f"MARGIN must be between 0 and 100, it is {self.margin:g}")
        if self.minimum_sightings < 1:
            raise SettingsError(f"MINIMUM_SIGHTINGS must be at least 1, it is {self.minimum_sightings}")
        if min(self.late_after_minutes, self.left_early_minutes) < 0:
            raise SettingsError("LATE_AFTER_MINUTES and LEFT_EARLY_MINUTES must not be negative; 0 is off")
        if self.poll_seconds < 1:
            raise SettingsError(f"POLL_SECONDS must be at least 1, it is {self.poll_seconds}")
        if self.default_time_zone not in pytz.all_timezones_set:
            raise SettingsError(f"DEFAULT_TIME_ZONE must be an IANA zone such as UTC, it is {self.default_time_zone!r}")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the settings.

        Raises:
            SettingsError: a variable is missing or not what it should be; the message names it.
        """
        required = [field.name.upper() for field in fields(cls) if field.default is MISSING]
        missing = [name for name in required if not environment.get(name)]
        if missing:
            raise SettingsError(
                f"Set the environment variables {', '.join(missing)}; see Settings in docs/architecture.md"
            )
        given = [field for field in fields(cls) if environment.get(field.name.upper())]
        values: dict[str, Any] = {field.name: _typed(field, environment[field.name.upper()]) for field in given}
        # A deployment may set just one of the two, as a course may, and leave the other at its default.
        values["review_threshold"] = min(values["review_threshold"], values["present_threshold"])
        return cls(**values)


def settings_of(outputs: "Iterable[OutputTypeDef]") -> dict[str, str]:
    """A stack's outputs under the names of the environment variables: `StudentsTable` ▶ `STUDENTS_TABLE`."""
    return {
        re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", output["OutputKey"]).upper(): output["OutputValue"] for output in outputs
    }


def _typed(field: Field[Any], text: str) -> object:
    """The text as the field's type."""
    convert: Callable[[str], object] = field.type if callable(field.type) else str
    try:
        return convert(text)
    except ValueError as error:
        raise SettingsError(f"{field.name.upper()} must be a number, it is {text!r}") from error
