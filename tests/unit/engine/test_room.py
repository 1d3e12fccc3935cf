from dataclasses import replace

from rekognition_local.engine import BoundingBox, DetectedFace, Pose, Quality
from rekognition_local.engine.room import Room

FACE = DetectedFace(BoundingBox(0.1, 0.1, 0.02, 0.025), (), 95.0, Quality(55.0, 75.0), Pose(0.0, 0.0, 0.0))


def test_a_part_with_small_faces_is_soon_searched_enlarged_and_no_other() -> None:
    room = Room(1080, 1920)
    assert room.tiles() == []
    for _ in range(3):
        room.learn([FACE])
    assert [part[:2] for part in room.tiles()] == [(0, 0)]


def test_large_faces_ask_for_no_enlargement_but_for_a_look_for_large_ones_in_every_frame() -> None:
    room = Room(1080, 1920)
    assert [room.look_for_large() for _ in range(9)] == [True, *[False] * 7, True]
    room.learn([replace(FACE, box=BoundingBox(0.1, 0.1, 0.3, 0.5))])
    assert room.look_for_large()
    assert room.look_for_large()
    assert room.tiles() == []
