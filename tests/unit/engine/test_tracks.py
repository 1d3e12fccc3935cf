from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekognition_local.engine import BoundingBox, DetectedFace, Pose, Quality
from rekognition_local.engine.face_engine import Look
from rekognition_local.engine.tracks import Sighting, Track, Tracker, best_pairs, fit_to_recognise, overlap

FACE = DetectedFace(BoundingBox(0.1, 0.1, 0.1, 0.2), (), 95.0, Quality(55.0, 75.0), Pose(0.0, 0.0, 0.0))
boxes = st.builds(BoundingBox, st.floats(-0.1, 0.9), st.floats(-0.1, 0.9), st.floats(0.01, 0.4), st.floats(0.01, 0.4))


def look(seed: int, height: float = 200) -> Look:
    crop = np.random.default_rng(seed).integers(0, 255, (112, 112, 3), np.uint8)
    box = np.array([0, 0, height, height], np.float32)
    return Look(crop, np.full((4, 4, 3), seed, np.uint8), box, np.zeros((5, 2), np.float32))


def seen(moment: int, left: float = 0.1, look: Look | None = None) -> Sighting:
    return Sighting(moment, replace(FACE, box=BoundingBox(left, 0.1, 0.1, 0.2)), look)


def tracks_of(samples: list[list[Sighting]]) -> list[Track]:
    tracker = Tracker()
    ended = [track for sample in samples for track in tracker.update(sample)]
    return ended + tracker.finish()


@given(boxes, boxes)
def test_overlap_is_a_ratio_and_the_same_both_ways(one: BoundingBox, other: BoundingBox) -> None:
    assert 0 <= overlap(one, other) <= 1 + 1e-9
    assert overlap(one, other) == pytest.approx(overlap(other, one))
    assert overlap(one, one) == pytest.approx(1)


@given(st.lists(boxes, max_size=8), st.lists(boxes, max_size=8))
def test_no_box_is_in_two_pairs_and_no_better_pair_is_left_over(
    before: list[BoundingBox], after: list[BoundingBox]
) -> None:
    pairs = best_pairs(before, after, 0.2)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    shared = {(i, j): overlap(old, new) for i, old in enumerate(before) for j, new in enumerate(after)}
    for pair, value in shared.items():
        rivals = [shared[chosen] for chosen in pairs if chosen[0] == pair[0] or chosen[1] == pair[1]]
        assert pair in pairs or value < 0.2 or max(rivals) >= value


def test_two_faces_side_by_side_make_two_tracks() -> None:
    tracks = tracks_of([[seen(t, 0.1), seen(t, 0.5)] for t in (0, 500, 1000)])
    assert sorted(len(track.faces) for track in tracks) == [3, 3]


def test_a_face_hidden_for_a_moment_keeps_its_track_and_one_long_gone_starts_another() -> None:
    assert len(tracks_of([[seen(0)], [], [], [seen(3)]])) == 1
    assert len(tracks_of([[seen(0)], [], [], [], [seen(4)]])) == 2


def test_another_look_at_the_same_place_is_another_track_that_knows_what_was_there() -> None:
    first, second = tracks_of([[seen(0, look=look(1))], [seen(1, look=look(1))], [seen(2, look=look(2))]])
    assert [moment for moment, _ in first.faces] == [0, 1]
    assert [moment for moment, _ in second.faces] == [2]
    assert second.before is first


def test_a_long_stay_is_a_chain_of_short_tracks_with_few_crops() -> None:
    tracks = tracks_of([[seen(t, look=look(1))] for t in range(20)])
    assert [moment for track in tracks for moment, _ in track.faces] == list(range(20))
    assert all(len(track.looks) == 1 for track in tracks)
    assert [track.before for track in tracks] == [None, *tracks[:-1]]


def test_the_best_looks_are_kept() -> None:
    for height, best in ((200, [90]), (30, [70, 80, 90])):  # more looks of a small face
        track = Track()
        for sharpness in (10, 90, 30, 80, 70, 20):
            face = replace(FACE, quality=Quality(50.0, float(sharpness)))
            track.add(Sighting(sharpness, face, look(sharpness, height)))
        assert sorted(int(kept.look.part[0, 0, 0]) for kept in track.looks) == best


@pytest.mark.parametrize(
    "face",
    [
        replace(FACE, box=BoundingBox(0.1, 0.1, 0.02, 0.018)),
        replace(FACE, confidence=59.0),
        replace(FACE, pose=Pose(0.0, -75.0, 0.0)),
    ],
)
def test_a_tiny_doubtful_or_turned_face_is_not_recognised(face: DetectedFace) -> None:
    assert fit_to_recognise(FACE, 1080)
    assert not fit_to_recognise(face, 1080)
