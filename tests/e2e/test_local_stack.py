"""`python -m local.up` as a person uses it: started, fed a real video, stopped, killed, started again."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from boto3.dynamodb.conditions import Key

from attendance.aws.compose import enroller
from attendance.settings import Settings
from local import clients
from local.home import ROOT, Endpoints, Home
from local.network import answers, free_port
from tests.statemachine.machine import Machine, eventually

pytestmark = pytest.mark.stack

COURSE, DATE = "E2E-1", "2026-11-20"


def start(home: Home, port: int | None = None) -> subprocess.Popen[str]:
    """`python -m local.up`, as `make up` runs it, with hostile AWS settings in the environment."""
    environment = {
        "PATH": os.environ["PATH"],
        "ROLLCALL_HOME": str(home.folder),
        "PORT": str(port or free_port()),
        "AWS_PROFILE": "a-profile-that-does-not-exist",
        "AWS_ENDPOINT_URL": "http://192.0.2.1",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "local.up"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@contextmanager
def up(home: Home) -> Iterator[tuple[subprocess.Popen[str], Endpoints]]:
    """A running stack; killed at the end should the test have left it running."""
    process = start(home)
    try:
        yield process, eventually(lambda: started(home, process), "the start of the stack")
    finally:
        process.kill()
        process.communicate()


def started(home: Home, process: subprocess.Popen[str]) -> Endpoints | None:
    assert process.poll() is None, process.communicate()[0]
    return home.running("/_ministack/health")


def of_home(home: Home) -> dict[int, str]:
    """The processes that belong to a home: it is in their environment, as temp folder or otherwise."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if str(home.folder).encode() in (entry / "environ").read_bytes():
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue  # it ended, or is not ours to look at
    return found


def enrol(endpoints: Endpoints, pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in endpoints.client_environment.items():
        monkeypatch.setenv(name, value)
    people = enroller(Settings.from_environment())
    people.ensure_course(COURSE, "A course", "UTC")
    for student_id, photo in {"S-1": "man.jpg", "S-2": "obama.jpg"}.items():
        people.enrol(student_id, f"Student {student_id}", (pictures / photo).read_bytes(), [COURSE], "test")


def register(endpoints: Endpoints) -> dict[str, str]:
    table = clients.dynamodb(endpoints.aws).Table(endpoints.settings["ATTENDANCE_TABLE"])
    rows: Any = table.query(KeyConditionExpression=Key("session_key").eq(f"{COURSE}#{DATE}"))["Items"]
    return {row["student_id"]: row["status"] for row in rows}


def stop(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    return process.returncode, output


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_a_video_becomes_a_register_that_outlives_every_stop(
    home: Home, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with up(home) as (process, endpoints):
        enrol(endpoints, pictures, monkeypatch)
        run = Machine(endpoints).upload(f"videos/{COURSE}/{DATE}/man.mp4", (pictures / "man.mp4").read_bytes())
        assert run.status == "SUCCEEDED"
        assert register(endpoints) == {"S-1": "present", "S-2": "absent"}
        code, output = stop(process, signal.SIGINT)
        assert code == 0
        assert endpoints.web in output
        assert f"s3://{endpoints.bucket}/videos/" in output
        assert not home.endpoints_file.exists()
        assert of_home(home) == {}

    with up(home) as (process, again):
        assert register(again) == {"S-1": "present", "S-2": "absent"}
        assert (again.admin_email, again.admin_password) == (endpoints.admin_email, endpoints.admin_password)
        assert answers(f"{again.web}/healthz")
        process.kill()
        process.wait()
        eventually(lambda: not of_home(home), "the end of all that the killed supervisor had started")

    with up(home) as (process, third):
        assert register(third) == {"S-1": "present", "S-2": "absent"}
        assert stop(process, signal.SIGTERM)[0] == 0


def test_a_killed_supervisor_takes_the_functions_with_it(home: Home) -> None:
    with up(home) as (process, endpoints):
        Machine(endpoints).upload("videos/notes.txt")
        assert any("lambda_runtime" in command for command in of_home(home).values())
        process.kill()
        process.wait()
        eventually(lambda: not of_home(home), "the end of all that the killed supervisor had started")


def test_a_killed_emulator_stops_the_stack_with_the_reason(home: Home) -> None:
    with up(home) as (process, endpoints):
        Machine(endpoints).upload("videos/notes.txt")
        emulator = next(pid for pid, command in of_home(home).items() if "local.emulator" in command)
        os.kill(emulator, signal.SIGKILL)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "The emulated AWS was killed by signal 9." in output
        eventually(lambda: not of_home(home), "the end of the rest")


def test_a_second_stack_on_one_home_is_refused_and_the_first_goes_on(home: Home) -> None:
    with up(home) as (process, endpoints):
        second = start(home)
        output, _ = second.communicate(timeout=60)
        assert second.returncode == 1
        assert f"Rollcall already runs on {home.folder} (process {process.pid})" in output
        assert answers(f"{endpoints.web}/healthz")


def test_two_stacks_on_two_homes_do_not_disturb_each_other(home: Home, tmp_path: Path) -> None:
    other_home = Home(tmp_path / "other")
    with up(home) as (_, endpoints), up(other_home) as (other_process, other):
        assert {endpoints.web, endpoints.aws, endpoints.rekognition}.isdisjoint(
            {other.web, other.aws, other.rekognition}
        )
        assert Machine(other).upload("videos/notes.txt").error
        assert stop(other_process, signal.SIGINT)[0] == 0
        assert Machine(endpoints).upload("videos/notes.txt").error


def test_a_taken_port_is_told_with_what_to_set(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = start(home, taken.getsockname()[1])
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "set PORT to a free one" in output
    assert of_home(home) == {}


def test_secrets_are_readable_by_their_owner_only(home: Home) -> None:
    with up(home) as (_, endpoints):
        for name in ("secrets.json", "endpoints.json"):
            assert stat.S_IMODE((home.folder / name).stat().st_mode) == 0o600
        assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700
        kept: Mapping[str, Any] = json.loads(home.endpoints_file.read_text())
        assert kept["settings"]["STUDENTS_TABLE"] == "rollcall-students"
        assert endpoints.admin_password not in "".join(path.read_text() for path in home.log("").parent.glob("*.log"))
