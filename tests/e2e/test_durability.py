"""kill -9 of a whole stack at random moments: every acknowledged write is there again, every interrupted run is run.

Fifty kills by hand: `KILLS=50 make test ARGS=tests/e2e/test_durability.py`; SEED chooses the moments.
"""

import os
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from boto3.dynamodb.conditions import Key
from botocore.exceptions import BotoCoreError, ClientError

from attendance.aws.compose import enroller
from attendance.settings import Settings
from local import clients
from local.children import ChildError
from local.home import Endpoints, Home
from local.journal import frame
from local.supervisor import LocalStack
from tests.e2e.process import kill, launched, up
from tests.statemachine.machine import Machine, eventually

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1800)]

KILLS = int(os.environ.get("KILLS", "5"))
SEED = int(os.environ.get("SEED", "1"))
LONGEST_SECONDS = 1.5
"""Of writing before a kill."""
LONGEST_START_SECONDS = 4.0
"""Of a start before it is killed."""
COURSE, DATE = "KILLED-1", "2026-11-20"
OBJECT = "kept/one"
"""In the one bucket with versions, where it starts no run."""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


KINDS = ("put", "correction", "count", "batch", "transaction", "object")


@dataclass(frozen=True)
class Ledger:
    """What all writers of a home know: by kind of write, the numbers they tried, and those that were acknowledged."""

    tried: dict[str, list[int]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    acknowledged: dict[str, list[int]] = field(default_factory=lambda: {kind: [] for kind in KINDS})


class Writer(threading.Thread):
    """Writes one thing after another until the stack is gone, the numbers going on from the last writer's."""

    def __init__(self, endpoints: Endpoints, ledger: Ledger) -> None:
        super().__init__()
        self._ledger = ledger
        self._endpoints = endpoints
        self._audit = endpoints.settings["AUDIT_TABLE"]
        self._attendance = endpoints.settings["ATTENDANCE_TABLE"]
        self._client: Any = clients.dynamodb(endpoints.aws).meta.client
        self._s3 = clients.s3(endpoints.aws)

    def run(self) -> None:
        try:
            for number in count(len(self._ledger.tried[KINDS[0]])):
                for kind in KINDS:
                    self._ledger.tried[kind].append(number)
                    getattr(self, f"_{kind}")(number)
                    self._ledger.acknowledged[kind].append(number)
        except (BotoCoreError, ClientError):
            return  # the stack is gone

    def _put(self, number: int) -> None:
        self._client.put_item(TableName=self._audit, Item={"subject": "put", "time": f"{number:06}"})

    def _correction(self, number: int) -> None:
        """As a person's correction: an update of one row, on the condition that it is as it was seen."""
        self._client.update_item(
            TableName=self._attendance,
            Key={"session_key": "kill#1", "student_id": "S-1"},
            UpdateExpression="SET correction = :new",
            ConditionExpression="attribute_not_exists(correction) OR correction.#n < :number",
            ExpressionAttributeNames={"#n": "number"},
            ExpressionAttributeValues={":new": {"status": "present", "number": number}, ":number": number},
        )

    def _count(self, _: int) -> None:
        self._client.update_item(
            TableName=self._audit,
            Key={"subject": "count", "time": "-"},
            UpdateExpression="ADD n :one",
            ExpressionAttributeValues={":one": 1},
        )

    def _batch(self, number: int) -> None:
        rows = [{"subject": "batch", "time": f"{number:06}-{row:02}"} for row in range(25)]
        self._client.batch_write_item(RequestItems={self._audit: [{"PutRequest": {"Item": row}} for row in rows]})

    def _transaction(self, number: int) -> None:
        items = [{"subject": f"transaction-{half}", "time": f"{number:06}"} for half in (1, 2)]
        self._client.transact_write_items(
            TransactItems=[{"Put": {"TableName": self._audit, "Item": item}} for item in items]
        )

    def _object(self, number: int) -> None:
        bucket = self._endpoints.bucket
        self._s3.put_object(Bucket=bucket, Key=OBJECT, Body=str(number).encode(), Metadata={"n": str(number)})


def times(endpoints: Endpoints, subject: str) -> set[str]:
    table = clients.dynamodb(endpoints.aws).Table(endpoints.settings["AUDIT_TABLE"])
    request: Any = {"KeyConditionExpression": Key("subject").eq(subject), "ConsistentRead": True}
    found: set[str] = set()
    while True:
        answer = table.query(**request)
        found |= {str(item["time"]) for item in answer["Items"]}
        if "LastEvaluatedKey" not in answer:
            return found
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def check(endpoints: Endpoints, ledger: Ledger) -> None:
    """Everything acknowledged is there; nothing is half there."""
    done, tried = ledger.acknowledged, ledger.tried
    assert {f"{number:06}" for number in done["put"]} <= times(endpoints, "put")
    batches = times(endpoints, "batch")
    assert {f"{number:06}-{row:02}" for number in done["batch"] for row in range(25)} <= batches
    assert len(batches) % 25 == 0
    transactions = times(endpoints, "transaction-1")
    assert {f"{number:06}" for number in done["transaction"]} <= transactions
    assert transactions == times(endpoints, "transaction-2")
    tables = clients.dynamodb(endpoints.aws)
    row: Any = tables.Table(endpoints.settings["ATTENDANCE_TABLE"]).get_item(
        Key={"session_key": "kill#1", "student_id": "S-1"}
    )
    assert done["correction"][-1] <= row["Item"]["correction"]["number"] <= tried["correction"][-1]
    counted: Any = tables.Table(endpoints.settings["AUDIT_TABLE"]).get_item(Key={"subject": "count", "time": "-"})
    assert len(done["count"]) <= counted["Item"]["n"] <= len(tried["count"])
    check_object(endpoints, done["object"], tried["object"])


def check_object(endpoints: Endpoints, done: Sequence[int], tried: Sequence[int]) -> None:
    """The object, its metadata, and every version of it that was acknowledged."""
    s3, bucket = clients.s3(endpoints.aws), endpoints.bucket
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=OBJECT)
    listed = [version for page in pages for version in page.get("Versions", [])]
    kept = []
    for version in listed:
        found = s3.get_object(Bucket=bucket, Key=OBJECT, VersionId=version["VersionId"])
        body = found["Body"].read()
        assert found["Metadata"] == {"n": body.decode()}
        assert found["ETag"] == version["ETag"]
        kept.append(int(body))
    assert set(done) <= set(kept) <= set(tried)
    current = int(s3.get_object(Bucket=bucket, Key=OBJECT)["Body"].read())
    assert done[-1] <= current == kept[0]


