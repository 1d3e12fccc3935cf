import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rekognition_local.engine import Gallery, cosine_of, similarity_of
from rekognition_local.engine.rows import BLOCK_ROWS, DIMENSIONS


def unit(count: int, seed: int) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(count, DIMENSIONS)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


@given(st.integers(1, 60), st.integers(0, 8), st.floats(0, 30), st.integers(0, 2**32 - 1))
def test_search_finds_what_comparing_with_everyone_finds(count: int, limit: int, threshold: float, seed: int) -> None:
    matrix, sought = unit(count, seed), unit(3, seed + 1)
    found = Gallery([f"f{row}" for row in range(count)], matrix).search(sought, limit, threshold)
    for row, matches in zip(sought, found, strict=True):
        scores = sorted(((similarity_of(float(row @ face)), f"f{n}") for n, face in enumerate(matrix)), reverse=True)
        expected = [name for score, name in scores if score >= threshold][:limit]
        assert [match.face_id for match in matches] == expected


@settings(max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), max_size=40))
def test_adding_and_removing_in_any_order_leaves_exactly_the_enrolled(changes: list[tuple[bool, int]]) -> None:
    rows, gallery, enrolled = unit(10, 7), Gallery(), set[int]()
    for add, face in changes:
        if add and face not in enrolled:
            gallery.add([str(face)], rows[face : face + 1])
            enrolled.add(face)
        elif not add:
            assert gallery.remove([str(face)]) == ((str(face),) if face in enrolled else ())
            enrolled.discard(face)
    assert len(gallery) == len(enrolled)
    for face, matches in enumerate(gallery.search(rows, 1, 99)):
        assert [match.face_id for match in matches] == ([str(face)] if face in enrolled else [])
        assert (str(face) in gallery) == (face in enrolled)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(200, 900),
    st.integers(1, 40),
    st.floats(0, 99),
    st.sampled_from([0.2, 0.6, 2.0]),
    st.integers(0, 2**32 - 1),
)
def test_the_best_of_many_alike_are_the_same_as_by_comparing_with_everyone(
    count: int, limit: int, threshold: float, spread: float, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    rows = (draw.normal(size=DIMENSIONS) + spread * draw.normal(size=(count, DIMENSIONS))).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    sought = rows[:2]
    cosines = sought.astype(np.float64) @ rows.astype(np.float64).T
    for scores, matches in zip(
        cosines, Gallery([str(n) for n in range(count)], rows).search(sought, limit, threshold), strict=True
    ):
        best = [n for n in np.argsort(-scores, kind="stable")[:limit] if scores[n] >= cosine_of(threshold)]
        assert [match.face_id for match in matches] == [str(n) for n in best]
        expected = [similarity_of(float(scores[n])) for n in best]
        assert [match.similarity for match in matches] == pytest.approx(expected, abs=1e-9)


def test_a_gallery_of_several_blocks_finds_the_nearest_of_them_all() -> None:
    rows = unit(2 * BLOCK_ROWS + 5, 11)
    gallery = Gallery([str(n) for n in range(len(rows))], rows)
    wanted = np.array([3, BLOCK_ROWS, 2 * BLOCK_ROWS + 4])
    for place, matches in zip(wanted, gallery.search(rows[wanted], 3, 0), strict=True):
        cosines = rows.astype(np.float64) @ rows[place].astype(np.float64)
        assert [match.face_id for match in matches] == [str(n) for n in np.argsort(-cosines)[:3]]
    gallery.remove(["3"])
    assert gallery.search(rows[3:4], 1, 99) == [()]


def test_an_empty_gallery_matches_nobody() -> None:
    assert Gallery().search(unit(2, 1), 5, 0) == [(), ()]


def test_no_embeddings_give_no_answers() -> None:
    assert Gallery(["a"], unit(1, 1)).search(unit(0, 1), 5, 0) == []


def test_an_added_face_is_seen_by_the_next_search() -> None:
    gallery, rows = Gallery(), unit(1, 3)
    gallery.add(["new"], rows)
    assert gallery.search(rows, 1, 99)[0][0].face_id == "new"


def test_a_face_enrolled_twice_is_refused_and_changes_nothing() -> None:
    gallery = Gallery(["a"], unit(1, 1))
    with pytest.raises(ValueError, match="enrolled already"):
        gallery.add(["b", "a"], unit(2, 2))
    assert len(gallery) == 1


@pytest.mark.parametrize("matrix", [np.zeros((1, 3)), np.zeros((2, DIMENSIONS)), np.full((1, DIMENSIONS), np.nan)])
def test_a_matrix_of_another_shape_or_with_nan_is_refused(matrix: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match="finite rows"):
        Gallery(["a"], matrix.astype(np.float32))


def test_searching_while_others_add_and_remove_never_fails_nor_loses_a_face() -> None:
    rows = unit(200, 5)
    gallery, wrong = Gallery(["kept"], rows[:1]), list[int]()

    def change(start: int) -> None:
        for row in range(start, start + 60):
            gallery.add([str(row)], rows[row : row + 1])
            gallery.remove([str(row)])

    def search() -> None:
        wrong.extend(1 for _ in range(300) if gallery.search(rows[:1], 1, 99)[0][0].face_id != "kept")

    threads = [threading.Thread(target=change, args=(start,)) for start in (1, 70)] + [threading.Thread(target=search)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert not any(thread.is_alive() for thread in threads)
    assert wrong == []
    assert len(gallery) == 1
