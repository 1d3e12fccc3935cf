"""Finds a stack that is deployed on AWS, with the credentials and the region of whoever runs the command."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 (botocore's, which is none of Python's)
    HTTPClientError,
    InvalidRegionError,
    NoRegionError,
)

from attendance.errors import SettingsError
from attendance.settings import Settings, settings_of
from cli.stack import NoStackError, Stack

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

_CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})
_FACES = "AWS_ENDPOINT_URL_REKOGNITION"
_DENIED = ("AccessDenied", "AccessDeniedException")


def find_deployed(name: str) -> Stack:
    """The stack of a name in the region and the account of this process's credentials, as its outputs tell of it.

    Raises:
        NoStackError: there is no such stack, it is not ready or not one of Rollcall, or AWS does not let us ask.
    """
    with reaching_aws():
        client = boto3.client("cloudformation", config=_CONFIG)
        try:
            found = client.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            raise NoStackError(_refusal(name, error.response["Error"]["Code"])) from error
    status = found["StackStatus"]
    if not status.startswith(("CREATE_COMPLETE", "UPDATE_", "IMPORT_COMPLETE")):
        raise NoStackError(f"the stack {name} is not ready ({status}): wait for its deployment, or deploy it again")
    environment = settings_of(found.get("Outputs", [])) | _face_service(found)
    _check(name, environment)
    account = found.get("StackId", "").split(":")[4:5]
    return Stack(f"the stack {name} in {client.meta.region_name}, account {''.join(account)}", environment, (_FACES,))


def _check(name: str, environment: dict[str, str]) -> None:
    """Refuse a stack whose outputs are not those of this version's template."""
    try:
        is_whole = bool(Settings.from_environment(environment).state_machine_arn)
    except SettingsError:
        is_whole = False
    if not is_whole:
        raise NoStackError(
            f"the stack {name} is none of this version of Rollcall, as its outputs are others: check the name, or "
            "deploy this version with `make deploy`"
        )


def _face_service(stack: "StackTypeDef") -> dict[str, str]:
    """Where the faces are searched, where that is not Rekognition."""
    given = {each["ParameterKey"]: each.get("ParameterValue") for each in stack.get("Parameters", [])}
    url = given.get("FaceServiceUrl")
    return {_FACES: url} if url else {}


@contextlib.contextmanager
def reaching_aws() -> Iterator[None]:
    """Turn what keeps us from asking AWS anything into words that say what to do.

    Raises:
        NoStackError: there is no region, no answer, or there are no credentials.
    """
    try:
        yield
    except (NoRegionError, InvalidRegionError) as error:
        raise NoStackError("no region of AWS is set: set AWS_DEFAULT_REGION to the one the stack is in") from error
    except (ConnectionError, HTTPClientError, ValueError) as error:  # a ValueError is what no address can be
        raise NoStackError(
            f"AWS does not answer ({type(error).__name__}): check the connection, the region and AWS_ENDPOINT_URL"
        ) from error
    except BotoCoreError as error:  # none, half of them, a profile that is not there, a sign-in that has ended
        raise NoStackError(
            f"there are no credentials for AWS ({type(error).__name__}): sign in with `aws configure` or "
            "`aws sso login`, and set AWS_PROFILE if they are not the default ones"
        ) from error


def _refusal(name: str, code: str) -> str:
    if code == "ValidationError":
        return (
            f"there is no stack {name} in this account and region: check the name, AWS_PROFILE and AWS_DEFAULT_REGION; "
            "`make deploy` makes one"
        )
    if code in _DENIED:
        return f"these credentials may not ask about the stack {name}: they need cloudformation:DescribeStacks"
    return f"AWS refuses these credentials or this request ({code}): sign in again, and check AWS_PROFILE"
