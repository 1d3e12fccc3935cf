"""Face search jobs and their results, durable in SQLite; the table itself is the queue."""

import hashlib
import json
import secrets
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rekognition_local.database import Database
from rekognition_local.errors import IdempotentParameterMismatchError, LimitExceededError, ResourceNotFoundError
from rekognition_local.ports import S3Reference

# Quotas of Amazon Rekognition: concurrent stored-video jobs of an account; how long results and tokens are kept.
MAX_JOBS_IN_PROGRESS = 20
KEPT_SECONDS = 7 * 24 * 3600
IN_PROGRESS, SUCCEEDED, FAILED = "IN_PROGRESS", "SUCCEEDED", "FAILED"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL UNIQUE,
    token TEXT UNIQUE,
    fingerprint TEXT NOT NULL,
    request TEXT NOT NULL,
    etag TEXT NOT NULL,
    status TEXT NOT NULL,
    message TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    metadata TEXT,
    created_at REAL NOT NULL,
    finished_at REAL
);
CREATE INDEX IF NOT EXISTS jobs_by_status ON jobs (status, seq);
CREATE TABLE IF NOT EXISTS persons (
    job_seq INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
    by_timestamp INTEGER NOT NULL,
    by_index INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (job_seq, by_timestamp),
    UNIQUE (job_seq, by_index)
) WITHOUT ROWID;
"""

_KEPT = "(finished_at IS NULL OR finished_at >= ?)"


@dataclass(frozen=True)
class SearchRequest:
    """What a client asked for; `threshold` is a Similarity, 0-100."""

    video: S3Reference
    collection_id: str
    threshold: float
    job_tag: str | None

    def to_json(self) -> str:
        """The same text for the same request."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "SearchRequest":
        """The inverse of `to_json`."""
        members = json.loads(text)
        return cls(**{**members, "video": S3Reference(**members["video"])})


@dataclass(frozen=True)
class Job:
    """A job as stored; `metadata` is a VideoMetadata member, there once the job has SUCCEEDED."""

    seq: int
    job_id: str
    request: SearchRequest
    etag: str
    status: str
    message: str | None
    attempts: int
    metadata: dict[str, Any] | None


