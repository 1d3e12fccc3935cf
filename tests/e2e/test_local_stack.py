"""`python -m local.up` as a person uses it: started, fed a real video, stopped, killed, started again."""

import json
import os
import signal
import socket
import stat
from collections.abc import Mapping
from functools import partial
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from boto3.dynamodb.conditions import Key

from attendance.aws.compose import enroller
from attendance.settings import Settings
from local import clients
from local.home import Endpoints, Home
from local.locks import take
from local.network import HEALTH_PATH, answers
from tests.e2e.process import kill, launched, of_home, printed, stop, up
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


def register(endpoints: Endpoints, date: str = DATE) -> dict[str, str]:
    table = clients.dynamodb(endpoints.aws).Table(endpoints.settings["ATTENDANCE_TABLE"])
    rows: Any = table.query(KeyConditionExpression=Key("session_key").eq(f"{COURSE}#{date}"))["Items"]
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


def test_a_stack_whose_supervisor_alone_was_killed_starts_again_at_once(
    home: Home, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [f"2026-11-{day:02}" for day in range(1, 7)]

    def is_searching() -> bool:
        with urlopen(f"{endpoints.rekognition}/healthz") as answer:  # noqa: S310 (our own URL)
            return bool(json.load(answer)["jobs"].get("IN_PROGRESS"))

    with up(home) as (process, endpoints):
        enrol(endpoints, pictures, monkeypatch)
        for day in days:
            key, body = f"videos/{COURSE}/{day}/man.mp4", (pictures / "man.mp4").read_bytes()
            clients.s3(endpoints.aws).put_object(Bucket=endpoints.bucket, Key=key, Body=body)
        eventually(is_searching, "a search")
        process.kill()
        process.wait()
        with up(home, urlsplit(endpoints.web).port) as (_, again):
            assert again.web == endpoints.web
            for day in days:
                eventually(partial(register, again, day), f"the register of {day}")


def test_programs_of_a_killed_stack_that_still_end_are_waited_for(home: Home) -> None:
    with home.lock():
        home.rekognition.mkdir()
        home.endpoints_file.write_text("{}")
    with socket.create_server(("127.0.0.1", 0)) as web, (home.rekognition / "lock").open("w") as face_service:
        assert take(face_service)
        process = launched(home, web.getsockname()[1])
        eventually(lambda: "Waiting for the programs of a stack that was killed" in printed(home), "the waiting")
        assert process.poll() is None
    try:
        eventually(lambda: home.running(HEALTH_PATH), "the start of the stack")
    finally:
        kill(home, process)


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


def asked(address: str, method: str, path: str, **headers: str) -> HTTPResponse:
    """An answer to what a browser may send; underscores in headers stand for hyphens."""
    connection = HTTPConnection(urlsplit(address).netloc, timeout=60)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_a_foreign_page_can_neither_read_nor_erase_nor_change_anything(home: Home) -> None:
    foreign = "http://school.example"
    with up(home) as (_, endpoints):
        photos, path = endpoints.settings["PHOTOS_BUCKET"], f"/{endpoints.settings['PHOTOS_BUCKET']}/a.jpg"
        clients.s3(endpoints.aws).put_object(Bucket=photos, Key="a.jpg", Body=b"a face")
        table = clients.dynamodb(endpoints.aws).Table(endpoints.settings["STUDENTS_TABLE"])
        table.put_item(Item={"student_id": "S-1"})

        statuses = [
            asked(endpoints.aws, "POST", "/_ministack/reset", Origin=foreign).status,
            asked(endpoints.aws, "POST", "/_ministack/reset").status,
            asked(endpoints.aws, "GET", path, Origin=foreign).status,
            asked(endpoints.aws, "GET", path, Host="rebound.example:4566").status,
            asked(endpoints.aws, "GET", path, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors").status,
            asked(endpoints.aws, "GET", "/?Action=DeleteStack&StackName=rollcall", Sec_Fetch_Site="cross-site").status,
            asked(endpoints.aws, "OPTIONS", path, Origin=foreign, Access_Control_Request_Method="DELETE").status,
            asked(endpoints.aws, "DELETE", path, Origin="null").status,
        ]

        assert statuses == [403] * len(statuses)
        found = clients.s3(endpoints.aws).get_object(Bucket=photos, Key="a.jpg")
        assert found["Body"].read() == b"a face"
        assert "Item" in table.get_item(Key={"student_id": "S-1"})


def test_a_page_of_the_stacks_own_web_may_send_to_the_bucket_and_read_the_answer(home: Home) -> None:
    with up(home) as (_, endpoints):
        preflight = asked(
            endpoints.aws,
            "OPTIONS",
            f"/{endpoints.bucket}/a",
            Origin=endpoints.web,
            Access_Control_Request_Method="PUT",
        )
        assert preflight.status == 200
        assert preflight.headers.get_all("Access-Control-Allow-Origin") == [endpoints.web]
        assert "PUT" in preflight.headers["Access-Control-Allow-Methods"]


def test_a_folder_of_somebodys_own_files_is_refused_and_stays_as_it_is(home: Home) -> None:
    for name in ("tmp", "logs"):
        (home.folder / name).mkdir(parents=True)
    (home.folder / "tmp" / "thesis.txt").write_text("the only copy")
    (home.folder / "logs" / "web.log").write_text("lines")
    home.folder.chmod(0o755)
    assert launched(home).wait(timeout=60) == 1
    assert "set ROLLCALL_HOME to a new or empty folder" in printed(home)
    assert "Traceback" not in printed(home)
    assert (home.folder / "tmp" / "thesis.txt").read_text() == "the only copy"
    assert (home.folder / "logs" / "web.log").read_text() == "lines"
    assert stat.S_IMODE(home.folder.stat().st_mode) == 0o755
    assert not (home.folder / "lock").exists()


def test_a_place_that_cannot_hold_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    home = Home(tmp_path / "file" / "home")
    assert launched(home, log=tmp_path / "up.log").wait(timeout=60) == 1
    shown = (tmp_path / "up.log").read_text()
    assert "set ROLLCALL_HOME to a folder on this machine that you may write to" in shown
    assert "Traceback" not in shown


def test_damaged_secrets_are_told_before_anything_is_started(home: Home) -> None:
    with home.lock():
        (home.folder / "secrets.json").write_text('{"admin_email": ')
    assert launched(home).wait(timeout=60) == 1
    assert "secrets.json is damaged: restore it from a backup." in printed(home)
    assert "Traceback" not in printed(home)
    assert not (home.folder / "logs").exists()


@pytest.mark.parametrize("address", ["0.0.0.0", "8.8.8.8", "a bridge"])  # noqa: S104 (refused)
def test_a_bridge_that_the_world_could_reach_is_refused(home: Home, address: str) -> None:
    assert launched(home, ROLLCALL_BRIDGE=address).wait(timeout=60) == 1
    assert "ROLLCALL_BRIDGE must be this machine's address on the containers' network" in printed(home)
    assert not home.folder.exists()


def test_secrets_are_readable_by_their_owner_only(home: Home) -> None:
    with up(home) as (_, endpoints):
        for name in ("secrets.json", "endpoints.json"):
            assert stat.S_IMODE((home.folder / name).stat().st_mode) == 0o600
        assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700
        kept: Mapping[str, Any] = json.loads(home.endpoints_file.read_text())
        assert kept["settings"]["STUDENTS_TABLE"] == "rollcall-students"
        assert endpoints.admin_password not in "".join(path.read_text() for path in home.log("").parent.glob("*.log"))
