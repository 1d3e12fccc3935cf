"""Choosing ports, and the way to the stack past a network's proxy."""

import fcntl
import threading
from pathlib import Path
from typing import Any

import pytest
from botocore.utils import get_environ_proxies

from local import clients
from local.environment import account_environment
from local.network import taking_ports, url


@pytest.fixture
def behind_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "all_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://192.0.2.1:3128")


@pytest.mark.usefixtures("behind_a_proxy")
def test_the_stacks_own_clients_ask_past_the_proxy_of_the_network() -> None:
    assert get_environ_proxies(url(1))
    config: Any = clients.rekognition(url(1)).meta.config
    assert config.proxies == {}


@pytest.mark.usefixtures("behind_a_proxy")
def test_programs_on_the_emulated_account_ask_past_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in account_environment().items():
        monkeypatch.setenv(name, value)
    assert get_environ_proxies(url(1)) == {}


def test_another_stack_that_starts_is_waited_for_and_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    told, second = threading.Event(), threading.Event()

    def start_second() -> None:
        with taking_ports(lambda _: told.set()):
            second.set()

    with taking_ports(lambda _: None):
        thread = threading.Thread(target=start_second)
        thread.start()
        assert told.wait(30)
        assert not second.is_set()
    assert second.wait(30)
    thread.join()


def test_a_link_in_the_place_of_the_ports_lock_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "rollcall").mkdir()
    (tmp_path / "rollcall" / "ports.lock").symlink_to(victim)
    with taking_ports(lambda _: None), victim.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert victim.read_text() == "precious"


def test_who_has_no_folder_to_write_to_can_start_a_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    told: list[str] = []
    with taking_ports(told.append):
        assert told == []
