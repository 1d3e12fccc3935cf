"""Collections of faces: durable in SQLite, searched in memory."""

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np

from rekognition_local.database import Database
from rekognition_local.engine.gallery import Gallery
from rekognition_local.engine.types import BoundingBox
from rekognition_local.errors import ResourceAlreadyExistsError, ResourceNotFoundError, ResourceNotReadyError
from rekognition_local.galleries import STORED_DTYPE, Galleries, embeddings
from rekognition_local.ports import Embeddings

_SCHEMA = """
CREATE TABLE IF NOT EXISTS collections (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id TEXT NOT NULL UNIQUE,
    model_version TEXT NOT NULL,
    created_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS faces (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_seq INTEGER NOT NULL REFERENCES collections (seq) ON DELETE CASCADE,
    face_id TEXT NOT NULL UNIQUE,
    image_id TEXT NOT NULL,
    image_digest BLOB NOT NULL,
    external_image_id TEXT,
    "left" REAL NOT NULL, "top" REAL NOT NULL, width REAL NOT NULL, height REAL NOT NULL,
    confidence REAL NOT NULL,
    embedding BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS faces_of_collection ON faces (collection_seq, seq);
CREATE INDEX IF NOT EXISTS faces_of_image ON faces (collection_seq, image_digest);
"""
_FACE_COLUMNS = 'seq, face_id, image_id, external_image_id, "left", "top", width, height, confidence'

_PAGE = f"SELECT {_FACE_COLUMNS} FROM faces WHERE collection_seq = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3"  # noqa: S608
# The plus signs keep SQLite from walking through the whole collection: few faces are found by their ids.
_NAMED_PAGE = (
    f"SELECT {_FACE_COLUMNS} FROM faces WHERE +collection_seq = ?1 AND +seq > ?2"  # noqa: S608
    " AND face_id IN (SELECT value FROM json_each(?4)) ORDER BY +seq LIMIT ?3"
)

# The name of a collection that is being erased begins with what no collection id may hold.
_ERASED, _AFTER_ERASED = ":", ";"
_ERASED_AT_ONCE = 2_000
# Between two parts, so that requests that wait for the file get their turn.
_PAUSE_SECONDS = 0.002

_Place = tuple[float, float, float, float]


@dataclass(frozen=True)
class Collection:
    """A named set of faces; `created_at` is in seconds since 1970."""

    seq: int
    collection_id: str
    model_version: str
    created_at: float


@dataclass(frozen=True)
class NewFace:
    """A face to be stored: its box, the detector's confidence (0-100) and its unit vector, (128,)."""

    box: BoundingBox
    confidence: float
    embedding: Embeddings


@dataclass(frozen=True)
class StoredFace:
    """A face of a collection; `seq` orders the faces as they were added."""

    seq: int
    face_id: str
    image_id: str
    external_image_id: str | None
    box: BoundingBox
    confidence: float


