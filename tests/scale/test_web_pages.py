"""Every page before a whole school: no Scan, few calls, little to load. `FULL=1` is for the school that must work."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from attendance.settings import Settings
from bench.lecture_hall import tables
from bench.school import fill
from bench.web import LARGE, SMALL, measured
from bench.web_pages import PageCost
from local.home import Home
from local.supervisor import LocalStack

MOST_CALLS = 130
"""Two Queries for each of 60 sessions, which is what the widest report reads, and some."""
MOST_KB = 200
EXPECTED = (
    "/",
    "/log",
    "/courses",
    "/students",
    "/faces",
    "/faces/missing",
    "/unfiled",
    "/my-attendance",
    "/courses/C001/matrix",
    "/courses/C001/at-risk",
)

pytestmark = [pytest.mark.scale, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def costs() -> Iterator[list[PageCost]]:
    school = LARGE if os.environ.get("FULL") else SMALL
    with tempfile.TemporaryDirectory(prefix="school-") as home, LocalStack(Home(Path(home)), web=False) as stack:
        fill(tables(stack.endpoints), Settings.from_environment(stack.endpoints.settings), school)
        yield list(measured(stack.endpoints, school, times=1))


def test_every_page_is_asked_for(costs: list[PageCost]) -> None:
    found = {cost.path for cost in costs}
    assert set(EXPECTED) <= found
    assert len(found) > 30


def test_no_page_scans_a_table(costs: list[PageCost]) -> None:
    assert [cost.path for cost in costs if "dynamodb.Scan" in cost.calls] == []
    assert all(cost.calls for cost in costs)  # each reads at least its account


def test_no_page_takes_many_calls(costs: list[PageCost]) -> None:
    taken = {cost.path: sum(cost.calls.values()) for cost in costs}
    assert {path: calls for path, calls in taken.items() if calls > MOST_CALLS} == {}


def test_no_page_is_heavy(costs: list[PageCost]) -> None:
    assert {cost.path: cost.kb for cost in costs if cost.kb > MOST_KB} == {}
    assert max(cost.kb for cost in costs) > 30  # the styles were counted
