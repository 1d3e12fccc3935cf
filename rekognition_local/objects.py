"""Reading S3 objects through boto3, whatever S3 its environment points at."""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from rekognition_local.errors import InternalServerError, InvalidS3ObjectError
from rekognition_local.ports import ObjectFacts, S3Reference

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CONFIG = Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 3})
# Rekognition's own words, which its users search for.
_UNREADABLE = "Unable to get object metadata from S3. Check object key, region and/or access permissions."


class S3UnavailableError(InternalServerError):
    """S3 cannot be reached or is in trouble; the same request may succeed later."""


class S3Objects:
    """Reads objects with the service's own credentials and endpoint (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3`)."""

    def __init__(self, region: str) -> None:
        self._client: S3Client = boto3.client("s3", region_name=region, config=_CONFIG)

    def describe(self, reference: S3Reference) -> ObjectFacts:
        """The object's size and ETag.

        Raises:
            InvalidS3ObjectError: there is no such object, or it may not be read.
            S3UnavailableError: S3 does not answer.
        """
        with _translated_errors():
            head = self._client.head_object(**_arguments(reference))
        return ObjectFacts(size=head["ContentLength"], etag=head["ETag"])

    def read(self, reference: S3Reference, limit: int) -> bytes:
        """The object's bytes, at most `limit + 1` of them; errors as `describe`."""
        with _translated_errors(), closing(self._client.get_object(**_arguments(reference))["Body"]) as body:
            return body.read(limit + 1)

    def download(self, reference: S3Reference, etag: str, path: Path) -> None:
        """Write the object to a file; errors as `describe`.

        Raises:
            InvalidS3ObjectError: also when the object's content is no longer that of `etag`.
        """
        with (
            _translated_errors(),
            # not `with ["Body"]`: that gives the raw stream, which keeps quiet when it is cut short
            closing(self._client.get_object(**_arguments(reference), IfMatch=etag)["Body"]) as body,
            path.open("wb") as file,
        ):
            shutil.copyfileobj(body, file, 1 << 20)


def _arguments(reference: S3Reference) -> Any:
    arguments = {"Bucket": reference.bucket, "Key": reference.name}
    return arguments if reference.version is None else {**arguments, "VersionId": reference.version}


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except ParamValidationError as error:
        raise InvalidS3ObjectError(_UNREADABLE) from error
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 412:
            raise InvalidS3ObjectError("The S3 object was changed after its search was started.") from error
        if status >= 500 or status == 429:
            raise S3UnavailableError(f"S3 answered {status}; try again later.") from error
        raise InvalidS3ObjectError(_UNREADABLE) from error
    except OSError as error:
        raise InternalServerError(f"The S3 object could not be stored on this machine: {error.strerror}.") from error
    except BotoCoreError as error:
        raise S3UnavailableError(f"S3 cannot be read ({type(error).__name__}); is its endpoint right?") from error
