"""Quick checks of whether the services Rollcall lives on answer."""

from collections.abc import Callable
from functools import partial

import boto3
from botocore.config import Config

from attendance.settings import Settings

_IMPATIENT = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1})
"""A health check must answer before whoever asks gives up."""


def checks(settings: Settings) -> dict[str, Callable[[], None]]:
    """By name, a call that returns when the service answers and raises when it does not."""
    tables = {
        "students": settings.students_table,
        "courses": settings.courses_table,
        "rosters": settings.rosters_table,
        "sessions": settings.sessions_table,
        "attendance": settings.attendance_table,
        "corrections": settings.corrections_table,
        "users": settings.users_table,
        "audit": settings.audit_table,
    }
    database = boto3.client("dynamodb", config=_IMPATIENT)

    def table_answers(name: str) -> None:
        database.describe_table(TableName=name)

    found: dict[str, Callable[[], None]] = {
        f"table {what}": partial(table_answers, name) for what, name in tables.items()
    }
    return found | {"face service": partial(_faces_answer, settings.collection_id)}


def _faces_answer(collection_id: str) -> None:
    """Ask for the collection; before the first enrolment there is none, and saying so is an answer too."""
    client = boto3.client("rekognition", config=_IMPATIENT)
    try:
        client.describe_collection(CollectionId=collection_id)
    except client.exceptions.ResourceNotFoundException:
        return
