"""Finding the local stack."""

import json
import os
from pathlib import Path

import pytest
from botocore.utils import get_environ_proxies
from click.testing import CliRunner

from cli.main import main
from cli.stack import NoStackError, default_home, enter, find
from local.home import Home

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
    with Home(tmp_path).lock():
        (tmp_path / "endpoints.json").write_text(json.dumps(TOLD))
        enter(find(tmp_path))
    assert os.environ["AWS_ENDPOINT_URL"] == TOLD["aws"]
    assert os.environ["AWS_ENDPOINT_URL_REKOGNITION"] == TOLD["rekognition"]
    assert os.environ["STUDENTS_TABLE"] == "rollcall-students"
    assert os.environ["POLL_SECONDS"] == "1"
    assert os.environ["AWS_ACCESS_KEY_ID"] == "000000000000"
    assert "AWS_PROFILE" not in os.environ
    assert "AWS_SESSION_TOKEN" not in os.environ


@pytest.mark.parametrize("content", ["", "null", "[]", "{}", '{"settings": 1}', "\x00"])
def test_a_broken_file_is_told_with_what_to_do(tmp_path: Path, content: str) -> None:
    with Home(tmp_path).lock():
        (tmp_path / "endpoints.json").write_text(content)
        with pytest.raises(NoStackError, match=r"cannot be read.*make up"):
            find(tmp_path)


def test_what_a_killed_stack_left_leads_nowhere(tmp_path: Path) -> None:
    with Home(tmp_path).lock():
        (tmp_path / "endpoints.json").write_text(json.dumps(TOLD))
    with pytest.raises(NoStackError, match="no stack is running here"):
        find(tmp_path)


def test_the_stack_is_reached_past_the_proxy_of_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"http_proxy": "http://192.0.2.1:3128", "no_proxy": "school.example"})
    with Home(tmp_path).lock():
        (tmp_path / "endpoints.json").write_text(json.dumps(TOLD))
        enter(find(tmp_path))
    assert get_environ_proxies(os.environ["AWS_ENDPOINT_URL"]) == {}


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
    assert "--stack" in result.output


def test_what_is_kept_is_told_without_a_stack() -> None:
    result = CliRunner().invoke(main, ["retention"])
    assert result.exit_code == 0
    assert "Photos and faces" in result.output
