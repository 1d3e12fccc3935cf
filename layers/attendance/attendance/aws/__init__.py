"""The only place of boto3 in the layer."""

from functools import cache

from attendance import log
from attendance.aws import clients
from attendance.aws.faces import RekognitionFaceSearch
from attendance.aws.objects import S3Objects
from attendance.aws.sessions import DynamoSessions
from attendance.aws.tables import DynamoAttendance, DynamoCourses, DynamoRosters
from attendance.ports import Services
from attendance.settings import Settings


@cache
def services() -> Services:
    """What the steps use, made once per process from the environment.

    Raises:
        SettingsError: a variable is missing or wrong.
    """
    log.configure()
    settings = Settings.from_environment()
    tables = clients.dynamodb()
    return Services(
        settings=settings,
        courses=DynamoCourses(tables, settings),
        rosters=DynamoRosters(tables, settings),
        sessions=DynamoSessions(tables, settings),
        attendance=DynamoAttendance(tables, settings),
        work=S3Objects(clients.s3(), settings),
        faces=RekognitionFaceSearch(clients.rekognition(), settings),
    )
