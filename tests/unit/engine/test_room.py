from dataclasses import replace

import pytest

from rekognition_local.engine import BoundingBox, DetectedFace, Pose, Quality
from rekognition_local.engine.room import Room

FACE = DetectedFace(BoundingBox(0.1, 0.1, 0.02, 0.025), (), 95.0, Quality(55.0, 75.0), Pose(0.0, 0.0, 0.0))


def test_a_part_of_a_large_picture_with_tiny_faces_is_soon_searched_unshrunk_and_no_other() -> None:
    room = Room(2160, 3840, 60_000)
    assert room.tiles() == []
    for _ in range(3):
        room.learn([replace(FACE, box=BoundingBox(0.1, 0.1, 0.01, 0.015))])
    assert [part[:2] for part in room.tiles()] == [(0, 0)]


def test_a_picture_that_is_not_shrunk_is_searched_once() -> None:
    room = Room(1080, 1920, 60_000)
    for _ in range(3):
        room.learn([FACE])
    assert room.tiles() == []


def test_large_faces_ask_for_no_parts_but_for_a_look_for_large_ones_in_every_frame() -> None:
    room = Room(2160, 3840, 60_000)
    assert [room.look_for_large() for _ in range(9)] == [True, *[False] * 7, True]
    room.learn([replace(FACE, box=BoundingBox(0.1, 0.1, 0.3, 0.5))])
    assert room.look_for_large()
    assert room.look_for_large()
    assert room.tiles() == []


@pytest.mark.parametrize(("seconds", "interval"), [(0, 500), (8, 500), (60, 3000), (100, 5000), (3000, 5000)])
def test_a_recording_is_looked_at_twenty_times_or_every_five_seconds(seconds: int, interval: int) -> None:
    assert Room(1080, 1920, seconds * 1000).interval_ms() == interval


def test_a_room_of_small_faces_is_looked_at_more_often_until_they_are_large() -> None:
    room = Room(1080, 1920, 60_000)
    large = replace(FACE, box=BoundingBox(0.1, 0.1, 0.04, 0.08))
    for faces, interval in (([FACE, large], 2000), ([FACE, *[large] * 4], 3000), ([FACE], 2000), ([], 3000)):
        room.learn(faces)
        assert room.interval_ms() == interval
