"""Finding the running stack."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from cli.stack import NoStackError, default_home, enter, find

TOLD = {
    "web": "http://127.0.0.1:8080",
    "aws": "http://127.0.0.1:4566",
    "rekognition": "http://127.0.0.1:4567",
    "region": "us-east-1",
    "settings": {"STUDENTS_TABLE": "rollcall-students", "POLL_SECONDS": 1},
}


def test_every_client_is_pointed_at_the_stack_and_away_from_real_accounts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        os, "environ", {"AWS_PROFILE": "work", "AWS_SESSION_TOKEN": "t", "AWS_ACCESS_KEY_ID": "AKIAREAL"}
    )
    (tmp_path / "endpoints.json").write_text(json.dumps(TOLD))
    stack = enter(tmp_path)
    assert stack.web == TOLD["web"]
    assert os.environ["AWS_ENDPOINT_URL"] == TOLD["aws"]
    assert os.environ["AWS_ENDPOINT_URL_REKOGNITION"] == TOLD["rekognition"]
    assert os.environ["STUDENTS_TABLE"] == "rollcall-students"
    assert os.environ["POLL_SECONDS"] == "1"
    assert os.environ["AWS_ACCESS_KEY_ID"] == "000000000000"
    assert "AWS_PROFILE" not in os.environ
    assert "AWS_SESSION_TOKEN" not in os.environ


@pytest.mark.parametrize("content", ["", "null", "[]", "{}", '{"settings": 1}', "\x00"])
def test_a_broken_file_is_told_with_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / "endpoints.json").write_text(content)
    with pytest.raises(NoStackError, match="make up"):
        find(tmp_path)


def test_the_home_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ROLLCALL_HOME", raising=False)
    assert default_home() == Path(__file__).parents[3] / ".local"
    monkeypatch.setenv("ROLLCALL_HOME", "/elsewhere")
    assert default_home() == Path("/elsewhere")


@pytest.mark.parametrize(
    "command",
    [
        ["process", "VIDEO", "--course", "c"],
        ["students", "import", "VIDEO", ".", "--course", "c"],
        ["users", "list"],
        ["users", "remove", "a@b.c"],
        ["export", "--course", "c"],
        ["retention", "run", "--older-than", "1", "--yes"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_every_command_says_when_no_stack_is_running(tmp_path: Path, command: list[str]) -> None:
    video = tmp_path / "a.mp4"
    video.write_bytes(b"x")
    arguments = [str(video) if word == "VIDEO" else word for word in command]
    result = CliRunner().invoke(main, [*arguments, "--home", str(tmp_path)])
    assert result.exit_code == 1
    assert "no stack is running here: start it with `make up`" in result.output


def test_what_is_kept_is_told_without_a_stack() -> None:
    result = CliRunner().invoke(main, ["retention"])
    assert result.exit_code == 0
    assert "Photos and faces" in result.output
