"""One SQLite file that keeps what it has acknowledged."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock


class Database:
    """A SQLite file in WAL mode whose commits reach the disk before they return, shared by all threads.

    One connection behind one lock: requests hold it for well under a millisecond, beside tens of them for a picture.
    """

    def __init__(self, path: Path, schema: str) -> None:
        """Open the file, and make it from `schema` (statements that may run again) when it is new."""
        self._path = path
        self._lock = RLock()
        self._snapshots = 0
        self._has_traces = False
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        # FULL syncs the log at every commit: an acknowledged face survives a loss of power, not only kill -9.
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        # Deleted faces are overwritten with zeros instead of lingering in free pages.
        self._connection.execute("PRAGMA secure_delete = ON")
        self._connection.executescript(schema)
        self.erase_traces()  # a killed process may have deleted something and not come to this

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """The connection, for queries only."""
        with self._lock:
            yield self._connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """The connection in a transaction: all of the block's changes are on disk when it ends, or none at all."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # SQLite has ended it by itself where the disk is full
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own that sees all commits up to its first query, for reading much while others go on."""
        connection = sqlite3.connect(self._path, isolation_level=None)
        connection.row_factory = sqlite3.Row
        with self._lock:
            self._snapshots += 1
        try:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("BEGIN")
            yield connection
        finally:
            connection.close()
            with self._lock:
                self._snapshots -= 1
                if self._has_traces:
                    self.erase_traces()

    def erase_traces(self) -> None:
        """Empty the log, in which what was deleted still stands.

        A snapshot still needs the log and may take long: the last one's end does it then, and nobody waits.
        """
        with self._lock:
            self._has_traces = self._snapshots > 0
            if not self._has_traces:
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the file; nothing acknowledged depends on it."""
        with self._lock:
            self._connection.close()
