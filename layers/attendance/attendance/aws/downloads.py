"""Files that people download from the work bucket, for they are too large to pass through the web."""

import secrets
from typing import IO

from attendance.aws.addresses import signing_client

PREFIX = "_exports/"
"""No course_id starts with an underscore. What is here is erased after a day, by the bucket itself."""
SECONDS = 60
"""How long the address of a file works; a download that has begun goes on."""


class S3Downloads:
    """The work bucket as a place that browsers fetch files from, once and soon."""

    def __init__(self, bucket: str) -> None:
        self._client = signing_client()
        self._bucket = bucket

    def keep(self, file: IO[bytes], content_type: str, disposition: str) -> str:
        """Keep a file under a name that nobody can guess.

        Args:
            file: sent part by part, from where it stands.
            content_type: the header Content-Type that the browser gets with it.
            disposition: the header Content-Disposition.

        Returns:
            The address by which a browser gets it, without an account.
        """
        key = f"{PREFIX}{secrets.token_hex(16)}"
        told = {"ContentType": content_type, "ContentDisposition": disposition, "CacheControl": "no-store"}
        self._client.upload_fileobj(file, self._bucket, key, ExtraArgs=told)
        return self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=SECONDS
        )