class JobStore:
    """All jobs of the last seven days; every method may be called by any thread, its changes are on disk at its end."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._database = Database(path, _SCHEMA)
        self._clock = clock

    def started_before(self, token: str | None, request: SearchRequest) -> str | None:
        """The id of the job that this ClientRequestToken already started and that is still kept.

        Raises:
            IdempotentParameterMismatchError: it started a job with other parameters.
        """
        if token is None:
            return None
        with self._database.read() as connection:
            row = connection.execute(
                f"SELECT job_id, fingerprint FROM jobs WHERE token = ? AND {_KEPT}",  # noqa: S608 - a constant
                (token, self._oldest_end()),
            ).fetchone()
        if row is not None and row["fingerprint"] != _fingerprint(request):
            raise IdempotentParameterMismatchError(
                "The ClientRequestToken was already used with other parameters; use another one."
            )
        return None if row is None else str(row["job_id"])

    def create(self, token: str | None, request: SearchRequest, etag: str) -> str:
        """Queue a search of the object that has this ETag; the job's id.

        Two calls with one token make one job, also when they race.

        Raises:
            IdempotentParameterMismatchError: as `started_before`.
            LimitExceededError: 20 jobs are in progress.
        """
        self.purge()
        with self._database.write() as connection:
            started = self.started_before(token, request)
            if started is not None:
                return started
            if _count(connection, IN_PROGRESS) >= MAX_JOBS_IN_PROGRESS:
                raise LimitExceededError(f"{MAX_JOBS_IN_PROGRESS} jobs are in progress; try again when one has ended.")
            job_id = _job_id(token, request)
            connection.execute(
                "INSERT INTO jobs (job_id, token, fingerprint, request, etag, status, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (job_id, token, _fingerprint(request), request.to_json(), etag, IN_PROGRESS, self._clock()),
            )
        return job_id

    def purge(self) -> None:
        """Delete the jobs that ended more than seven days ago, with their results and tokens."""
        with self._database.write() as connection:
            gone = connection.execute("DELETE FROM jobs WHERE finished_at < ?", (self._oldest_end(),)).rowcount
        if gone:
            self._database.erase_traces()

    def get(self, job_id: str) -> Job:
        """The job of that id.

        Raises:
            ResourceNotFoundError: there is none, or it ended more than seven days ago.
        """
        with self._database.read() as connection:
            row = connection.execute(
                f"SELECT * FROM jobs WHERE job_id = ? AND {_KEPT}",  # noqa: S608 - a constant
                (job_id, self._oldest_end()),
            ).fetchone()
        if row is None:
            raise ResourceNotFoundError("Could not find JobId")
        return _job(row)

    def next(self) -> Job | None:
        """The job in progress that was started first."""
        query = "SELECT * FROM jobs WHERE status = ? ORDER BY seq LIMIT 1"
        with self._database.read() as connection:
            row = connection.execute(query, (IN_PROGRESS,)).fetchone()
        return None if row is None else _job(row)

    def earlier(self, job: Job) -> int:
        """How many jobs in progress were started before this one."""
        query = "SELECT count(*) FROM jobs WHERE status = ? AND seq < ?"
        with self._database.read() as connection:
            return int(connection.execute(query, (IN_PROGRESS, job.seq)).fetchone()[0])

    def counts(self) -> dict[str, int]:
        """The number of jobs in each status."""
        with self._database.read() as connection:
            return {status: _count(connection, status) for status in (IN_PROGRESS, SUCCEEDED, FAILED)}

    def attempt(self, job: Job, change: int) -> None:
        """Count a begun attempt (+1), or take one back that ended without being at fault (-1)."""
        with self._database.write() as connection:
            connection.execute("UPDATE jobs SET attempts = attempts + ? WHERE seq = ?", (change, job.seq))

    def finish(self, job: Job, metadata: dict[str, Any], persons: Sequence[dict[str, Any]]) -> None:
        """End the job as SUCCEEDED with its PersonMatch members, at once and whole."""
        by_timestamp = sorted(persons, key=lambda person: (person["Timestamp"], person["Person"]["Index"]))
        order = sorted(
            range(len(by_timestamp)),
            key=lambda place: (by_timestamp[place]["Person"]["Index"], by_timestamp[place]["Timestamp"]),
        )
        by_index = {place: rank for rank, place in enumerate(order)}
        rows = ((job.seq, place, by_index[place], json.dumps(person)) for place, person in enumerate(by_timestamp))
        with self._database.write() as connection:
            connection.executemany("INSERT INTO persons VALUES (?, ?, ?, ?)", rows)
            connection.execute(
                "UPDATE jobs SET status = ?, metadata = ?, finished_at = ? WHERE seq = ?",
                (SUCCEEDED, json.dumps(metadata), self._clock(), job.seq),
            )

    def fail(self, job: Job, message: str) -> None:
        """End the job as FAILED; the message tells a person why."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE jobs SET status = ?, message = ?, finished_at = ? WHERE seq = ?",
                (FAILED, message, self._clock(), job.seq),
            )

    def persons(self, job: Job, sort_by: str, start: int, limit: int) -> list[dict[str, Any]]:
        """At most `limit` PersonMatch members from place `start` on, sorted by TIMESTAMP or INDEX."""
        column = {"TIMESTAMP": "by_timestamp", "INDEX": "by_index"}[sort_by]
        query = f"SELECT body FROM persons WHERE job_seq = ? AND {column} >= ? ORDER BY {column} LIMIT ?"  # noqa: S608
        with self._database.read() as connection:
            rows = connection.execute(query, (job.seq, start, limit)).fetchall()
        return [json.loads(row["body"]) for row in rows]

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _oldest_end(self) -> float:
        return self._clock() - KEPT_SECONDS


def _job_id(token: str | None, request: SearchRequest) -> str:
    """64 hex digits. A job started with a token is named after it, so the same request names the same job anywhere."""
    if token is None:
        return secrets.token_hex(32)
    return hashlib.sha256(f"{token} {_fingerprint(request)}".encode()).hexdigest()


def _fingerprint(request: SearchRequest) -> str:
    return hashlib.sha256(request.to_json().encode()).hexdigest()


def _count(connection: sqlite3.Connection, status: str) -> int:
    return int(connection.execute("SELECT count(*) FROM jobs WHERE status = ?", (status,)).fetchone()[0])


def _job(row: sqlite3.Row) -> Job:
    return Job(
        seq=row["seq"],
        job_id=row["job_id"],
        request=SearchRequest.from_json(row["request"]),
        etag=row["etag"],
        status=row["status"],
        message=row["message"],
        attempts=row["attempts"],
        metadata=None if row["metadata"] is None else json.loads(row["metadata"]),
    )
