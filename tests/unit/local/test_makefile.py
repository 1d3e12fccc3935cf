"""What `make` says on a machine that lacks something; the real Makefile, in a folder of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.home import ROOT

HASH = "0" * 64


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with what `make setup` reads."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "local.txt").write_text(f"anything==1.0 --hash=sha256:{HASH}\n")
    return tmp_path


def make(checkout: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    unreachable = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "1", "PIP_CONFIG_FILE": os.devnull}
    return subprocess.run(  # noqa: S603
        ["make", "setup", *arguments],  # noqa: S607
        cwd=checkout,
        env={"PATH": os.environ["PATH"], **unreachable},
        capture_output=True,
        text=True,
        check=False,
    )


def python(folder: Path, body: str) -> str:
    """A program that stands in for an interpreter."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    "body",
    [
        'exec "$0.missing" "$@"',
        f"""exec {sys.executable} -c 'import sys; sys.version_info = (3, 12, 0); exec(sys.argv[1])' "$2" """,
        f"""exec {sys.executable} -c 'import sys; sys.modules["ensurepip"] = None; exec(sys.argv[1])' "$2" """,
    ],
    ids=["no Python", "another version", "no venv"],
)
def test_a_machine_without_the_right_python_is_told_what_to_install(checkout: Path, body: str) -> None:
    done = make(checkout, f"PYTHON={python(checkout, body)}")
    assert done.returncode == 2
    assert "install python3.11 and python3.11-venv, or say where it is: make PYTHON=" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (checkout / ".venv").exists()


def test_a_machine_without_a_network_is_told_to_look_at_it(checkout: Path) -> None:
    done = make(checkout, f"PYTHON={sys.executable}")
    assert done.returncode == 2
    assert done.stderr.count("check the network or proxy (HTTPS_PROXY), then run the same command again.") == 1
    assert not (checkout / ".venv" / "local.stamp").exists()
