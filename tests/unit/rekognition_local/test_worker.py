from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from rekognition_local.collections import CollectionStore, NewFace
from rekognition_local.engine.errors import InvalidVideoError
from rekognition_local.engine.gallery import Gallery
from rekognition_local.engine.types import OnProgress, SearchProgress, VideoSearchResult
from rekognition_local.errors import InvalidS3ObjectError
from rekognition_local.jobs import FAILED, IN_PROGRESS, KEPT_SECONDS, SUCCEEDED, Job, JobStore, SearchRequest
from rekognition_local.objects import S3UnavailableError
from rekognition_local.worker import MAX_ATTEMPTS, STALL_SECONDS, JobWorker
from tests.unit.rekognition_local.conftest import VIDEO, eventually
from tests.unit.rekognition_local.doubles import DEADLINE_SECONDS, DictObjects, Gate, ScriptedSearch, a_face, a_vector

REQUEST = SearchRequest(VIDEO, "class", 80.0, None)


class Bench:
    """A job store with a worker that a test can stop and start again."""

    def __init__(self, jobs: JobStore, collections: CollectionStore, objects: DictObjects, folder: Path) -> None:
        self.jobs, self.collections, self.objects, self.folder = jobs, collections, objects, folder

    def start(self) -> Job:
        return self.jobs.get(self.jobs.create(None, REQUEST, '"1"'))

    @contextmanager
    def worker(self, search: ScriptedSearch, stall_seconds: float = STALL_SECONDS) -> Iterator[JobWorker]:
        worker = JobWorker(self.jobs, self.collections, self.objects, search, self.folder, 0.001, stall_seconds)
        worker.start()
        try:
            yield worker
        finally:
            worker.stop(DEADLINE_SECONDS)

    def ended(self, job: Job, search: ScriptedSearch) -> Job:
        """The job after a worker has ended it."""
        with self.worker(search):
            eventually(lambda: self.jobs.get(job.job_id).status != IN_PROGRESS)
        return self.jobs.get(job.job_id)


@pytest.fixture
def bench(jobs: JobStore, collections: CollectionStore, objects: DictObjects, tmp_path: Path) -> Bench:
    return Bench(jobs, collections, objects, tmp_path / "videos")


def test_a_job_succeeds_with_the_faces_that_matched(bench: Bench) -> None:
    (stored,) = bench.collections.add("class", b"digest", "ada", [NewFace(a_face().box, 99.0, a_vector(1))])
    search = ScriptedSearch()
    job = bench.ended(bench.start(), search)
    assert job.status == SUCCEEDED
    assert search.videos == [b"a video"]
    persons = bench.jobs.persons(job, "INDEX", 0, 10)
    assert [match["Face"]["FaceId"] for match in persons[0]["FaceMatches"]] == [stored.face_id]
    assert "FaceMatches" not in persons[-1]


def test_a_job_started_later_is_found_by_the_waiting_worker(bench: Bench) -> None:
    with bench.worker(ScriptedSearch()) as worker:
        job = bench.start()
        worker.wake()
        eventually(lambda: bench.jobs.get(job.job_id).status == SUCCEEDED)


def test_jobs_run_one_at_a_time_and_tell_their_progress(bench: Bench) -> None:
    gate = Gate()
    first, second = bench.start(), bench.start()
    with bench.worker(ScriptedSearch(gate)) as worker:
        gate.wait_reached()
        assert worker.progress(first.job_id) == SearchProgress(37, 5)
        assert worker.progress(second.job_id) is None
        gate.open.set()
        eventually(lambda: bench.jobs.get(second.job_id).status == SUCCEEDED)
        assert worker.progress(first.job_id) is None


def test_a_job_interrupted_by_a_stop_runs_again_under_its_id(bench: Bench) -> None:
    gate = Gate()
    job = bench.start()
    with bench.worker(ScriptedSearch(gate)):
        gate.wait_reached()
    assert bench.jobs.get(job.job_id).status == IN_PROGRESS
    assert bench.jobs.get(job.job_id).attempts == 0
    assert bench.ended(job, ScriptedSearch()).status == SUCCEEDED


