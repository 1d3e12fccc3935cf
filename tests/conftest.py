"""Fixtures every kind of test shares."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def pictures() -> Path:
    """The folder of the demo class's real pictures and footage."""
    folder = ROOT / "build" / "pictures"
    if not (folder / "stamp").exists():
        pytest.fail("the demo class's pictures are missing: run `make pictures`")
    return folder


@pytest.fixture(autouse=True)
def no_real_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may reach an account, whatever the developer's environment holds."""
    astray = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_REKOGNITION", "ROLLCALL_STACK")
    for name in astray:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
