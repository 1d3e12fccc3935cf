import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekognition_local.engine.closeup import SIDE, central, close_up, surroundings
from rekognition_local.engine.yunet import RawFaces


@given(st.floats(-50, 400), st.floats(-50, 300), st.floats(0.5, 500), st.floats(0.5, 500))
def test_points_go_into_a_close_up_and_back(left: float, top: float, width: float, height: float) -> None:
    view = close_up(np.zeros((300, 400, 3), np.uint8), np.array([left, top, width, height], np.float32))
    assert view.image.shape == (SIDE, SIDE, 3)
    middle = np.array([[left + width / 2, top + height / 2]], np.float32)
    assert view.inside(middle)[0] == pytest.approx([SIDE / 2, SIDE / 2], abs=0.5)
    assert view.outside(view.inside(middle)) == pytest.approx(middle, abs=0.5)


def faces(*places: tuple[float, float]) -> RawFaces:
    """Faces with the middle at each x, less sure one after the other."""
    boxes = np.array([(x - 40, SIDE / 2 - 50, 80, 100) for x, _ in places], np.float32).reshape(-1, 4)
    points = np.array([np.full((5, 2), x) for x, _ in places], np.float32).reshape(-1, 5, 2)
    return RawFaces(boxes, points, np.array([score for _, score in places], np.float32))


def test_the_best_face_near_the_middle_counts_and_a_neighbours_does_not() -> None:
    found = central(faces((SIDE - 20, 0.99), (SIDE / 2 + 5, 0.8), (SIDE / 2, 0.7)))
    assert found is not None
    assert found[0, 0] == SIDE / 2 + 5
    assert central(faces((SIDE - 20, 0.99))) is None
    assert central(faces()) is None


@given(st.integers(30, 300), st.integers(30, 200), st.integers(10, 120))
def test_a_close_up_from_the_kept_part_is_that_from_the_whole_picture(left: int, top: int, size: int) -> None:
    image = np.random.default_rng(size).integers(0, 255, (300, 400, 3), np.uint8)
    box = np.array([left, top, size, size], np.float32)
    part, start = surroundings(image, box)
    assert part.shape[0] <= 1.5 * size + 3
    again = close_up(part, box - np.append(start, (0, 0)).astype(np.float32))
    assert np.abs(again.image.astype(int) - close_up(image, box).image.astype(int)).mean() < 1
