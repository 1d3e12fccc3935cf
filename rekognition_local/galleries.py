"""The searchable faces of each collection in use: read from SQLite when first wanted, then kept in step with it."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

import numpy as np

from rekognition_local.database import Database
from rekognition_local.engine.gallery import Gallery
from rekognition_local.ports import Embeddings

# Little-endian, so that a data folder can move between machines.
STORED_DTYPE = np.dtype("<f4")
_READ_AT_ONCE = 10_000
_QUERY = "SELECT seq, face_id, embedding FROM faces WHERE collection_seq = ? AND seq > ? ORDER BY seq"


@dataclass(frozen=True)
class _Entry:
    """A gallery that is there or on its way, and the faces that were deleted meanwhile."""

    gallery: Future[Gallery] = field(default_factory=Future)
    removed: list[str] = field(default_factory=list)


class Galleries:
    """All galleries in use. `lock` is held by whoever changes the table `faces` and then tells so here.

    Reading a million faces takes seconds. It holds no lock, so that other requests go on; what changes on the way is
    caught up with at the end, when the lock is held for a moment.
    """

    def __init__(self, database: Database, lock: RLock) -> None:
        self._database = database
        self._lock = lock
        self._entries: dict[int, _Entry] = {}

    def get(self, collection_seq: int) -> Gallery:
        """The collection's gallery, up to date; whoever asks while it is being read waits for it."""
        with self._lock:
            entry = self._entries.get(collection_seq)
            if entry is not None and entry.gallery.done():
                return entry.gallery.result()
            mine = entry is None
            if entry is None:
                entry = self._entries[collection_seq] = _Entry()
        if mine:
            self._read(collection_seq, entry)
        return entry.gallery.result()

    def added(self, collection_seq: int, face_ids: Sequence[str], matrix: Embeddings) -> None:
        """Take in faces that are now in the table."""
        entry = self._entries.get(collection_seq)
        if entry is not None and entry.gallery.done():
            entry.gallery.result().add(face_ids, matrix)

    def removed(self, collection_seq: int, face_ids: Sequence[str]) -> None:
        """Forget faces that are no longer in the table."""
        entry = self._entries.get(collection_seq)
        if entry is not None and entry.gallery.done():
            entry.gallery.result().remove(face_ids)
        elif entry is not None:
            entry.removed.extend(face_ids)

    def forget(self, collection_seq: int) -> None:
        """Let go of a collection that is no longer there."""
        self._entries.pop(collection_seq, None)

    def _read(self, collection_seq: int, entry: _Entry) -> None:
        gallery, last = Gallery(), 0
        try:
            with self._database.snapshot() as connection:
                for rows in _pages(connection, collection_seq, last):
                    gallery.add([row["face_id"] for row in rows], embeddings(rows))
                    last = rows[-1]["seq"]  # never given twice: a face with a greater one came later
            with self._lock:
                with self._database.read() as connection:
                    for rows in _pages(connection, collection_seq, last):
                        gallery.add([row["face_id"] for row in rows], embeddings(rows))
                gallery.remove(entry.removed)
                entry.gallery.set_result(gallery)
        except BaseException as error:  # whoever waits is told, and the next one tries again
            with self._lock:
                self._entries.pop(collection_seq, None)
            entry.gallery.set_exception(error)


def embeddings(rows: Sequence[Any]) -> Embeddings:
    """The vectors of rows that have the column `embedding`, (n, 128)."""
    packed = b"".join(row["embedding"] for row in rows)
    return np.frombuffer(packed, STORED_DTYPE).reshape(len(rows), -1).astype(np.float32)


def _pages(connection: Any, collection_seq: int, after: int) -> Iterator[list[Any]]:
    cursor = connection.execute(_QUERY, (collection_seq, after))
    while rows := cursor.fetchmany(_READ_AT_ONCE):
        yield rows
