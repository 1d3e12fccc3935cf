"""Loading a gallery while the collection changes, and what is left after the process is killed."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from rekognition_local import galleries
from rekognition_local.collections import _NAMED_PAGE, CollectionStore, NewFace
from rekognition_local.errors import ResourceNotFoundError
from rekognition_local.ports import Embeddings
from tests.unit.rekognition_local.doubles import DEADLINE_SECONDS, a_face, a_vector

ROOT = Path(__file__).parent.parent.parent.parent


def add(store: CollectionStore, seed: int, name: str = "class") -> str:
    return store.add(name, bytes([seed]) * 32, None, [NewFace(a_face().box, 99.0, a_vector(seed))])[0].face_id


def found(store: CollectionStore, seed: int) -> list[str]:
    (matches,) = store.gallery("class").search(a_vector(seed)[None], 10, 99.0)
    return [match.face_id for match in matches]


@pytest.fixture
def reopened(collections: CollectionStore, tmp_path: Path) -> CollectionStore:
    """A store over a file with two faces, no gallery of which was read yet."""
    for seed in (1, 2):
        add(collections, seed)
    return CollectionStore(tmp_path / "collections.sqlite3", "1.0")


def test_what_changes_while_a_gallery_is_read_is_in_it_and_nobody_waits(
    reopened: CollectionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, go_on = Event(), Event()
    unpack = galleries.embeddings

    def slowly(rows: list[object]) -> Embeddings:
        reading.set()
        assert go_on.wait(DEADLINE_SECONDS)
        return unpack(rows)

    monkeypatch.setattr(galleries, "embeddings", slowly)
    (first, _) = reopened.face_page("class", 0, 10)
    with ThreadPoolExecutor(2) as threads:
        loads = [threads.submit(reopened.gallery, "class") for _ in range(2)]
        assert reading.wait(DEADLINE_SECONDS)
        late = add(reopened, 3)  # neither waits for the gallery, which is still being read
        assert reopened.remove("class", [first.face_id]) == [first.face_id]
        assert reopened.count("class") == 2
        assert not any(load.done() for load in loads)
        go_on.set()
        one, other = (load.result(DEADLINE_SECONDS) for load in loads)
    assert one is other
    assert (found(reopened, 1), found(reopened, 3), len(one)) == ([], [late], 2)


def test_a_gallery_that_could_not_be_read_is_read_again(
    reopened: CollectionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(galleries, "STORED_DTYPE", np.dtype("<f8"))  # as if the file held other vectors
        with pytest.raises(ValueError, match="rows of 128"):
            reopened.gallery("class")
    assert len(found(reopened, 2)) == 1


def test_a_collection_made_again_begins_empty(reopened: CollectionStore) -> None:
    assert len(found(reopened, 1)) == 1
    reopened.delete("class")
    reopened.create("class")
    assert found(reopened, 1) == []


def test_a_deletion_that_was_cut_off_is_seen_by_nobody_and_ends_at_the_next_start(
    reopened: CollectionStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(CollectionStore, "_erase", lambda *_: None)  # as if the process ended here
        reopened.delete("class")
    assert reopened.page(0, 10) == []
    with pytest.raises(ResourceNotFoundError):
        reopened.get("class")
    next_one = CollectionStore(tmp_path / "collections.sqlite3", "1.0")
    with next_one._database.read() as connection:
        assert connection.execute("SELECT (SELECT count(*) FROM faces) + count(*) FROM collections").fetchone()[0] == 0


def test_a_collection_of_several_parts_is_erased_whole_and_no_other(
    reopened: CollectionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rekognition_local.collections._ERASED_AT_ONCE", 1)
    reopened.create("other")
    kept = add(reopened, 9, "other")
    reopened.delete("class")
    assert [face.face_id for face in reopened.face_page("other", 0, 10)] == [kept]
    with reopened._database.read() as connection:
        assert connection.execute("SELECT count(*) FROM faces").fetchone()[0] == 1


def test_named_faces_are_found_without_a_walk_through_the_collection(collections: CollectionStore) -> None:
    wanted = [add(collections, seed) for seed in range(1, 20)][3:5]
    with collections._database.read() as connection:
        steps = connection.execute(f"EXPLAIN QUERY PLAN {_NAMED_PAGE}", (1, 0, 10, "[]")).fetchall()
    assert any("face_id=?" in step["detail"] for step in steps)
    assert list(collections.faces("class", wanted)) == wanted


_WRITER = """
import sys
from pathlib import Path
from rekognition_local.collections import CollectionStore
from tests.unit.rekognition_local.test_galleries import add
store = CollectionStore(Path(sys.argv[1]), "1.0")
store.create("class")
for seed in range(1, 256):
    print(add(store, seed), flush=True)
"""


def test_kill_9_loses_no_acknowledged_face(tmp_path: Path) -> None:
    path = tmp_path / "faces.sqlite3"
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-c", _WRITER, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        acknowledged = [writer.stdout.readline().strip() for _ in range(40)]
        writer.kill()
        acknowledged += writer.stdout.read().split("\n")[:-1]  # what it said before it died
    store = CollectionStore(path, "1.0")
    for seed, face_id in enumerate(acknowledged, 1):
        assert found(store, seed) == [face_id]
    assert len(store.gallery("class")) - len(acknowledged) in {0, 1}  # one may be stored and not yet told
