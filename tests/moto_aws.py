"""moto's AWS for many tests, quickly."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import boto3
from moto import mock_aws


@contextmanager
def moto_aws() -> Iterator[None]:
    """An empty AWS. All tests share one session, or botocore would read the models of its services for each anew."""
    with mock_aws():
        boto3.DEFAULT_SESSION = _session()
        yield
    boto3.DEFAULT_SESSION = None


@cache
def _session() -> boto3.Session:
    return boto3.Session()
