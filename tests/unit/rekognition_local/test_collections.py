import re
from pathlib import Path

import numpy as np
import pytest

from rekognition_local.collections import CollectionStore, NewFace, StoredFace
from rekognition_local.errors import InvalidParameterError, ResourceAlreadyExistsError, ResourceNotFoundError
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


def test_no_trace_of_a_deleted_face_stays_in_the_file(collections: CollectionStore, tmp_path: Path) -> None:
    face = add(collections, 1, "ada.lovelace")
    collections.remove("class", [face.face_id])
    collections.close()
    left = b"".join(path.read_bytes() for path in tmp_path.glob("collections.sqlite3*"))
    assert b"ada.lovelace" not in left
    assert a_vector(1).tobytes() not in left


def test_pages_are_in_the_order_of_addition(collections: CollectionStore) -> None:
    faces = [add(collections, seed) for seed in range(5)]
    assert collections.face_page("class", 0, 2) == faces[:2]
    assert collections.face_page("class", faces[1].seq, 10) == faces[2:]
    assert collections.face_page("class", 0, 10, [faces[3].face_id, "missing"]) == [faces[3]]


def test_faces_of_another_model_are_never_compared(collections: CollectionStore, tmp_path: Path) -> None:
    add(collections, 1)
    newer = CollectionStore(tmp_path / "collections.sqlite3", "2.0")
    with pytest.raises(InvalidParameterError, match="index the photos again"):
        newer.gallery("class")
    with pytest.raises(InvalidParameterError):
        add(newer, 2)
    assert newer.count("class") == 1
    newer.close()