def test_every_acknowledged_write_is_there_after_a_kill_at_any_moment(home: Home) -> None:
    moments = random.Random(SEED)  # noqa: S311 (chooses moments, guards nothing)
    ledger = Ledger()
    for number in range(KILLS):
        with up(home) as (process, endpoints):
            if number:
                check(endpoints, ledger)
            writer, before = Writer(endpoints, ledger), len(ledger.acknowledged["object"])
            writer.start()
            eventually(partial(has_more, ledger, before), "the first of all writes")
            time.sleep(moments.uniform(0, LONGEST_SECONDS))  # the moment of the kill is what is random
            kill(home, process)
            writer.join(60)
            assert not writer.is_alive()
        kill_while_starting(home, moments.uniform(0, LONGEST_START_SECONDS))
    with up(home) as (_, endpoints):
        check(endpoints, ledger)


def kill_while_starting(home: Home, after_seconds: float) -> None:
    """As it replays its journal, takes a snapshot, deploys, or whatever it does then."""
    process = launched(home)
    time.sleep(after_seconds)
    kill(home, process)


def has_more(ledger: Ledger, objects: int) -> bool:
    return len(ledger.acknowledged["object"]) > objects


def test_an_overwrite_cut_between_body_and_description_is_undone(home: Home) -> None:
    with up(home) as (process, endpoints):
        s3 = clients.s3(endpoints.aws)
        put = partial(s3.put_object, Bucket=endpoints.bucket, Key=OBJECT)
        put(Body=b"former", Metadata={"n": "former"})
        (description,) = (home.aws / "s3").rglob("one.meta.json")
        former = description.read_bytes()
        put(Body=b"newer", Metadata={"n": "newer"})
        kill(home, process)
    description.write_bytes(former)  # as the kill left it, had it come a moment earlier
    with up(home) as (_, endpoints):
        found = clients.s3(endpoints.aws).get_object(Bucket=endpoints.bucket, Key=OBJECT)
        assert (found["Body"].read(), found["Metadata"]) == (b"former", {"n": "former"})


def test_an_interrupted_run_is_run_again_with_the_right_register(
    home: Home, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = (pictures / "man.mp4").read_bytes()
    names = [f"videos/{COURSE}/{DATE}/man{number}.mp4" for number in range(3)]
    moments = random.Random(SEED)  # noqa: S311
    with up(home) as (process, endpoints):
        for name, value in endpoints.client_environment.items():
            monkeypatch.setenv(name, value)
        people = enroller(Settings.from_environment())
        people.ensure_course(COURSE, "A course", "UTC")
        for student_id, photo in {"S-1": "man.jpg", "S-2": "obama.jpg"}.items():
            people.enrol(student_id, f"Student {student_id}", (pictures / photo).read_bytes(), [COURSE], "test")
        s3 = clients.s3(endpoints.aws)
        for name in names:
            s3.put_object(Bucket=endpoints.bucket, Key=name, Body=video)
        time.sleep(moments.uniform(0, LONGEST_SECONDS))
        kill(home, process)
    for _ in range(KILLS // 5):  # what runs it again may be killed as well
        with up(home) as (process, _):
            time.sleep(moments.uniform(0, LONGEST_SECONDS))
            kill(home, process)
    with up(home) as (_, endpoints):
        eventually(partial(is_complete, endpoints, names), "the register of the interrupted videos")
        rows = Machine(endpoints).rows(f"{COURSE}#{DATE}")
        assert {student_id: row["status"] for student_id, row in rows.items()} == {"S-1": "present", "S-2": "absent"}


def is_complete(endpoints: Endpoints, names: Sequence[str]) -> bool:
    table = clients.dynamodb(endpoints.aws).Table(endpoints.settings["SESSIONS_TABLE"])
    session: Any = table.get_item(Key={"course_id": COURSE, "session_id": DATE}).get("Item", {"videos": {}})
    records = session["videos"].values()
    assert all(record["status"] != "failed" for record in records), session
    return sorted(record["key"] for record in records) == sorted(names) and session["status"] == "complete"


def test_a_first_start_killed_while_it_deploys_is_followed_by_a_good_one(home: Home) -> None:
    process = launched(home)
    eventually(lambda: any((home.aws / "s3").rglob("*.template")), "the begin of the deployment")
    kill(home, process)
    with up(home) as (_, endpoints):
        assert times(endpoints, "put") == set()


def test_a_damaged_journal_stops_the_start_and_stays_as_it_is(home: Home) -> None:
    home.lock().close()  # a stack ran on it
    home.aws.mkdir()
    damaged = b"?" + frame(b"[]")
    (home.aws / "journal").write_bytes(damaged)
    with pytest.raises(ChildError, match=r"journal is damaged: .* Restore the folder from a backup"):
        LocalStack(home, web=False).__enter__()
    assert (home.aws / "journal").read_bytes() == damaged