def test_a_stop_that_cannot_wait_does_not_count_as_an_attempt_either(bench: Bench) -> None:
    reached, let_go = Event(), Event()

    def silent(_: OnProgress) -> None:
        reached.set()
        let_go.wait(DEADLINE_SECONDS)

    job = bench.start()
    with bench.worker(ScriptedSearch(silent)) as worker:
        assert reached.wait(DEADLINE_SECONDS)
        worker.stop(0.0)
        assert bench.jobs.get(job.job_id).attempts == 0
        let_go.set()


def test_a_video_that_brings_the_process_down_again_and_again_is_given_up(bench: Bench) -> None:
    job = bench.start()
    for _ in range(MAX_ATTEMPTS):
        bench.jobs.attempt(job, +1)  # what a killed process leaves behind
    search = ScriptedSearch()
    ended = bench.ended(job, search)
    assert ended.status == FAILED
    assert "ended unexpectedly" in (ended.message or "")
    assert search.videos == []


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (InvalidVideoError("The file is no video."), "The file is no video."),
        (RuntimeError("secret detail"), "The service failed to search the video (RuntimeError); see its log."),
    ],
)
def test_a_search_that_raises_fails_its_job_and_not_the_next(bench: Bench, error: Exception, message: str) -> None:
    def script(_: OnProgress) -> None:
        if len(search.videos) == 1:
            raise error

    search = ScriptedSearch(script)
    first, second = bench.start(), bench.start()
    assert bench.ended(second, search).status == SUCCEEDED
    assert (bench.jobs.get(first.job_id).status, bench.jobs.get(first.job_id).message) == (FAILED, message)


def test_an_object_that_is_gone_fails_the_job(bench: Bench) -> None:
    bench.objects.failures = [InvalidS3ObjectError("The S3 object was changed.")]
    job = bench.ended(bench.start(), ScriptedSearch())
    assert (job.status, job.message) == (FAILED, "The S3 object was changed.")


def test_a_worker_waits_for_s3_to_come_up(bench: Bench) -> None:
    bench.objects.failures = [S3UnavailableError("not yet")] * 5
    assert bench.ended(bench.start(), ScriptedSearch()).status == SUCCEEDED


def test_a_worker_that_waits_for_s3_can_be_stopped(bench: Bench) -> None:
    bench.objects.failures = [S3UnavailableError("never")] * 100_000
    job = bench.start()
    with bench.worker(ScriptedSearch()) as worker:
        eventually(lambda: worker.progress(job.job_id) == SearchProgress(0, 0))
    assert bench.jobs.get(job.job_id).status == IN_PROGRESS


def test_a_collection_deleted_meanwhile_fails_the_job(bench: Bench) -> None:
    search = ScriptedSearch(lambda _: bench.collections.delete("class"))
    job = bench.ended(bench.start(), search)
    assert job.status == FAILED
    assert "class" in (job.message or "")


def test_a_collection_made_again_meanwhile_fails_the_job_instead_of_finding_nobody(bench: Bench) -> None:
    def renew(_: OnProgress) -> None:
        bench.collections.delete("class")
        bench.collections.create("class")
        bench.collections.add("class", b"digest", "ada", [NewFace(a_face().box, 99.0, a_vector(1))])

    bench.collections.add("class", b"digest", "ada", [NewFace(a_face().box, 99.0, a_vector(1))])
    job = bench.ended(bench.start(), ScriptedSearch(renew))
    assert job.status == FAILED
    assert "made again" in (job.message or "")
    assert "Run the video again" in (job.message or "")


class CrowdedSearch(ScriptedSearch):
    """Sees so many people that their sightings need new pages of the database."""

    def __call__(self, path: Path, gallery: Gallery, threshold: float, on_progress: OnProgress) -> VideoSearchResult:
        result = super().__call__(path, gallery, threshold, on_progress)
        return replace(result, persons=result.persons * 50)


def limit_pages(jobs: JobStore, pages: int | None) -> None:
    """Let SQLite say that the disk is full from so many pages on, None for those there are."""
    with jobs._database.write() as connection:
        now = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages or now}")


