import re
from pathlib import Path

import numpy as np
import pytest

from rekognition_local.collections import CollectionStore, NewFace, StoredFace
from rekognition_local.database import Database
from rekognition_local.errors import ResourceAlreadyExistsError, ResourceNotFoundError, ResourceNotReadyError
from tests.unit.rekognition_local.doubles import a_face, a_vector

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def new_face(seed: int, left: float = 0.25) -> NewFace:
    return NewFace(a_face(left).box, 99.0, a_vector(seed))


def add(store: CollectionStore, seed: int, external: str | None = None) -> StoredFace:
    return store.add("class", bytes([seed]) * 32, external, [new_face(seed)])[0]


def found(store: CollectionStore, seed: int) -> list[str]:
    (matches,) = store.gallery("class").search(a_vector(seed)[None], 10, 99.0)
    return [match.face_id for match in matches]


def test_a_collection_cannot_be_made_twice(collections: CollectionStore) -> None:
    with pytest.raises(ResourceAlreadyExistsError, match="class"):
        collections.create("class")


@pytest.mark.parametrize("method", ["get", "delete", "count", "gallery"])
def test_a_missing_collection_is_told(collections: CollectionStore, method: str) -> None:
    with pytest.raises(ResourceNotFoundError, match="nobody"):
        getattr(collections, method)("nobody")


def test_an_added_face_is_listed_and_found(collections: CollectionStore) -> None:
    face = add(collections, 1, "ada")
    assert UUID.fullmatch(face.face_id)
    assert UUID.fullmatch(face.image_id)
    assert face.external_image_id == "ada"
    assert collections.face_page("class", 0, 10) == [face]
    assert found(collections, 1) == [face.face_id]


def test_faces_added_after_the_gallery_was_loaded_are_found(collections: CollectionStore) -> None:
    collections.gallery("class")
    assert found(collections, 1) == []
    face = add(collections, 1)
    assert found(collections, 1) == [face.face_id]


def test_an_acknowledged_face_is_there_when_the_file_is_opened_by_another(
    collections: CollectionStore, tmp_path: Path
) -> None:
    face = add(collections, 1, "ada")
    reader = CollectionStore(tmp_path / "collections.sqlite3", "1.0")  # the first is not closed, as after kill -9
    assert reader.face_page("class", 0, 10) == [face]
    assert found(reader, 1) == [face.face_id]
    assert np.array_equal(reader.embedding("class", face.face_id), a_vector(1)[None])
    reader.close()


def test_the_same_picture_under_the_same_external_id_is_stored_once(collections: CollectionStore) -> None:
    first = add(collections, 1, "ada")
    assert add(collections, 1, "ada") == first
    assert add(collections, 1, "ada.2") != first
    assert collections.count("class") == 2


def test_more_faces_of_a_known_picture_join_its_image(collections: CollectionStore) -> None:
    (first,) = collections.add("class", b"digest", None, [new_face(1)])
    again, second = collections.add("class", b"digest", None, [new_face(1), new_face(2, left=0.6)])
    assert again == first
    assert second.image_id == first.image_id
    assert second.face_id != first.face_id


def test_a_picture_without_faces_adds_nothing(collections: CollectionStore) -> None:
    assert collections.add("class", b"digest", None, []) == []
    assert collections.count("class") == 0


def test_removed_faces_are_neither_listed_nor_found(collections: CollectionStore) -> None:
    ada, bob = add(collections, 1), add(collections, 2)
    assert found(collections, 1) == [ada.face_id]
    assert collections.remove("class", [ada.face_id, "missing", ada.face_id]) == [ada.face_id]
    assert found(collections, 1) == []
    assert collections.face_page("class", 0, 10) == [bob]
    with pytest.raises(ResourceNotFoundError):
        collections.embedding("class", ada.face_id)


def test_a_removed_face_can_be_added_again(collections: CollectionStore) -> None:
    face = add(collections, 1)
    collections.remove("class", [face.face_id])
    again = add(collections, 1)
    assert again.face_id != face.face_id
    assert found(collections, 1) == [again.face_id]


