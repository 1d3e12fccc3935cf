"""moto's AWS for many tests, quickly."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from moto import mock_aws


class _OneOfEach(boto3.Session):
    """Makes each client once: a client keeps nothing of the AWS behind it, and is slow to make."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[str, Any] = {}

    def client(self, *service: Any, **given: Any) -> Any:
        config = given.get("config")
        options = {**given, "config": config and sorted(vars(config).items(), key=str)}
        surroundings = sorted(item for item in os.environ.items() if item[0].startswith("AWS_"))
        key = repr((service, sorted(options.items()), surroundings))
        if key not in self._made:
            self._made[key] = super().client(*service, **given)
        return self._made[key]


@contextmanager
def moto_aws() -> Iterator[None]:
    """An empty AWS. All tests share one session, or botocore would read the models of its services for each anew."""
    with mock_aws():
        boto3.DEFAULT_SESSION = _session()
        yield
    boto3.DEFAULT_SESSION = None


@cache
def _session() -> boto3.Session:
    return _OneOfEach()
