"""`python -m local.up` as a person uses it: started, fed a real video, stopped, killed, started again."""

import json
import os
import signal
import socket
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from boto3.dynamodb.conditions import Key

from attendance.aws.compose import enroller
from attendance.settings import Settings
from local import clients
from local.home import Endpoints, Home
from local.network import answers
from tests.e2e.process import launched, of_home, printed, stop, up
from tests.statemachine.machine import Machine, eventually

pytestmark = pytest.mark.stack

COURSE, DATE = "E2E-1", "2026-11-20"


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
        assert stop(process, signal.SIGINT) == 0
        assert endpoints.web in printed(home)
        assert f"s3://{endpoints.bucket}/videos/" in printed(home)
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
        assert stop(process, signal.SIGTERM) == 0


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
        assert process.wait(timeout=60) == 1
        assert "The emulated AWS was killed by signal 9." in printed(home)
        eventually(lambda: not of_home(home), "the end of the rest")


def test_a_second_stack_on_one_home_is_refused_and_the_first_goes_on(home: Home) -> None:
    with up(home) as (process, endpoints):
        assert launched(home).wait(timeout=60) == 1
        assert f"Rollcall already runs on {home.folder} (process {process.pid})" in printed(home)
        assert answers(f"{endpoints.web}/healthz")


def test_two_stacks_on_two_homes_do_not_disturb_each_other(home: Home, tmp_path: Path) -> None:
    other_home = Home(tmp_path / "other")
    with up(home) as (_, endpoints), up(other_home) as (other_process, other):
        assert {endpoints.web, endpoints.aws, endpoints.rekognition}.isdisjoint(
            {other.web, other.aws, other.rekognition}
        )
        assert Machine(other).upload("videos/notes.txt").error
        assert stop(other_process, signal.SIGINT) == 0
        assert Machine(endpoints).upload("videos/notes.txt").error


def test_a_taken_port_is_told_with_what_to_set(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert launched(home, taken.getsockname()[1]).wait(timeout=60) == 1
    assert "set PORT to a free one" in printed(home)
    assert of_home(home) == {}


def test_secrets_are_readable_by_their_owner_only(home: Home) -> None:
    with up(home) as (_, endpoints):
        for name in ("secrets.json", "endpoints.json"):
            assert stat.S_IMODE((home.folder / name).stat().st_mode) == 0o600
        assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700
        kept: Mapping[str, Any] = json.loads(home.endpoints_file.read_text())
        assert kept["settings"]["STUDENTS_TABLE"] == "rollcall-students"
        assert endpoints.admin_password not in "".join(path.read_text() for path in home.log("").parent.glob("*.log"))
