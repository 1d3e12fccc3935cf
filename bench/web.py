"""The pages of the web before a whole school in the local stack's own tables."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from attendance.settings import Settings
from bench.lecture_hall import tables
from bench.report import Row
from bench.school import School, fill
from bench.web_pages import PageCost
from local.environment import clean_environment
from local.home import Endpoints, Home
from local.supervisor import LocalStack

ROOT = Path(__file__).resolve().parent.parent
TODAY = datetime.now(UTC).date()
"""The first page looks back from here."""
LARGE = School(students=20_000, courses=500, weeks=10, today=TODAY)
SMALL = School(students=400, courses=10, weeks=10, today=TODAY)
TIMES = 30
"""Views of each page."""


class PagesError(Exception):
    """The pages could not be measured; the end of what went wrong is the message."""


def run(school: School, times: int = TIMES) -> list[Row]:
    """Fill a stack with the school and measure every page, the slowest first."""
    with tempfile.TemporaryDirectory(prefix="school-") as home, LocalStack(Home(Path(home)), web=False) as stack:
        began = time.perf_counter()
        items = fill(tables(stack.endpoints), Settings.from_environment(stack.endpoints.settings), school)
        print(f"{items:,} items, {school.rows:,} of them rows, written in {time.perf_counter() - began:.0f} s")
        return [_row(one) for one in sorted(measured(stack.endpoints, school, times), key=lambda one: -one.p95_ms)]


def measured(endpoints: Endpoints, school: School, times: int) -> Sequence[PageCost]:
    """What each page costs before the school that the stack holds.

    Raises:
        PagesError: the process that measures ended early.
    """
    with tempfile.TemporaryDirectory(prefix="pages-") as temporary:
        ended = subprocess.run(
            [sys.executable, "-m", "bench.web_pages", str(times)],
            input=json.dumps(asdict(school), default=str),
            env={**clean_environment(Path(temporary)), **endpoints.client_environment},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    if ended.returncode:
        raise PagesError(ended.stderr.strip()[-2000:])
    return [PageCost(**one) for one in json.loads(ended.stdout.splitlines()[-1])]


def _row(cost: PageCost) -> Row:
    return {
        "page": cost.path,
        "calls": sum(cost.calls.values()),
        "median ms": cost.median_ms,
        "p95 ms": cost.p95_ms,
        "kB": cost.kb,
    }
