"""Clients of AWS's services with the same patience and error names everywhere.

A modelled error reaches the state machine under its own name; the others would all be called ClientError. Those that
matter get a name here.
"""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from attendance.errors import AccessDeniedError, ObjectNotFoundError, RollcallError, ServiceBusyError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource
    from mypy_boto3_rekognition.client import RekognitionClient
    from mypy_boto3_s3.client import S3Client

_CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})
"""A few quick tries; the state machine has the long patience, and a function must answer within its 60 s."""

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


@cache
def dynamodb() -> "DynamoDBServiceResource":
    """DynamoDB with Python's types in place of its own."""
    resource = boto3.resource("dynamodb", config=_CONFIG)
    resource.meta.client.meta.events.register("after-call", _raise_named)
    return resource


@cache
def s3() -> "S3Client":
    """S3."""
    client = boto3.client("s3", config=_CONFIG)
    client.meta.events.register("after-call", _raise_named)
    return client


@cache
def rekognition() -> "RekognitionClient":
    """Rekognition, or the face service that AWS_ENDPOINT_URL_REKOGNITION names."""
    client = boto3.client("rekognition", config=_CONFIG)
    client.meta.events.register("after-call", _raise_named)
    return client


def _raise_named(parsed: Mapping[str, Any], **_: object) -> None:
    error = parsed.get("Error", {})
    named = _NAMES.get(str(error.get("Code")))
    if named:
        raise named(f"{error.get('Message') or error.get('Code')}")
