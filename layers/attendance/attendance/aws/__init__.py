"""The only place of boto3 in the layer."""

from functools import cache
from typing import TYPE_CHECKING

from attendance import log
from attendance.aws import clients
from attendance.aws.erasures import DynamoErasures
from attendance.aws.faces import RekognitionFaceSearch
from attendance.aws.objects import S3Objects
from attendance.aws.sessions import DynamoSessions
from attendance.aws.tables import DynamoAttendance, DynamoCorrections, DynamoCourses, DynamoRosters
from attendance.ports import Services
from attendance.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource
    from mypy_boto3_rekognition.client import RekognitionClient
    from mypy_boto3_s3.client import S3Client


@cache
def services() -> Services:
    """What the steps use, made once per process from the environment.

    Raises:
        SettingsError: a variable is missing or wrong.
    """
    log.configure()
    return services_with(Settings.from_environment(), clients.dynamodb(), clients.s3(), clients.rekognition())


def services_with(
    settings: Settings, tables: "DynamoDBServiceResource", s3: "S3Client", rekognition: "RekognitionClient"
) -> Services:
    """What the steps use, made of given clients."""
    return Services(
        settings=settings,
        courses=DynamoCourses(tables, settings),
        rosters=DynamoRosters(tables, settings),
        sessions=DynamoSessions(tables, settings),
        attendance=DynamoAttendance(tables, settings),
        corrections=DynamoCorrections(tables, settings),
        erasures=DynamoErasures(tables, settings),
        work=S3Objects(s3, settings),
        faces=RekognitionFaceSearch(rekognition, settings),
    )
