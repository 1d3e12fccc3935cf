from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from rekognition_local import shapes
from rekognition_local.errors import IdempotentParameterMismatchError, LimitExceededError, ResourceNotFoundError
from rekognition_local.jobs import (
    FAILED,
    IN_PROGRESS,
    KEPT_SECONDS,
    MAX_JOBS_IN_PROGRESS,
    SUCCEEDED,
    JobStore,
    SearchRequest,
)
from tests.unit.rekognition_local.conftest import VIDEO
from tests.unit.rekognition_local.doubles import a_result

REQUEST = SearchRequest(VIDEO, "class", 80.0, "tag")
PERSONS = [shapes.person_match(sighting, {}) for sighting in a_result().persons]


def start(jobs: JobStore, token: str | None = None, request: SearchRequest = REQUEST) -> str:
    return jobs.create(token, request, '"etag"')


def test_a_job_is_kept_as_it_was_asked_for(jobs: JobStore) -> None:
    job = jobs.get(start(jobs))
    assert (job.request, job.etag, job.status, job.attempts) == (REQUEST, '"etag"', IN_PROGRESS, 0)


def test_a_missing_job_is_told(jobs: JobStore) -> None:
    with pytest.raises(ResourceNotFoundError):
        jobs.get("nothing")


def test_one_token_starts_one_job(jobs: JobStore) -> None:
    assert start(jobs, "token") == start(jobs, "token")
    assert start(jobs) != start(jobs)


def test_one_token_starts_one_job_even_when_calls_race(jobs: JobStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        started = set(pool.map(lambda _: start(jobs, "token"), range(32)))
    assert len(started) == 1
    assert jobs.counts()[IN_PROGRESS] == 1


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, threshold=81.0),
        replace(REQUEST, collection_id="other"),
        replace(REQUEST, job_tag=None),
        replace(REQUEST, video=replace(VIDEO, version="2")),
    ],
)
def test_a_token_with_other_parameters_is_refused(jobs: JobStore, other: SearchRequest) -> None:
    start(jobs, "token")
    with pytest.raises(IdempotentParameterMismatchError):
        start(jobs, "token", other)


def test_the_twenty_first_job_in_progress_is_refused_until_one_ends(jobs: JobStore) -> None:
    first, *_ = [start(jobs, f"token-{number}") for number in range(MAX_JOBS_IN_PROGRESS)]
    with pytest.raises(LimitExceededError):
        start(jobs)
    assert start(jobs, "token-0") == first
    jobs.fail(jobs.get(first), "broken")
    start(jobs)


def test_jobs_are_next_in_the_order_they_were_started(jobs: JobStore) -> None:
    first, second = jobs.get(start(jobs)), jobs.get(start(jobs))
    assert jobs.next() == first
    assert (jobs.earlier(first), jobs.earlier(second)) == (0, 1)
    jobs.finish(first, {}, [])
    assert jobs.next() == second
    jobs.fail(second, "broken")
    assert jobs.next() is None
    assert jobs.counts() == {IN_PROGRESS: 0, SUCCEEDED: 1, FAILED: 1}


def test_results_come_in_both_orders_and_in_pages(jobs: JobStore) -> None:
    job = jobs.get(start(jobs))
    jobs.finish(job, {"Codec": "h264"}, list(reversed(PERSONS)))

    def places(sort_by: str, at: int, limit: int) -> list[tuple[int, int]]:
        return [(p["Timestamp"], p["Person"]["Index"]) for p in jobs.persons(job, sort_by, at, limit)]

    assert places("TIMESTAMP", 0, 10) == [(0, 0), (0, 1), (500, 0), (500, 1)]
    assert places("INDEX", 0, 10) == [(0, 0), (500, 0), (0, 1), (500, 1)]
    assert places("INDEX", 0, 3) + places("INDEX", 3, 3) == places("INDEX", 0, 10)
    assert places("TIMESTAMP", 4, 3) == []
    assert jobs.get(job.job_id).metadata == {"Codec": "h264"}


def test_a_finished_job_survives_its_process(jobs: JobStore, tmp_path: Path) -> None:
    job = jobs.get(start(jobs, "token"))
    jobs.finish(job, {}, PERSONS)
    reader = JobStore(tmp_path / "jobs.sqlite3")
    assert reader.get(job.job_id).status == SUCCEEDED
    assert len(reader.persons(job, "INDEX", 0, 10)) == len(PERSONS)
    assert reader.started_before("token", REQUEST) == job.job_id
    reader.close()


def test_the_same_request_with_a_token_names_the_same_job_anywhere(tmp_path: Path) -> None:
    here, there = JobStore(tmp_path / "here.sqlite3"), JobStore(tmp_path / "there.sqlite3")
    assert start(here, "token") == start(there, "token")
    assert start(here) != start(there)
    here.close()
    there.close()


def test_a_job_is_forgotten_seven_days_after_its_end(tmp_path: Path) -> None:
    now = [0.0]
    jobs = JobStore(tmp_path / "jobs.sqlite3", clock=lambda: now[0])
    ended, waiting = jobs.get(start(jobs, "token")), jobs.get(start(jobs))
    jobs.finish(ended, {}, PERSONS)
    now[0] = KEPT_SECONDS
    assert jobs.get(ended.job_id).status == SUCCEEDED
    now[0] = KEPT_SECONDS + 1
    with pytest.raises(ResourceNotFoundError):
        jobs.get(ended.job_id)
    again = jobs.get(start(jobs, "token"))
    assert (again.status, again.seq) != (SUCCEEDED, ended.seq)
    assert jobs.persons(again, "INDEX", 0, 10) == []
    assert jobs.get(waiting.job_id).status == IN_PROGRESS
    jobs.close()
