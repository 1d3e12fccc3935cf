from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekognition_local.engine import BoundingBox, DetectedFace, Pose, Quality, refusal_reasons
from rekognition_local.engine.quality import _HEAD, measure, pose_of

GOOD = DetectedFace(BoundingBox(0.3, 0.3, 0.2, 0.3), (), 95.0, Quality(55.0, 75.0), Pose(0.0, 0.0, 0.0))
SHAPE = (600, 800)


@given(st.floats(-80, 80), st.floats(-80, 80), st.floats(-80, 80))
def test_the_pose_of_a_turned_head_is_how_it_was_turned(roll: float, yaw: float, pitch: float) -> None:
    (cr, cy, cp), (sr, sy, sp) = np.cos(np.radians((roll, yaw, pitch))), np.sin(np.radians((roll, yaw, pitch)))
    turn = (
        np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
        @ np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
        @ np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    )
    seen = pose_of(((turn @ _HEAD.T).T[:, :2] * 100 + 400).astype(np.float32))
    assert (seen.roll, seen.yaw, seen.pitch) == pytest.approx((roll, yaw, pitch), abs=0.5)


def test_a_nose_moved_right_is_a_face_turned_right_and_a_nose_moved_up_one_looking_up() -> None:
    straight = (_HEAD[:, :2] * 100).astype(np.float32)
    right, up = straight.copy(), straight.copy()
    right[2] += (15, 0)
    up[2] -= (0, 15)
    assert pose_of(right).yaw > 10
    assert pose_of(up).pitch > 10


def test_landmarks_in_one_place_have_a_finite_pose() -> None:
    pose = pose_of(np.full((5, 2), 7, np.float32))
    assert np.isfinite([pose.roll, pose.yaw, pose.pitch]).all()


def test_brightness_follows_the_light_and_sharpness_the_focus() -> None:
    noise = np.random.default_rng(1).integers(60, 190, (28, 28, 3), np.uint8)
    crop = cv2.resize(noise, (112, 112), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    blurred = cv2.GaussianBlur(crop, (0, 0), 4).astype(np.uint8)
    dark = (crop * 0.2).astype(np.uint8)
    assert measure(dark).brightness < 15 < 40 < measure(crop).brightness < 60
    assert measure(blurred).sharpness < measure(crop).sharpness
    assert measure(np.zeros((112, 112, 3), np.uint8)) == Quality(0.0, 0.0)


@pytest.mark.parametrize("level", ["NONE", "AUTO", "LOW", "MEDIUM", "HIGH"])
def test_a_good_face_is_refused_by_no_filter(level: str) -> None:
    assert refusal_reasons(GOOD, SHAPE, level) == ()


@pytest.mark.parametrize(
    ("face", "reason"),
    [
        (replace(GOOD, pose=Pose(0, -70, 0)), "EXTREME_POSE"),
        (replace(GOOD, pose=Pose(0, 0, 60)), "EXTREME_POSE"),
        (replace(GOOD, quality=Quality(5, 75)), "LOW_BRIGHTNESS"),
        (replace(GOOD, quality=Quality(55, 10)), "LOW_SHARPNESS"),
        (replace(GOOD, confidence=50), "LOW_CONFIDENCE"),
        (replace(GOOD, box=BoundingBox(0.3, 0.3, 0.02, 0.03)), "SMALL_BOUNDING_BOX"),
    ],
)
def test_each_fault_has_its_reason_at_every_level_but_none(face: DetectedFace, reason: str) -> None:
    for level in ("AUTO", "LOW", "MEDIUM", "HIGH"):
        assert refusal_reasons(face, SHAPE, level) == (reason,)
    assert refusal_reasons(face, SHAPE, "NONE") == ()


def test_several_faults_are_also_low_quality() -> None:
    face = replace(GOOD, confidence=50, quality=Quality(5, 10))
    assert refusal_reasons(face, SHAPE, "AUTO") == (
        "LOW_BRIGHTNESS",
        "LOW_SHARPNESS",
        "LOW_CONFIDENCE",
        "LOW_FACE_QUALITY",
    )


@given(st.floats(0, 100), st.floats(0, 100), st.floats(-90, 90), st.floats(0, 0.5))
def test_a_stricter_filter_refuses_at_least_as_much(bright: float, sharp: float, yaw: float, height: float) -> None:
    face = replace(GOOD, quality=Quality(bright, sharp), pose=Pose(0, yaw, 0), box=BoundingBox(0, 0, height, height))
    low, medium, high = (set(refusal_reasons(face, SHAPE, level)) for level in ("LOW", "MEDIUM", "HIGH"))
    assert low <= medium <= high


def test_an_unknown_filter_is_an_error() -> None:
    with pytest.raises(KeyError):
        refusal_reasons(GOOD, SHAPE, "STRICT")
