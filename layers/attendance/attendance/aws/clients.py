"""Clients of AWS's services with the same patience and error names everywhere.

A modelled error reaches the state machine under its own name; the others would all be called ClientError. Those that
matter get a name here.
"""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from attendance.aws.repeating import repeat
from attendance.aws.transactions import repeat_conflicts
from attendance.errors import AccessDeniedError, ObjectNotFoundError, RollcallError, ServiceBusyError

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.model import OperationModel
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource
    from mypy_boto3_rekognition.client import RekognitionClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_stepfunctions.client import SFNClient

_CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})
"""A few quick tries; the state machine has the long patience, and a function must answer within its 60 s."""

_THROTTLED = frozenset({"ThrottlingException", "ProvisionedThroughputExceededException"})
_FIRST_PAUSE = 0.25
"""Seconds; eight tries take 32 s at most. A result has up to a thousand pages, and a step that gave up at one would
begin again at the first."""

_NAMES: Mapping[str, type[RollcallError]] = {
    "AccessDenied": AccessDeniedError,
    "403": AccessDeniedError,
    "NoSuchKey": ObjectNotFoundError,
    "NoSuchBucket": ObjectNotFoundError,
    "404": ObjectNotFoundError,
    "SlowDown": ServiceBusyError,
    "ServiceUnavailable": ServiceBusyError,
    "InternalError": ServiceBusyError,
    "500": ServiceBusyError,
    "503": ServiceBusyError,
}

_DENIED = "AccessDeniedException"
"""Rekognition models it, so that it is raised under this name; DynamoDB and Step Functions answer it all the same."""


@cache
def dynamodb() -> "DynamoDBServiceResource":
    """DynamoDB with Python's types in place of its own."""
    resource = boto3.resource("dynamodb", config=_CONFIG)
    name_errors(resource.meta.client)
    repeat_conflicts(resource.meta.client)
    return resource


@cache
def s3() -> "S3Client":
    """S3."""
    client = boto3.client("s3", config=_CONFIG)
    name_errors(client)
    return client


@cache
def rekognition() -> "RekognitionClient":
    """Rekognition, or the face service that AWS_ENDPOINT_URL_REKOGNITION names."""
    client = boto3.client("rekognition", config=_CONFIG)
    name_errors(client)
    repeat(client, "rekognition.GetFaceSearch", _THROTTLED, _FIRST_PAUSE)
    return client


@cache
def stepfunctions() -> "SFNClient":
    """Step Functions."""
    client = boto3.client("stepfunctions", config=_CONFIG)
    name_errors(client)
    return client


def name_errors(client: "BaseClient") -> None:
    """Let a client raise the errors that have a name here under it."""
    client.meta.events.register("after-call", _raise_named)


def _raise_named(parsed: Mapping[str, Any], model: "OperationModel", **_: object) -> None:
    error = parsed.get("Error", {})
    code = str(error.get("Code"))
    named = _NAMES.get(code)
    if code == _DENIED and code not in {shape.name for shape in model.error_shapes}:
        named = AccessDeniedError
    if named:
        raise named(f"{error.get('Message') or error.get('Code')}")
