from pathlib import Path

import pytest

from rekognition_local.settings import DEFAULT_PORT, Settings


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_environment({}) == Settings(Path(".local/rekognition"), DEFAULT_PORT, "us-east-1")


def test_the_environment_is_read() -> None:
    environment = {
        "ROLLCALL_REKOGNITION_HOME": "/data",
        "ROLLCALL_REKOGNITION_PORT": "0",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    assert Settings.from_environment(environment) == Settings(Path("/data"), 0, "eu-west-1")


@pytest.mark.parametrize("port", ["", "-1", "65536", "http", "4567.0"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(ValueError, match="ROLLCALL_REKOGNITION_PORT"):
        Settings.from_environment({"ROLLCALL_REKOGNITION_PORT": port})
