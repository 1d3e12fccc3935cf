"""Puts together what finds and restarts runs.

For the functions too, so it imports nothing that their layer does not hold, as `compose` does.
"""

from functools import cache
from typing import TYPE_CHECKING

from attendance import log
from attendance.aws import clients, services_with
from attendance.aws.runs import DynamoSessionReader, S3Uploads, StepFunctionsRuns
from attendance.recovery import Tools
from attendance.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource
    from mypy_boto3_rekognition.client import RekognitionClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_stepfunctions.client import SFNClient


@cache
def tools() -> Tools:
    """For a function, made once per process from the environment."""
    log.configure()
    return tools_of(Settings.from_environment())


def tools_of(settings: Settings) -> Tools:
    """For the settings' stack, which this process's environment leads to."""
    return tools_with(settings, clients.dynamodb(), clients.s3(), clients.rekognition(), clients.stepfunctions())


def tools_with(
    settings: Settings,
    tables: "DynamoDBServiceResource",
    s3: "S3Client",
    rekognition: "RekognitionClient",
    states: "SFNClient",
) -> Tools:
    """Made of given clients, which name errors as those of `clients` do."""
    return Tools(
        services=services_with(settings, tables, s3, rekognition),
        sessions=DynamoSessionReader(tables, settings),
        runs=StepFunctionsRuns(states, settings),
        uploads=S3Uploads(s3, settings),
    )