def test_a_result_waits_for_room_on_the_disk_and_the_video_is_searched_once(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    search = CrowdedSearch(lambda _: limit_pages(bench.jobs, None))
    job = bench.start()
    with bench.worker(search):
        eventually(lambda: "cannot be stored yet: database or disk is full" in caplog.text)
        assert bench.jobs.get(job.job_id).status == IN_PROGRESS
        limit_pages(bench.jobs, 100_000)
        eventually(lambda: bench.jobs.get(job.job_id).status != IN_PROGRESS)
    assert bench.jobs.get(job.job_id).status == SUCCEEDED
    assert len(bench.jobs.persons(job, "INDEX", 0, 1000)) == 200
    assert len(search.videos) == 1


def test_a_disk_that_stays_full_fails_the_job_with_what_to_do(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rekognition_local.worker.STORE_ATTEMPTS", 3)
    search = CrowdedSearch(lambda _: limit_pages(bench.jobs, None))
    job = bench.ended(bench.start(), search)
    assert job.status == FAILED
    assert "database or disk is full" in (job.message or "")
    assert "Make room on the disk" in (job.message or "")
    assert len(search.videos) == 1


def test_a_worker_that_waits_for_room_can_be_stopped_and_counts_no_attempt(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    job = bench.start()
    with bench.worker(CrowdedSearch(lambda _: limit_pages(bench.jobs, None))):
        eventually(lambda: "cannot be stored yet" in caplog.text)
    assert bench.jobs.get(job.job_id).status == IN_PROGRESS
    assert bench.jobs.get(job.job_id).attempts == 0


def test_results_that_were_kept_long_enough_go_while_nothing_is_searched(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rekognition_local.worker.PURGE_SECONDS", 0.01)
    now = [0.0]
    bench.jobs = JobStore(tmp_path / "timed.sqlite3", clock=lambda: now[0])
    job = bench.start()
    with bench.worker(ScriptedSearch()):
        eventually(lambda: bench.jobs.get(job.job_id).status == SUCCEEDED)
        now[0] = KEPT_SECONDS + 1
        eventually(lambda: bench.jobs.counts()[SUCCEEDED] == 0)
        eventually(lambda: job.job_id.encode() not in (tmp_path / "timed.sqlite3-wal").read_bytes())
    assert bench.jobs.persons(job, "INDEX", 0, 10) == []
    bench.jobs.close()


def test_no_video_is_left_behind_by_success_failure_or_a_killed_process(bench: Bench) -> None:
    (bench.folder / "tmp").mkdir(parents=True)
    (bench.folder / "tmp" / "video").write_bytes(b"of a killed process")
    bench.ended(bench.start(), ScriptedSearch())
    bench.objects.failures = [InvalidS3ObjectError("gone")]
    bench.ended(bench.start(), ScriptedSearch())
    assert list(bench.folder.iterdir()) == []


def test_a_search_that_hangs_is_given_up_and_the_next_one_runs(bench: Bench) -> None:
    released, told = Event(), list[str]()

    def hang_once(on_progress: OnProgress) -> None:
        if not told:
            told.append("hangs")
            assert released.wait(DEADLINE_SECONDS)
            told.append("awake")
            try:
                on_progress(SearchProgress(50, 0))
            except Exception:
                told.append("ended")
                raise

    first, second = bench.start(), bench.start()
    with bench.worker(ScriptedSearch(hang_once), stall_seconds=0.2):
        eventually(lambda: bench.jobs.get(second.job_id).status == SUCCEEDED)
        given_up = bench.jobs.get(first.job_id)
        assert given_up.status == FAILED
        assert "did not advance" in str(given_up.message)
        assert "H.264" in str(given_up.message)
        released.set()  # should it wake up after all, it ends at its next sign of life and changes nothing
        eventually(lambda: told == ["hangs", "awake", "ended"])
    assert bench.jobs.get(first.job_id) == given_up


def test_a_slow_search_that_advances_is_let_go_on(bench: Bench) -> None:
    def slowly(on_progress: OnProgress) -> None:
        for percent in range(20):
            on_progress(SearchProgress(percent, 0))
            Event().wait(0.05)

    job = bench.start()
    with bench.worker(ScriptedSearch(slowly), stall_seconds=0.5):
        eventually(lambda: bench.jobs.get(job.job_id).status != IN_PROGRESS)
    assert bench.jobs.get(job.job_id).status == SUCCEEDED
