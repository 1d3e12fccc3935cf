import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rekognition_local.engine.rows import BLOCK_ROWS, DIMENSIONS, Rows, coded


def random_rows(count: int, seed: int, spread: float = 1.0) -> NDArray[np.float32]:
    """Unit rows; a small spread makes them alike, as photos of one person are."""
    draw = np.random.default_rng(seed)
    rows = (draw.normal(size=DIMENSIONS) + spread * draw.normal(size=(count, DIMENSIONS))).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


@settings(deadline=None)
@given(st.integers(1, 300), st.integers(1, 12), st.sampled_from([0.01, 0.3, 3.0]), st.integers(0, 2**32 - 1))
def test_a_rough_score_is_never_further_off_than_it_says(count: int, sought: int, spread: float, seed: int) -> None:
    matrix, queries, rows = random_rows(count, seed, spread), random_rows(sought, seed + 1, spread), Rows()
    rows.append(matrix)
    scores, errors = rows.scores(queries, 0)
    exact = queries.astype(np.float64) @ matrix.astype(np.float64).T
    assert scores.shape == exact.shape
    assert (np.abs(scores - exact) <= errors[:, None]).all()
    assert (errors < 0.1).all()


def test_vectors_that_no_code_fits_well_are_bounded_too() -> None:
    uneven = np.full((1, DIMENSIONS), 0.003, np.float32)
    uneven[0, 0] = 1.0
    matrix = np.concatenate([uneven, np.zeros((1, DIMENSIONS), np.float32), -uneven])
    rows = Rows()
    rows.append(matrix)
    scores, errors = rows.scores(matrix, 0)
    assert (np.abs(scores - matrix.astype(np.float64) @ matrix.T.astype(np.float64)) <= errors[:, None]).all()


def test_codes_are_off_by_half_a_step_at_most() -> None:
    matrix = random_rows(50, 3)
    codes = coded(matrix)
    assert (np.abs(codes.levels * codes.scales[:, None] - matrix) <= codes.scales[:, None] * 0.5001).all()
    assert codes.levels.min() >= -127


def test_rows_of_several_blocks_are_kept_and_removed_across_their_borders() -> None:
    matrix, rows = random_rows(BLOCK_ROWS + 3, 5), Rows()
    rows.append(matrix[:10])
    rows.append(matrix[10:])
    for place in (2, BLOCK_ROWS, 0, 7):  # the last row takes the place; one block is left
        rows.remove(place)
        matrix[place] = matrix[-1]
        matrix = matrix[:-1]
    assert len(matrix) == BLOCK_ROWS - 1
    places = np.arange(len(matrix))
    assert np.array_equal(rows.take(places), matrix)
    scores, errors = rows.scores(matrix[:1], 0)
    assert scores.shape == (1, BLOCK_ROWS - 1)
    assert (np.abs(scores - matrix[:1] @ matrix.T) <= errors[:, None]).all()
    rows.append(matrix[:5])
    assert np.array_equal(rows.take(np.array([BLOCK_ROWS + 3])), matrix[4:5])
