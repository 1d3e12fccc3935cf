"""The real service in a process of its own, which must outlive whatever it is sent."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from tests.parity.conftest import REGION, Running, running_service, s3, s3_url

__all__ = ["s3", "s3_url"]

DEADLINE_SECONDS = 60.0
"""For one picture or one video, on a busy machine; each takes a second or two."""

MAX_MEMORY_KB = 1_500_000
"""A picture of 64 megapixels takes 192 MB a copy, and several are needed on the way."""


class Target:
    """The service under attack."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self.url = running.url
        self.client = boto3.client(
            "rekognition",
            endpoint_url=running.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=DEADLINE_SECONDS, parameter_validation=False),
        )

    def assert_healthy(self) -> None:
        """The same process still answers, and since this was last asked never took more memory than it may."""
        assert self._running.process.poll() is None, "the service is down"
        with urllib.request.urlopen(f"{self._running.url}/healthz", timeout=DEADLINE_SECONDS) as answer:  # noqa: S310
            assert json.load(answer)["status"] == "ok"
        facts = Path(f"/proc/{self._running.process.pid}")
        if facts.exists():
            lines = (facts / "status").read_text().splitlines()
            (peak,) = (int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
            (facts / "clear_refs").write_text("5")  # the peak begins anew
            assert peak < MAX_MEMORY_KB


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory, s3_url: str) -> Iterator[Target]:
    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
    with running_service(tmp_path_factory.mktemp("attacked"), s3_url, **credentials) as running:
        found = Target(running)
        found.client.create_collection(CollectionId="attacked")
        yield found