def test_faces_of_another_collection_stay_apart(collections: CollectionStore) -> None:
    collections.create("other")
    face = add(collections, 1)
    assert collections.faces("other", [face.face_id]) == {}
    assert collections.remove("other", [face.face_id]) == []
    assert collections.count("class") == 1


def test_a_deleted_collection_takes_its_faces_along(collections: CollectionStore) -> None:
    add(collections, 1)
    collections.delete("class")
    collections.create("class")
    assert collections.count("class") == 0
    assert found(collections, 1) == []


def written(folder: Path) -> bytes:
    """All that is in the files of a store, its log included."""
    return b"".join(path.read_bytes() for path in folder.glob("collections.sqlite3*"))


def test_no_trace_of_a_deleted_face_stays_on_the_disk_of_a_running_service(
    collections: CollectionStore, tmp_path: Path
) -> None:
    face = add(collections, 1, "ada.lovelace")
    assert a_vector(1).tobytes() in written(tmp_path)
    collections.remove("class", [face.face_id])
    assert b"ada.lovelace" not in written(tmp_path)
    assert a_vector(1).tobytes() not in written(tmp_path)


def test_no_trace_of_faces_that_are_deleted_here_and_there_stays(collections: CollectionStore, tmp_path: Path) -> None:
    faces = [add(collections, seed) for seed in range(1, 121)]
    gone = sorted(np.random.default_rng(1).permutation(120)[:80])
    for seed in gone:
        collections.remove("class", [faces[seed].face_id])
    left = written(tmp_path)
    assert [seed for seed in range(120) if a_vector(seed + 1).tobytes() in left] == sorted(set(range(120)) - set(gone))


def test_no_trace_of_a_deleted_collection_stays(collections: CollectionStore, tmp_path: Path) -> None:
    add(collections, 1, "ada.lovelace")
    collections.delete("class")
    assert b"ada.lovelace" not in written(tmp_path)
    assert a_vector(1).tobytes() not in written(tmp_path)


def test_a_face_deleted_while_a_snapshot_is_read_is_erased_when_that_ends(
    collections: CollectionStore, tmp_path: Path
) -> None:
    face = add(collections, 1)
    with collections._database.snapshot() as reader:
        assert reader.execute("SELECT count(*) FROM faces").fetchone()[0] == 1
        collections.remove("class", [face.face_id])
        assert reader.execute("SELECT count(*) FROM faces").fetchone()[0] == 1
    assert a_vector(1).tobytes() not in written(tmp_path)


def test_what_a_killed_process_deleted_is_erased_by_the_next_one(
    collections: CollectionStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    face = add(collections, 1)
    with monkeypatch.context() as killed:
        killed.setattr(Database, "erase_traces", lambda _: None)  # as if the process ended here
        collections.remove("class", [face.face_id])
    assert a_vector(1).tobytes() in written(tmp_path)
    CollectionStore(tmp_path / "collections.sqlite3", "1.0").close()
    assert a_vector(1).tobytes() not in written(tmp_path)


def test_pages_are_in_the_order_of_addition(collections: CollectionStore) -> None:
    faces = [add(collections, seed) for seed in range(5)]
    assert collections.face_page("class", 0, 2) == faces[:2]
    assert collections.face_page("class", faces[1].seq, 10) == faces[2:]
    assert collections.face_page("class", 0, 10, [faces[3].face_id, "missing"]) == [faces[3]]


def test_faces_of_another_model_are_never_compared(collections: CollectionStore, tmp_path: Path) -> None:
    add(collections, 1)
    newer = CollectionStore(tmp_path / "collections.sqlite3", "2.0")
    with pytest.raises(ResourceNotReadyError, match=r"index the photos again .*students reindex"):
        newer.gallery("class")
    with pytest.raises(ResourceNotReadyError):
        add(newer, 2)
    assert newer.count("class") == 1
    newer.close()
