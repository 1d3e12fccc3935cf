import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekognition_local.engine.alignment import CROP, TEMPLATE, align, similarity_transform


@given(st.floats(-180, 180), st.floats(0.05, 20), st.floats(-500, 500), st.floats(-500, 500))
def test_a_turned_scaled_and_shifted_template_is_brought_back(
    degrees: float, scale: float, right: float, down: float
) -> None:
    c, s = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    points = (TEMPLATE @ np.array([[c, s], [-s, c]]) + (right, down)).astype(np.float32)
    transform = similarity_transform(points, TEMPLATE)
    back = np.hstack([points, np.ones((5, 1))]) @ transform.T
    assert np.abs(back - TEMPLATE).max() < 0.05


@pytest.mark.parametrize("scale", [0.2, 1.0, 7.0])
def test_the_crop_shows_each_landmark_at_its_place_whatever_the_size_of_the_face(scale: float) -> None:
    points = (TEMPLATE * scale + 30).astype(np.float32)
    size = int(CROP * scale) + 80
    image = np.zeros((size, size, 3), np.uint8)
    reach = max(1, int(4 * scale))
    x, y = points[2].astype(int)
    image[y - reach : y + reach + 1, x - reach : x + reach + 1] = 255
    crop = align(image, points)
    assert crop.shape == (CROP, CROP, 3)
    weights = crop[:, :, 0].astype(float)
    centre = [(weights.sum(axis=axis) * np.arange(CROP)).sum() / weights.sum() for axis in (0, 1)]
    assert np.abs(np.array(centre) - TEMPLATE[2]).max() < 3


def test_landmarks_in_one_place_or_far_outside_give_a_crop_all_the_same() -> None:
    image = np.full((50, 50, 3), 9, np.uint8)
    for points in (np.full((5, 2), 20), TEMPLATE - 10_000, TEMPLATE * 100, TEMPLATE * 100 - 90_000):
        assert align(image, points.astype(np.float32)).shape == (CROP, CROP, 3)
