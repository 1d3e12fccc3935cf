"""JSON documents in the work bucket."""

import json
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError

from attendance.errors import ServiceBusyError
from attendance.ports import Document
from attendance.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


class S3Objects:
    """The work bucket."""

    def __init__(self, s3: "S3Client", settings: Settings) -> None:
        self._s3 = s3
        self._bucket = settings.work_bucket

    def put(self, key: str, document: Document) -> None:
        """Keep a document."""
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/json")

    def get(self, key: str) -> Document:
        """A kept document.

        Raises:
            ObjectNotFoundError: there is none.
            ServiceBusyError: S3 broke off in the middle of it.
        """
        answer = self._s3.get_object(Bucket=self._bucket, Key=key)
        try:
            text = answer["Body"].read()
        except BotoCoreError as error:
            raise ServiceBusyError("S3 broke off in the middle of a document. Try again in a minute.") from error
        document: Document = json.loads(text)
        return document

    def delete(self, key: str) -> None:
        """Delete a document; one that is not there is no error."""
        self._s3.delete_object(Bucket=self._bucket, Key=key)
