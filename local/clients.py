"""Clients of a local stack's services, whatever the caller's AWS configuration is."""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from local.environment import ACCESS_KEY, REGION, SECRET_KEY

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource
    from mypy_boto3_rekognition.client import RekognitionClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_secretsmanager.client import SecretsManagerClient
    from mypy_boto3_stepfunctions.client import SFNClient

_CONFIG = Config(retries={"total_max_attempts": 3}, s3={"addressing_style": "path"}, proxies={})


def _session() -> boto3.Session:
    return boto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION)


def cloudformation(endpoint: str) -> "CloudFormationClient":
    """A CloudFormation client of the emulated AWS at `endpoint`."""
    return _session().client("cloudformation", endpoint_url=endpoint, config=_CONFIG)


def s3(endpoint: str) -> "S3Client":
    """An S3 client of the emulated AWS at `endpoint`."""
    return _session().client("s3", endpoint_url=endpoint, config=_CONFIG)


def stepfunctions(endpoint: str) -> "SFNClient":
    """A Step Functions client of the emulated AWS at `endpoint`."""
    return _session().client("stepfunctions", endpoint_url=endpoint, config=_CONFIG)


def secretsmanager(endpoint: str) -> "SecretsManagerClient":
    """A Secrets Manager client of the emulated AWS at `endpoint`."""
    return _session().client("secretsmanager", endpoint_url=endpoint, config=_CONFIG)


def dynamodb(endpoint: str) -> "DynamoDBServiceResource":
    """The tables of the emulated AWS at `endpoint`."""
    return _session().resource("dynamodb", endpoint_url=endpoint, config=_CONFIG)


def rekognition(endpoint: str) -> "RekognitionClient":
    """A Rekognition client of the face service at `endpoint`."""
    return _session().client("rekognition", endpoint_url=endpoint, config=_CONFIG)
