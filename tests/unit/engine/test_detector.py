import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rekognition_local.engine.detector import suppress, tiles
from rekognition_local.engine.tracks import overlap
from rekognition_local.engine.types import BoundingBox
from rekognition_local.engine.yunet import RawFaces, decode

SIZE = (64, 96)


def outputs() -> dict[str, NDArray[np.float32]]:
    cells = {stride: (SIZE[0] // stride) * (SIZE[1] // stride) for stride in (8, 16, 32)}
    widths = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
    return {
        f"{n}_{s}": np.zeros((count, width), np.float32) for s, count in cells.items() for n, width in widths.items()
    }


@pytest.mark.parametrize(("stride", "row", "column"), [(8, 7, 11), (16, 1, 0), (32, 1, 2)])
def test_a_detection_is_read_from_its_cell(stride: int, row: int, column: int) -> None:
    net = outputs()
    cell = row * (SIZE[1] // stride) + column
    net[f"cls_{stride}"][cell], net[f"obj_{stride}"][cell] = 0.81, 1.0
    net[f"bbox_{stride}"][cell] = (0.5, 0.25, np.log(2), np.log(3))
    net[f"kps_{stride}"][cell] = np.arange(10) / 10
    found = decode(net, SIZE)
    assert found.scores == pytest.approx([0.9])
    centre = np.array([column + 0.5, row + 0.25]) * stride
    assert found.boxes[0] == pytest.approx([centre[0] - stride, centre[1] - 1.5 * stride, 2 * stride, 3 * stride])
    assert found.points[0][4] == pytest.approx([(column + 0.8) * stride, (row + 0.9) * stride])


def test_scores_beyond_one_count_as_one_and_weak_ones_not_at_all() -> None:
    net = outputs()
    net["cls_8"][:2], net["obj_8"][:2] = [[3.0], [0.5]], [[1.0], [0.5]]
    assert decode(net, SIZE).scores.tolist() == [1.0]


def test_nothing_detected_is_no_faces() -> None:
    assert len(suppress(decode(outputs(), SIZE))) == 0


boxes = st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(1, 40), st.integers(1, 40))


@given(st.lists(st.tuples(boxes, st.integers(601, 999)), max_size=20))
def test_suppression_keeps_the_best_and_no_two_that_overlap(faces: list[tuple[tuple[int, ...], int]]) -> None:
    scores = np.array([score / 1000 for _, score in faces], np.float32)
    raw = RawFaces(
        np.array([box for box, _ in faces], np.float32).reshape(-1, 4), np.zeros((len(faces), 5, 2), np.float32), scores
    )
    kept = suppress(raw)
    assert kept.scores.tolist() == sorted(kept.scores.tolist(), reverse=True)
    assert (len(kept) == 0) == (len(faces) == 0)
    if faces:
        assert kept.scores[0] == scores.max()
    rects = [BoundingBox(*map(float, box)) for box in kept.boxes]
    assert all(overlap(one, other) <= 0.3 + 1e-6 for n, one in enumerate(rects) for other in rects[:n])


@given(st.integers(1, 3000), st.integers(1, 4000))
def test_tiles_lie_in_the_picture_and_every_small_face_is_whole_in_one(height: int, width: int) -> None:
    parts = tiles(height, width)
    assert (parts == []) == (max(height, width) <= 1920)
    if not parts:
        return
    assert all(x >= 0 and y >= 0 and x + w <= width and y + h <= height for x, y, w, h in parts)
    face = 80
    for x in {0, width // 3, width // 2, max(0, width - face)}:
        for y in {0, height // 3, height // 2, max(0, height - face)}:
            right, bottom = min(x + face, width), min(y + face, height)
            assert any(a <= x and b <= y and right <= a + w and bottom <= b + h for a, b, w, h in parts)
