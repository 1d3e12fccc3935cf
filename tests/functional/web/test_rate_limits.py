"""Counts that all instances of the web share: exact, ended by time, nameless, and no way to lock everybody out."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from flask.testing import FlaskClient
from limits import parse
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter
from moto.dynamodb.responses import DynamoHandler

from attendance.aws import counters
from attendance.aws.counters import DynamoCounters
from attendance.settings import Settings
from tests.functional.web.conftest import _password_hash, token
from tests.functional.web.tables import PASSWORD, make_table, put
from web import WebConfig, create_app
from web.rate_limits import DynamoStorage, storage_uri
from web.security import limiter

ADMIN, WRONG = "admin@school.edu", "wrong horse battery"
NAME = "LIMITS/LIMITER/email:zoe@school.edu/auth.login/5/1/minute"


@dataclass
class Clock:
    """What the counters take for the time, in Unix seconds."""

    now: float = 1_790_000_000.5

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(counters, "time", SimpleNamespace(time=made))
    return made


@pytest.fixture
def table(tables: Settings) -> str:
    return make_table("web-rate-limits")


@pytest.fixture
def instance(tables: Settings, table: str) -> Iterator[Callable[[], FlaskClient]]:
    """Starts the web anew, as Lambda does: with nothing in memory."""
    put("users", {"email": ADMIN, "password_hash": _password_hash(), "role": "admin"})
    config = WebConfig("s" * 64, tables, local_http=True, rate_limits_table=table)
    yield lambda: create_app(config).test_client()
    limiter._storage_dead = False


def sign_in(client: FlaskClient, password: str) -> int:
    form = {"email": ADMIN, "password": password, "csrf_token": token(client)}
    return client.post("/login", data=form).status_code


def test_instances_count_together(table: str) -> None:
    one, other = DynamoCounters(table), DynamoCounters(table)
    assert [one.add(NAME, 60), other.add(NAME, 60), one.add(NAME, 60, 3)] == [1, 2, 5]
    assert other.get(NAME).number == 5
    assert other.get("another name").number == 0


@pytest.fixture
def atomic(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each change of an item as a whole, as in DynamoDB; moto promises that to one thread only."""
    lock, update = Lock(), DynamoHandler.update_item

    def one_at_a_time(*given: Any, **named: Any) -> Any:
        with lock:
            return update(*given, **named)

    monkeypatch.setattr(DynamoHandler, "update_item", one_at_a_time)


@pytest.mark.usefixtures("atomic")
def test_nothing_is_lost_when_many_count_at_once(table: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda counting: counting.add(NAME, 60), [DynamoCounters(table) for _ in range(24)]))
    assert sorted(told) == list(range(1, 25))


def test_a_window_ends_and_the_next_begins_at_one_although_the_item_is_still_there(table: str, clock: Clock) -> None:
    counting = DynamoCounters(table)
    counting.add(NAME, 60, 4)
    assert counting.get(NAME).ends_at == pytest.approx(clock.now + 60, abs=1)
    clock.now += 59
    assert counting.add(NAME, 60) == 5
    clock.now += 2
    assert counting.get(NAME).number == 0
    assert [counting.add(NAME, 60), counting.add(NAME, 60)] == [1, 2]
    assert counting.get(NAME).ends_at == pytest.approx(clock.now + 60, abs=1)


def test_a_window_that_another_instance_began_meanwhile_is_counted_in(
    table: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = DynamoCounters(table), DynamoCounters(table)
    slow.add(NAME, 60, 9)
    clock.now += 100
    update = slow._update

    def overtaken(name: str, change: str, condition: str, values: dict[str, object]) -> int:
        if change.startswith("SET"):
            quick.add(NAME, 60)
        return update(name, change, condition, values)

    monkeypatch.setattr(slow, "_update", overtaken)
    assert slow.add(NAME, 60) == 2


def test_a_count_that_is_cleared_begins_anew(table: str) -> None:
    storage = DynamoStorage(storage_uri(table))
    storage.incr(NAME, 60, 7)
    storage.clear(NAME)
    assert (storage.get(NAME), storage.incr(NAME, 60)) == (0, 1)


def test_limits_finds_the_storage_by_its_scheme_and_keeps_a_fixed_window(table: str) -> None:
    item = parse("3 per minute")
    first, second = (FixedWindowRateLimiter(storage_from_string(storage_uri(table))) for _ in range(2))
    assert [one.hit(item, "zoe") for one in (first, second, first, second)] == [True, True, True, False]
    assert not first.test(item, "zoe")
    assert second.test(item, "bob")
    assert first.get_window_stats(item, "zoe").remaining == 0


def test_wrong_passwords_are_counted_over_all_instances(instance: Callable[[], FlaskClient]) -> None:
    assert [sign_in(instance(), WRONG) for _ in range(5)] == [401] * 5
    assert sign_in(instance(), PASSWORD) == 429


def test_the_table_holds_neither_emails_nor_addresses(table: str, instance: Callable[[], FlaskClient]) -> None:
    sign_in(instance(), WRONG)
    items = boto3.client("dynamodb").scan(TableName=table)["Items"]
    assert len(items) == 4  # two limits of the account, two of the address
    assert all(set(item) == {"digest", "hits", "ends_at"} for item in items)
    assert "@" not in str(items)
    assert "127.0.0.1" not in str(items)


def test_while_the_table_does_not_answer_each_instance_counts_for_itself(
    instance: Callable[[], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = instance()

    def unreachable(*_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://dynamodb")

    with monkeypatch.context() as broken:
        for name in ("add", "get"):
            broken.setattr(DynamoCounters, name, unreachable)
        assert not limiter.storage.check()
        assert [sign_in(client, WRONG) for _ in range(6)] == [401] * 5 + [429]
        assert sign_in(instance(), PASSWORD) == 302
    assert limiter.storage.check()


def test_a_form_that_is_too_large_does_not_end_the_shared_count(instance: Callable[[], FlaskClient]) -> None:
    client = instance()
    form = {"email": ADMIN, "password": WRONG, "csrf_token": token(client), "x": "y" * 100_000}
    assert client.post("/login", data=form).status_code == 413
    assert not limiter._storage_dead


def test_a_local_web_counts_in_its_memory() -> None:
    assert storage_uri("") == "memory://"
