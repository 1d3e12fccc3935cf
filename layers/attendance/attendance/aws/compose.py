"""Puts the parts that people use together from the settings: for the web, the command line and the local stack."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from attendance.accounts import Accounts
from attendance.aws.accounts import DynamoAccounts
from attendance.aws.corrections import DynamoCorrectionStore
from attendance.aws.people import DynamoDirectory, DynamoUsers, table_client
from attendance.aws.photos import RekognitionFaces, S3Photos
from attendance.aws.reader import DynamoReader
from attendance.aws.students import DynamoStudents
from attendance.corrections import Corrector
from attendance.enrolment import Enroller
from attendance.settings import Settings
from attendance.users import Users

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


def enroller(settings: Settings) -> Enroller:
    """Enrols students into the collection, the bucket and the tables of the settings."""
    return Enroller(
        RekognitionFaces(settings.collection_id),
        S3Photos(settings.photos_bucket),
        DynamoDirectory(settings.students_table, settings.courses_table, settings.rosters_table, settings.audit_table),
        settings.default_course_id,
        utc_now,
    )


def users(settings: Settings) -> Users:
    """The accounts of the settings' table."""
    return Users(DynamoUsers(settings.users_table), utc_now)


def accounts(settings: Settings) -> Accounts:
    """Keeps the accounts of the settings' table, with an audit entry for each change."""
    return Accounts(DynamoAccounts(settings), users(settings), reader(settings), DynamoStudents(settings))


def reader(settings: Settings, client: "DynamoDBClient | None" = None) -> DynamoReader:
    """Reads the settings' tables."""
    return DynamoReader(
        settings.courses_table,
        settings.rosters_table,
        settings.sessions_table,
        settings.attendance_table,
        settings.corrections_table,
        settings.default_course_id,
        settings.default_time_zone,
        client,
    )


def corrector(settings: Settings) -> Corrector:
    """Corrects rows of the settings' registers."""
    client = table_client()
    return Corrector(DynamoCorrectionStore(client, settings, reader(settings, client)), utc_now)


def utc_now() -> datetime:
    """This moment, with its zone."""
    return datetime.now(UTC)
