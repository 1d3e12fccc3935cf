"""The largest session that must work: 50,000 on the roster, 2,000 of them seen, a million detections on 1,000 pages.

That is `FULL=1`, a matter of minutes. As a rule a smaller one is played, of students with long names, which still goes
over every border: of a page of a Query (1 MB), of a batch, of a transaction and of a page of the search.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from bench import cost
from bench.lecture import Lecture, Truth, student_id
from bench.lecture_hall import DATE, Played, open_hall, tables
from bench.machine import path, poll
from local.home import Endpoints

FULL = Lecture(roster=50_000, seen=2_000, unsure=100, seated=32, strangers=8, frames=25_000, frame_ms=800)
USUAL = Lecture(roster=5_000, seen=200, unsure=10, seated=32, strangers=8, frames=2_500, frame_ms=800, more_names=32)
LARGE = FULL if os.environ.get("FULL") == "1" else USUAL
SMALL = Lecture(roster=30, seen=30, unsure=2, seated=30, strangers=0, frames=10, frame_ms=800)
PAGES = LARGE.frames * (LARGE.seated + LARGE.strangers) // 1_000
LAMBDA_MB = 256
GROWTH_MB = 34 + LARGE.roster * 1.32 / 1_000
"""What the largest roster may take more than the smallest: 100 MB for 50,000; it is 66 MB, 1.3 KB a student."""
STATE_BYTES = 32 * 1024
MOST_BATCHES = LARGE.roster // 25 + 100
QUERY_BYTES = 1024 * 1024
"""DynamoDB ends a page of a Query here."""
MANY_AT_A_TIME = ("dynamodb.BatchWriteItem", "dynamodb.TransactWriteItems")
ONE_AT_A_TIME = {f"dynamodb.{name}" for name in ("PutItem", "UpdateItem", "DeleteItem", "GetItem")}

pytestmark = [pytest.mark.scale, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Sessions:
    """The stack after a large session and a small one."""

    endpoints: Endpoints
    large: Played
    small: Played


@pytest.fixture(scope="module")
def sessions() -> Iterator[Sessions]:
    with open_hall() as hall:
        large = hall.play("LARGE", LARGE)
        yield Sessions(hall.endpoints, large, hall.play("SMALL", SMALL))


def rows(endpoints: Endpoints, course: str) -> dict[str, dict[str, Any]]:
    """The register: student_id ▶ row in DynamoDB's notation."""
    request: dict[str, Any] = {
        "TableName": endpoints.settings["ATTENDANCE_TABLE"],
        "KeyConditionExpression": "session_key = :key",
        "ExpressionAttributeValues": {":key": {"S": f"{course}#{DATE}"}},
    }
    pages = tables(endpoints).get_paginator("query").paginate(**request)
    return {item["student_id"]["S"]: dict(item) for page in pages for item in page["Items"]}


def told(row: dict[str, Any]) -> Truth:
    """What the register says of a student who was seen."""
    return Truth(
        status=row["status"]["S"],
        similarity=float(row["similarity"]["N"]),
        sightings=int(row["sightings"]["N"]),
        first_seen_ms=int(row["first_seen_ms"]["N"]),
        last_seen_ms=int(row["last_seen_ms"]["N"]),
        best_ms=int(row["evidence"]["M"]["timestamp_ms"]["N"]),
    )


def state_bytes(played: Played) -> int:
    """The largest state of the machine on the way."""
    return max(len(json.dumps(visit.after).encode()) for visit in played.visits)


@pytest.mark.parametrize(("course", "lecture"), [("LARGE", LARGE), ("SMALL", SMALL)])
def test_every_student_has_the_row_that_is_true(sessions: Sessions, course: str, lecture: Lecture) -> None:
    found = rows(sessions.endpoints, course)
    truths = {lecture.student_id(number): lecture.truth(number) for number in range(lecture.seen)}
    assert set(found) == {student_id(number) for number in range(lecture.roster)}
    assert {one for one, row in found.items() if row["status"]["S"] != "absent"} == set(truths)
    assert {one: told(found[one]) for one in truths} == truths
    names = [found[student_id(number)]["student_name"]["S"] for number in range(4)]
    assert names == [lecture.name(0), lecture.name(0), lecture.name(2), lecture.name(2)]
    assert len(set(names)) == 2


def test_the_session_tells_the_counts(sessions: Sessions) -> None:
    after = sessions.large.visits[-1].after
    present, review = LARGE.seen - LARGE.unsure, LARGE.unsure
    counts = {"present": present, "review": review, "absent": LARGE.roster - LARGE.seen}
    assert {name: after["session"]["counts"][name] for name in counts} == counts
    assert (after["matches"]["detections"], after["matches"]["students"]) == (PAGES * 1_000, LARGE.seen)


def test_no_state_grows_with_the_roster_or_the_video(sessions: Sessions) -> None:
    assert state_bytes(sessions.large) < STATE_BYTES
    assert state_bytes(sessions.large) - state_bytes(sessions.small) < 100  # longer numbers


def test_each_function_stays_within_256_mb(sessions: Sessions) -> None:
    taken = {step: ran.peak_mb for step, ran in sessions.large.ran.items()}
    assert {step: peak for step, peak in taken.items() if peak > LAMBDA_MB} == {}


def test_memory_hardly_grows_with_the_roster_and_not_with_the_video(sessions: Sessions) -> None:
    grown = {step: ran.peak_mb - sessions.small.ran[step].peak_mb for step, ran in sessions.large.ran.items()}
    assert {step: growth for step, growth in grown.items() if growth > GROWTH_MB} == {}
    assert grown["collect_matches"] < 20  # a page of 1,000 detections, not 1,000 of them


def test_rows_are_written_many_at_a_time(sessions: Sessions) -> None:
    calls: Counter[str] = Counter()
    items: Counter[str] = Counter()
    for ran in sessions.large.ran.values():
        calls.update(ran.calls)
        items.update(ran.items)
    assert sum(items[name] for name in MANY_AT_A_TIME) >= LARGE.roster
    assert sum(calls[name] for name in MANY_AT_A_TIME) <= MOST_BATCHES
    assert sum(number for name, number in calls.items() if name in ONE_AT_A_TIME) < 50


def test_one_paged_query_resolves_all_names(sessions: Sessions) -> None:
    row = {"course_id": "LARGE", "student_id": student_id(0), "student_name": LARGE.name(LARGE.roster - 1)}
    size = sum(len(name) + len(value.encode()) for name, value in row.items())
    resolved = sessions.large.ran["resolve_names"].calls
    of_the_roster, of_rows_that_stand = -(-LARGE.roster * size // QUERY_BYTES), 1
    assert of_the_roster > 1
    assert resolved["dynamodb.Query"] <= of_the_roster + 1 + of_rows_that_stand
    assert not {name for name in resolved if name.startswith("rekognition")}


def test_every_page_of_the_search_is_read_once(sessions: Sessions) -> None:
    assert LARGE.pages == PAGES
    assert sessions.large.ran["collect_matches"].calls["rekognition.GetFaceSearch"] == PAGES


def test_a_lectures_cost_is_counted(sessions: Sessions) -> None:
    bill = cost.bill(sessions.small, 60)
    assert bill.transitions == len(path()) + (cost.polls_of(60, 5) - 1) * len(poll())
    assert 2 * SMALL.roster <= bill.writes <= 4 * SMALL.roster  # with its index once more, in a transaction twice
    assert 0 < bill.dollars < 0.01