class CollectionStore:
    """All collections. A change is on disk before its method returns; every method may be called by any thread.

    Every method that takes a `collection_id` raises ResourceNotFoundError when there is no such collection.
    """

    def __init__(self, path: Path, model_version: str) -> None:
        self._database = Database(path, _SCHEMA)
        self._model_version = model_version
        # Held over a change of the file and of the gallery, so that the two agree.
        self._lock = RLock()
        self._galleries = Galleries(self._database, self._lock)
        with self._database.read() as connection:
            unfinished = connection.execute(
                "SELECT seq FROM collections WHERE collection_id >= ? AND collection_id < ?", (_ERASED, _AFTER_ERASED)
            ).fetchall()
        for row in unfinished:
            self._erase(row["seq"])

    def create(self, collection_id: str) -> Collection:
        """Make an empty collection of the present face model.

        Raises:
            ResourceAlreadyExistsError: there is one of that name.
        """
        with self._database.write() as connection:
            cursor = connection.execute(
                "INSERT INTO collections (collection_id, model_version, created_at) VALUES (?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                (collection_id, self._model_version, time.time()),
            )
            if not cursor.rowcount:
                raise ResourceAlreadyExistsError(f"The collection id: {collection_id} already exists")
        return self.get(collection_id)

    def get(self, collection_id: str) -> Collection:
        """The collection of that name."""
        with self._database.read() as connection:
            row = connection.execute("SELECT * FROM collections WHERE collection_id = ?", (collection_id,)).fetchone()
        if row is None:
            raise ResourceNotFoundError(f"The collection id: {collection_id} does not exist")
        return Collection(**row)

    def page(self, after: int, limit: int) -> list[Collection]:
        """At most `limit` collections whose seq is greater than `after`."""
        query = (
            "SELECT * FROM collections WHERE seq > ? AND NOT (collection_id >= ? AND collection_id < ?)"
            " ORDER BY seq LIMIT ?"
        )
        with self._database.read() as connection:
            return [Collection(**row) for row in connection.execute(query, (after, _ERASED, _AFTER_ERASED, limit))]

    def delete(self, collection_id: str) -> None:
        """Delete the collection and all its faces.

        The name is free at once. The faces go part by part, so that other requests need not wait until a large
        collection is erased; a part that a killed process leaves behind is erased at the next start.
        """
        with self._lock:
            collection = self.get(collection_id)
            with self._database.write() as connection:
                connection.execute(
                    "UPDATE collections SET collection_id = ? WHERE seq = ?",
                    (f"{_ERASED}{collection.seq}", collection.seq),
                )
            self._galleries.forget(collection.seq)
        self._erase(collection.seq)

    def count(self, collection_id: str) -> int:
        """The number of faces."""
        query = "SELECT count(*) FROM faces WHERE collection_seq = ?"
        with self._database.read() as connection:
            return int(connection.execute(query, (self.get(collection_id).seq,)).fetchone()[0])

    def add(
        self, collection_id: str, image_digest: bytes, external_image_id: str | None, faces: Sequence[NewFace]
    ) -> list[StoredFace]:
        """Store the faces of one picture, in their order.

        A face that the same picture already brought under the same external id is not stored twice, as on AWS.

        Raises:
            ResourceNotReadyError: the collection was made with another face model.
        """
        with self._lock:
            collection = self.get(collection_id)
            self._check_model(collection)
            known = self._faces_of_image(collection, image_digest, external_image_id)
            fresh = {_place(face.box): face for face in faces if _place(face.box) not in known}
            if fresh:
                image_id = next(iter(known.values())).image_id if known else str(uuid.uuid4())
                face_ids = [str(uuid.uuid4()) for _ in fresh]
                head = (collection.seq, image_id, image_digest, external_image_id)
                self._insert(head, face_ids, list(fresh.values()))
                self._galleries.added(collection.seq, face_ids, np.stack([face.embedding for face in fresh.values()]))
                known = self._faces_of_image(collection, image_digest, external_image_id)
            return [known[_place(face.box)] for face in faces]

    def remove(self, collection_id: str, face_ids: Sequence[str]) -> list[str]:
        """Delete faces for good; the ids of those that were there, in the given order and once each."""
        with self._lock:
            collection = self.get(collection_id)
            present = self.faces(collection_id, face_ids)
            removed = [face_id for face_id in dict.fromkeys(face_ids) if face_id in present]
            with self._database.write() as connection:
                connection.execute(
                    "DELETE FROM faces WHERE +collection_seq = ? AND face_id IN (SELECT value FROM json_each(?))",
                    (collection.seq, json.dumps(removed)),
                )
            self._database.erase_traces()
            self._galleries.removed(collection.seq, removed)
            return removed

    def faces(self, collection_id: str, face_ids: Sequence[str]) -> dict[str, StoredFace]:
        """Those of the named faces that the collection holds, by their ids."""
        found = self.face_page(collection_id, 0, len(face_ids), face_ids)
        return {face.face_id: face for face in found}

    def face_page(
        self, collection_id: str, after: int, limit: int, face_ids: Sequence[str] | None = None
    ) -> list[StoredFace]:
        """At most `limit` faces whose seq is greater than `after`, of the named ones only where `face_ids` is given."""
        parameters: list[Any] = [self.get(collection_id).seq, after, limit]
        query = _PAGE
        if face_ids is not None:
            query = _NAMED_PAGE
            parameters.append(json.dumps(list(face_ids)))
        with self._database.read() as connection:
            return [_stored_face(row) for row in connection.execute(query, parameters)]

    def embedding(self, collection_id: str, face_id: str) -> Embeddings:
        """The vector of one face, (1, 128).

        Raises:
            ResourceNotFoundError: also when the collection has no such face.
        """
        query = "SELECT embedding FROM faces WHERE collection_seq = ? AND face_id = ?"
        with self._database.read() as connection:
            row = connection.execute(query, (self.get(collection_id).seq, face_id)).fetchone()
        if row is None:
            raise ResourceNotFoundError(f"The face id: {face_id} does not exist")
        return embeddings([row])

    def gallery(self, collection_id: str) -> Gallery:
        """The searchable faces, kept up to date by `add` and `remove`.

        Raises:
            ResourceNotReadyError: the collection was made with another face model.
        """
        collection = self.get(collection_id)
        self._check_model(collection)
        return self._galleries.get(collection.seq)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _erase(self, collection_seq: int) -> None:
        part = "DELETE FROM faces WHERE seq IN (SELECT seq FROM faces WHERE collection_seq = ? LIMIT ?)"
        left = True
        while left:
            with self._database.write() as connection:
                left = connection.execute(part, (collection_seq, _ERASED_AT_ONCE)).rowcount > 0
            time.sleep(_PAUSE_SECONDS)
        with self._database.write() as connection:
            connection.execute("DELETE FROM collections WHERE seq = ?", (collection_seq,))
        self._database.erase_traces()

    def _check_model(self, collection: Collection) -> None:
        if collection.model_version != self._model_version:
            raise ResourceNotReadyError(
                f"The collection was made with face model {collection.model_version}, this service runs"
                f" {self._model_version}: make it anew and index the photos again (`rollcall students reindex`)."
            )

    def _insert(self, head: tuple[Any, ...], face_ids: Sequence[str], faces: Sequence[NewFace]) -> None:
        rows = [
            (*head, face_id, *_place(face.box), face.confidence, face.embedding.astype(STORED_DTYPE).tobytes())
            for face_id, face in zip(face_ids, faces, strict=True)
        ]
        with self._database.write() as connection:
            connection.executemany(
                "INSERT INTO faces (collection_seq, image_id, image_digest, external_image_id, face_id,"
                ' "left", "top", width, height, confidence, embedding)'
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )

    def _faces_of_image(
        self, collection: Collection, image_digest: bytes, external_image_id: str | None
    ) -> dict[_Place, StoredFace]:
        query = (
            f"SELECT {_FACE_COLUMNS} FROM faces"  # noqa: S608 - constants
            " WHERE collection_seq = ? AND image_digest = ? AND external_image_id IS ?"
        )
        with self._database.read() as connection:
            rows = connection.execute(query, (collection.seq, image_digest, external_image_id)).fetchall()
        return {_place(face.box): face for face in map(_stored_face, rows)}


def _place(box: BoundingBox) -> _Place:
    """What tells the faces of one picture apart: detection is deterministic, so that a box comes back to the bit."""
    return box.left, box.top, box.width, box.height


def _stored_face(row: Any) -> StoredFace:
    box = BoundingBox(left=row["left"], top=row["top"], width=row["width"], height=row["height"])
    return StoredFace(row["seq"], row["face_id"], row["image_id"], row["external_image_id"], box, row["confidence"])
