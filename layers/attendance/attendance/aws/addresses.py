"""Signed addresses of buckets: with one a browser sends or gets a file itself, and needs no account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

UPLOAD_SECONDS = 12 * 3600
"""How long an address to send to works: a slow line takes hours for a lecture."""


@dataclass(frozen=True)
class PostForm:
    """A form that a browser sends to the bucket: where to, and the fields that go before the file."""

    url: str
    fields: Mapping[str, str]


def signing_client() -> "S3Client":
    """A client whose addresses name the bucket's region, and whose signatures have version 4.

    botocore by itself signs for S3's one global host. That leads a browser on to the region until the name of a new
    bucket is known everywhere, and regions newer than 2019 never accept it. A local endpoint keeps the bucket in the
    path.
    """
    return boto3.client("s3", config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"}))


def origin(client: "S3Client", bucket: str) -> str:
    """A bucket's scheme, host and port, for a browser's leave to go there."""
    address = urlsplit(client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "x"}))
    return f"{address.scheme}://{address.netloc}"


def post_form(
    client: "S3Client", bucket: str, key: str, most_bytes: int, then: str = "", conditions: Sequence[Any] = ()
) -> PostForm:
    """A form for one file.

    Args:
        client: signs it.
        bucket: where the file is kept.
        key: the object's; may hold S3's `${filename}`.
        most_bytes: what the file may have at most; an empty one is refused.
        then: where a browser is led afterwards; with none the bucket answers 204.
        conditions: further ones of the form's policy.
    """
    leads = {"success_action_redirect": then} if then else {}
    made = client.generate_presigned_post(
        bucket,
        key,
        Fields=dict(leads),
        Conditions=[*conditions, ["content-length-range", 1, most_bytes], *([leads] if leads else [])],
        ExpiresIn=UPLOAD_SECONDS,
    )
    return PostForm(made["url"], made["fields"])
