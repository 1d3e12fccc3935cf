"""A register that is made again and again, also twice at once, stays the same to the last byte."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from boto3.dynamodb.conditions import Key

from attendance.aws.compose import reader
from attendance.aws.corrections import DynamoCorrectionStore
from attendance.aws.rows_log import DynamoLogReader
from attendance.corrections import Corrector, Said
from attendance.model import Status
from attendance.rows_log import LogFilter, every, walk
from attendance.settings import Settings
from attendance.spreadsheet import cells
from local import clients
from local.home import Endpoints
from tests.statemachine.face_double import FaceDouble, Script, detection
from tests.statemachine.machine import Machine

DATE = "2026-11-20"
COURSE = "RERUN-1"
SESSION = f"{COURSE}#{DATE}"
RUN_IDS = {"execution_arn", "updated_at", "turns", "turn"}
"""What tells one run from another, and when it was."""
CORRECTIONS = [
    ("S-1", Said(Status.ABSENT), "It was her twin."),
    ("S-2", Said(Status.PRESENT, late=True), "Sat behind a pillar."),
    ("S-3", Said(Status.PRESENT), None),
    ("S-4", Said(Status.EXCUSED), "ill"),
    ("S-5", Said(Status.PRESENT, left_early=True), None),
]


def without_run_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_run_ids(inner) for name, inner in value.items() if name not in RUN_IDS}
    return [without_run_ids(inner) for inner in value] if isinstance(value, list) else value


@pytest.fixture
def machine(endpoints: Endpoints) -> Machine:
    """On the emulator alone: the second interpreter lives in this process and runs one execution at a time."""
    return Machine(endpoints)


@pytest.fixture
def corrector(machine: Machine) -> Corrector:
    client = clients.dynamodb(machine.endpoints.aws).meta.client
    settings = Settings.from_environment(machine.endpoints.settings)
    return Corrector(DynamoCorrectionStore(client, settings, reader(settings, client)), lambda: datetime.now(UTC))


def snapshot(machine: Machine) -> bytes:
    """Everything that is kept of the session: rows, corrections, history, the session's item, the work bucket."""
    settings = machine.endpoints.settings
    tables = clients.dynamodb(machine.endpoints.aws)

    def items(table: str, name: str, value: str) -> Iterator[Any]:
        found = tables.Table(settings[table]).query(KeyConditionExpression=Key(name).eq(value))
        yield from found["Items"]

    s3 = clients.s3(machine.endpoints.aws)
    work = settings["WORK_BUCKET"]
    listed = s3.list_objects_v2(Bucket=work, Prefix=f"{COURSE}/{DATE}/")["Contents"]
    log = DynamoLogReader(Settings.from_environment(settings), tables.meta.client)
    exported = LogFilter(course_ids=frozenset({COURSE}), first=DATE, last=DATE)
    kept = {
        "rows": list(items("ATTENDANCE_TABLE", "session_key", SESSION)),
        "corrections": list(items("CORRECTIONS_TABLE", "session_key", SESSION)),
        "history": [list(items("AUDIT_TABLE", "subject", f"attendance#{SESSION}#{one}")) for one, _, _ in CORRECTIONS],
        "session": without_run_ids(machine.session(COURSE, DATE)),
        "work": {one["Key"]: s3.get_object(Bucket=work, Key=one["Key"])["Body"].read().decode() for one in listed},
        "export": list(map(cells, every(walk(log, exported), exported.passes))),
    }
    return json.dumps(kept, default=str, sort_keys=True).encode()


def test_a_register_made_ten_times_again_twice_at_once_with_five_corrections_is_the_same_to_the_byte(
    machine: Machine, faces: FaceDouble, corrector: Corrector
) -> None:
    machine.enrol(COURSE, {f"S-{number}": "Kim Li" for number in range(1, 8)})
    key = f"videos/{COURSE}/{DATE}/class.mp4"
    seen = {"S-1": 99.1, "S-3": 85.25, "S-5": 88.5, "S-6": 97.333}
    persons = [detection(at, person, {name: seen[name]}) for at in (0, 500) for person, name in enumerate(seen)]
    faces.scripts[key] = Script(persons=persons)
    first = machine.upload(key)
    for student, said, reason in CORRECTIONS:
        corrector.correct(SESSION, student, said, "ann@school.edu", reason, 0)
    before, jobs = snapshot(machine), len(faces.jobs)

    for _ in range(5):
        with ThreadPoolExecutor(2) as pool:
            runs = list(pool.map(machine.send, [first.start] * 2))
        assert [run.status for run in runs] == ["SUCCEEDED"] * 2
        assert snapshot(machine) == before

    assert len(faces.jobs) == jobs
    export = json.loads(before)["export"]
    assert [(line[3], line[5], line[13]) for line in export] == [
        ("S-1", "absent", "present"),
        ("S-2", "present", "absent"),
        ("S-3", "present", "review"),
        ("S-4", "excused", "absent"),
        ("S-5", "present", "review"),
        ("S-6", "present", "present"),
        ("S-7", "absent", "absent"),
    ]
