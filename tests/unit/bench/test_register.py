"""Judging registers against the truth."""

from pathlib import Path

import pytest

from attendance.model import Thresholds
from bench import register
from bench.classroom import Classroom, Shown
from bench.figures import Register
from bench.people import Person
from bench.scene import Interval, Options, Seat
from rekognition_local.engine import (
    BoundingBox,
    DetectedFace,
    FaceEngine,
    Match,
    PersonSighting,
    Pose,
    Quality,
    VideoMetadata,
    VideoSearchResult,
)

THRESHOLDS = Thresholds(92, 80)
SEATS = [Seat(100, 100, 30, 0), Seat(300, 100, 50, 1), Seat(500, 100, 80, 2)]


def classroom() -> Classroom:
    """S-1 and S-2 are there, S-3 is absent; a stranger sits at the third place."""
    shown = tuple(
        Shown(student_id, seat, (Interval(0, 60),))
        for student_id, seat in zip(("S-1", "S-2", None), SEATS, strict=True)
    )
    return Classroom(Path("x.mp4"), Options(width=1000, height=200), ("S-1", "S-2", "S-3"), (), shown, 0)


def answer(*named: tuple[int, str, float]) -> VideoSearchResult:
    """Each (seat, student, similarity) as one person of the engine's answer."""
    persons = []
    for index, (place, student_id, similarity) in enumerate(named):
        seat = SEATS[place]
        box = BoundingBox((seat.x - 10) / 1000, (seat.y - 10) / 200, 0.02, 0.1)
        face = DetectedFace(box, (), 99.0, Quality(50, 50), Pose(0, 0, 0))
        persons.append(PersonSighting(1000, index, box, face, (Match(f"{student_id}:0", similarity),)))
    return VideoSearchResult(VideoMetadata("h264", 60_000, "mp4", 25, 1000, 200), tuple(persons))


def judged(*named: tuple[int, str, float]) -> Register:
    return register.judge(classroom(), answer(*named), THRESHOLDS).total


def test_everybody_right_is_a_perfect_register() -> None:
    assert judged((0, "S-1", 99), (1, "S-2", 95)) == Register(right=2)


def test_a_student_left_to_review_is_found_but_not_present() -> None:
    assert judged((0, "S-1", 85), (1, "S-2", 95)) == Register(right=1, review=1)


def test_an_unseen_student_is_missed() -> None:
    assert judged((1, "S-2", 95)) == Register(right=1, missed=1)


def test_a_stranger_taken_for_an_absent_student_is_counted_twice() -> None:
    assert judged((0, "S-1", 99), (1, "S-2", 99), (2, "S-3", 93)) == Register(right=2, wrong=1, strangers=1)


def test_an_absent_student_in_review_is_doubted() -> None:
    assert judged((0, "S-1", 99), (1, "S-2", 99), (2, "S-3", 85)) == Register(right=2, doubted=1)


def test_a_student_present_by_anothers_face_is_told_apart() -> None:
    assert judged((0, "S-2", 99)) == Register(right=1, missed=1, others=1)


def test_recall_is_told_by_the_height_of_the_face() -> None:
    by_size = register.judge(classroom(), answer((1, "S-2", 95)), THRESHOLDS).by_size
    assert by_size == {"24-32 px": Register(missed=1), "40-64 px": Register(right=1)}
    rows = register.sizes("a class", [register.Judged(Register(), by_size)] * 2)
    assert [(row["face"], row["students"], row["recall"]) for row in rows] == [("24-32 px", 2, 0), ("40-64 px", 2, 1)]


def test_several_classrooms_are_summed() -> None:
    row = register.summary("both", [register.Judged(Register(right=3, wrong=1), {})] * 2)
    assert (row["videos"], row["right"], row["wrong"], row["precision"]) == (2, 6, 2, 0.75)


def test_the_demo_class_is_registered_right(people: tuple[Person, ...], engine: FaceEngine, tiny: Options) -> None:
    ((seed, one),) = register.run(people, tiny, engine, THRESHOLDS, [7])
    assert seed == 7
    assert one.total == Register(right=2)


def test_a_video_is_gone_after_its_context(people: tuple[Person, ...], engine: FaceEngine, tiny: Options) -> None:
    with register.classroom(people, tiny, engine) as made:
        assert made.video.exists()
    assert not made.video.parent.exists()


@pytest.mark.parametrize("name", register.BANDS)
def test_the_bands_of_the_acceptance_fit_the_room(name: str) -> None:
    low, high = register.BANDS[name]
    assert 24 <= low < high <= 110
