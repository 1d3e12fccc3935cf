import json
import os
import stat
from dataclasses import asdict
from pathlib import Path

import pytest

from local.home import ADMIN_EMAIL, ROOT, Endpoints, Home, HomeError, HomeInUseError, write_private

ENDPOINTS = Endpoints(
    web="http://127.0.0.1:8000",
    aws="http://127.0.0.1:4566",
    rekognition="http://127.0.0.1:4567",
    bucket="videos",
    collection="rollcall",
    state_machine="arn",
    region="us-east-1",
    admin_email="admin@rollcall.local",
    admin_password="the-password",
    settings={"STUDENTS_TABLE": "students"},
)


def test_a_home_is_where_the_environment_says_or_in_the_checkout(tmp_path: Path) -> None:
    assert Home.from_environment({"ROLLCALL_HOME": str(tmp_path)}).folder == tmp_path
    assert Home.from_environment({"ROLLCALL_HOME": ""}).folder == ROOT / ".local"
    assert Home.from_environment({}).folder == ROOT / ".local"


def test_a_home_in_use_is_refused_with_the_process_that_holds_it(tmp_path: Path) -> None:
    with Home(tmp_path).lock(), pytest.raises(HomeInUseError, match=rf"{tmp_path} \(process {os.getpid()}\)"):
        Home(tmp_path).lock()


def test_a_released_home_can_be_used_again(tmp_path: Path) -> None:
    with Home(tmp_path).lock():
        pass
    with Home(tmp_path).lock() as lock:
        lock.seek(0)
        assert lock.read() == str(os.getpid())


@pytest.mark.parametrize("names", [("lock",), ("lost+found",), ("rekognition",), ()])
def test_a_folder_before_its_first_start_is_taken(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (tmp_path / name).touch()
    with Home(tmp_path).lock():
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


@pytest.mark.parametrize("kept", ["lock", "secrets.json"])
def test_the_home_of_an_earlier_stack_is_taken_again(tmp_path: Path, kept: str) -> None:
    home = Home(tmp_path)
    with home.lock():
        home.secrets()
        home.temporary.mkdir()
    for name in {"lock", "secrets.json"} - {kept}:
        (tmp_path / name).unlink()
    with home.lock():
        assert home.temporary.is_dir()


@pytest.mark.parametrize(
    "files",
    [
        {"thesis.txt": ""},
        {"tmp": ""},
        {"thesis.txt": "", "lock": ""},
        {"thesis.txt": "", "lock": "held by an editor"},
        {"thesis.txt": "", "secrets.json": '{"token": "x"}'},
        {"thesis.txt": "", "secrets.json": ""},
    ],
)
def test_a_folder_of_something_else_is_refused_and_stays_as_it_is(tmp_path: Path, files: dict[str, str]) -> None:
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o755)
    for name, content in files.items():
        (folder / name).write_text(content)
    with pytest.raises(HomeError, match="set ROLLCALL_HOME to a new or empty folder"):
        Home(folder).lock()
    assert {path.name: path.read_text() for path in folder.iterdir()} == files
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_a_place_where_no_folder_can_be_is_told_with_what_to_set(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HomeError, match=r"Not a directory.*set ROLLCALL_HOME"):
        Home(tmp_path / "file" / "home").lock()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"admin_email": "a"}', "\x00", '{"unknown": "x"}'])
def test_damaged_secrets_are_told_with_what_to_do_and_kept(tmp_path: Path, text: str) -> None:
    (tmp_path / "secrets.json").write_text(text)
    with pytest.raises(HomeError, match=r"secrets\.json is damaged: restore it from a backup"):
        Home(tmp_path).secrets()
    assert (tmp_path / "secrets.json").read_text() == text


@pytest.mark.parametrize("value", [None, 1, ""])
def test_a_secret_that_is_no_text_is_damage(tmp_path: Path, value: object) -> None:
    (tmp_path / "secrets.json").write_text(json.dumps(asdict(Home(tmp_path).secrets()) | {"secret_key": value}))
    with pytest.raises(HomeError, match="damaged"):
        Home(tmp_path).secrets()


def test_secrets_are_made_once(tmp_path: Path) -> None:
    made = Home(tmp_path).secrets()
    assert made.admin_email == ADMIN_EMAIL
    assert len(made.admin_password) >= 16
    assert len(made.secret_key) >= 32
    assert Home(tmp_path).secrets() == made
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_two_homes_have_different_secrets(tmp_path: Path) -> None:
    one, two = Home(tmp_path / "1").secrets(), Home(tmp_path / "2").secrets()
    assert one.admin_password != two.admin_password
    assert one.secret_key != two.secret_key


def test_secrets_are_not_shown_when_printed(tmp_path: Path) -> None:
    made = Home(tmp_path).secrets()
    assert made.admin_password not in repr(made)
    assert made.secret_key not in repr(made)
    assert ENDPOINTS.admin_password not in repr(ENDPOINTS)


def test_a_replaced_private_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "endpoints.json"
    path.write_text("{}")
    path.chmod(0o666)
    write_private(path, {"a": 1})
    assert json.loads(path.read_text()) == {"a": 1}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_endpoints_point_clients_at_the_stack_and_at_no_account(tmp_path: Path) -> None:
    variables = ENDPOINTS.client_environment
    assert variables["AWS_ENDPOINT_URL"] == ENDPOINTS.aws
    assert variables["AWS_ENDPOINT_URL_REKOGNITION"] == ENDPOINTS.rekognition
    assert variables["STUDENTS_TABLE"] == "students"
    assert variables["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull


def test_nothing_runs_on_an_empty_home(tmp_path: Path) -> None:
    assert Home(tmp_path).running("/health") is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"aws": 1}', '{"unknown": "x"}'])
def test_a_broken_endpoints_file_means_that_nothing_runs(tmp_path: Path, text: str) -> None:
    with Home(tmp_path).lock():
        (tmp_path / "endpoints.json").write_text(text)
        assert Home(tmp_path).running("/health") is None


def test_what_a_killed_stack_left_is_not_asked_whether_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path)
    monkeypatch.setattr("local.home.answers", lambda _: True)  # as another stack on the same port would
    with home.lock():
        home.write_endpoints(ENDPOINTS)
        assert home.running("/health") == ENDPOINTS
    assert home.running("/health") is None
