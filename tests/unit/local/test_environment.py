import os
from pathlib import Path

import pytest

from local.emulator import emulator_environment
from local.environment import clean_environment, forget_real_accounts

SECRETS = {
    "AWS_PROFILE": "work",
    "AWS_SESSION_TOKEN": "token",
    "AWS_ENDPOINT_URL_S3": "http://example.org",
    "GITHUB_TOKEN": "token",
    "HTTPS_PROXY": "http://example.org",
    "SERVICES": "s3",
}


@pytest.fixture(autouse=True)
def developers_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")


def test_children_get_nothing_of_the_developers_accounts(tmp_path: Path) -> None:
    given = clean_environment(tmp_path) | emulator_environment(tmp_path, 4566, "http://127.0.0.1:4567")
    assert not SECRETS.keys() & given.keys()
    assert "AKIAREAL" not in given.values()
    assert given["AWS_CONFIG_FILE"] == given["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert given["AWS_EC2_METADATA_DISABLED"] == "true"
    assert given["TMPDIR"] == str(tmp_path)
    assert given["PATH"] == os.environ["PATH"]


def test_functions_of_the_emulator_call_the_emulator_and_the_face_service(tmp_path: Path) -> None:
    given = emulator_environment(tmp_path, 4999, "http://127.0.0.1:4567")
    assert given["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4999"
    assert given["AWS_ENDPOINT_URL_REKOGNITION"] == "http://127.0.0.1:4567"


def test_the_emulator_keeps_its_state_and_listens_on_this_machine_only(tmp_path: Path) -> None:
    given = emulator_environment(tmp_path, 4566, "")
    assert (given["PERSIST_STATE"], given["S3_PERSIST"]) == ("1", "1")
    assert Path(given["STATE_DIR"]).parent == Path(given["S3_DATA_DIR"]).parent == tmp_path
    assert given["BIND_HOST"] == "127.0.0.1"
    assert (given["SFTP_ENABLED"], given["IOT_MTLS_ENABLED"]) == ("0", "0")


def test_a_process_can_forget_the_developers_accounts() -> None:
    forget_real_accounts()
    assert "AWS_PROFILE" not in os.environ
    assert "AWS_ENDPOINT_URL_S3" not in os.environ
    assert os.environ["AWS_ACCESS_KEY_ID"] == "000000000000"
