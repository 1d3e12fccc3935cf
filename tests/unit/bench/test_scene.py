"""What happens in a generated classroom."""

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.scene import Interval, Options, SceneError, places, plan, seating


def test_the_same_seed_makes_the_same_scene() -> None:
    assert plan(Options(seed=3), [2] * 28) == plan(Options(seed=3), [2] * 28)
    assert plan(Options(seed=3), [2] * 28) != plan(Options(seed=4), [2] * 28)


@given(st.integers(0, 10_000), st.sampled_from([(40, 110), (24, 40), (60, 60)]))
@settings(max_examples=30)
def test_everybody_sits_alone_inside_the_picture_at_the_size_asked_for(seed: int, faces: tuple[int, int]) -> None:
    options = Options(seed=seed, face_min=faces[0], face_max=faces[1])
    seats = seating(options, 28, Random(seed))  # noqa: S311 - repeatable, not secret
    assert sorted(person for person, _ in seats) == list(range(28))
    for number, (_, seat) in enumerate(seats):
        assert faces[0] - 0.01 <= seat.face <= faces[1] + 0.01
        assert 0 < seat.x < options.width
        assert 0 < seat.y < options.height
        for _, other in seats[number + 1 :]:
            assert max(abs(seat.x - other.x), abs(seat.y - other.y)) > max(seat.face, other.face)


@pytest.mark.parametrize(
    "wrong",
    [
        {"present": -1},
        {"seconds": 0},
        {"blocks": 0},
        {"face_min": 0},
        {"face_min": 90, "face_max": 50},
        {"face_max": float("nan")},
        {"width": 333},
        {"height": 100_000},
        {"away_share": 1.5},
        {"change_every": 0},
        {"key_seconds": -1},
    ],
)
def test_a_scene_that_cannot_be_filmed_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SceneError):
        replace(Options(), **wrong)  # type: ignore[arg-type]


def test_rows_grow_towards_the_front() -> None:
    sizes = [seat.face for seat in places(Options())]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) > 3


def test_more_people_than_seats_are_refused_with_advice() -> None:
    with pytest.raises(SceneError, match="smaller faces"):
        plan(Options(face_min=100, face_max=300), [1] * 200)


@given(st.integers(0, 1000))
@settings(max_examples=30)
def test_who_goes_away_is_still_there_for_long_enough(seed: int) -> None:
    options = Options(seed=seed, away_share=1, seconds=60)
    for part in plan(options, [3] * 10)[0].parts:
        there = sum(interval.end - interval.start for interval in part.visible)
        assert 0.2 * 60 <= there <= 60
        assert all(0 <= interval.start <= interval.end <= 60 for interval in part.visible)


def test_nobody_goes_away_or_is_hidden_when_no_share_is_asked_for() -> None:
    block = plan(Options(away_share=0, hidden_share=0), [1] * 20)[0]
    assert all(part.visible == (Interval(0, 60),) and part.hidden == () for part in block.parts)


def test_somebody_with_several_pictures_changes_to_another_each_time() -> None:
    for part in plan(Options(), [4] * 5)[0].parts:
        numbers = [number for _, number in part.pictures]
        assert len(numbers) > 3
        assert all(one != other for one, other in pairwise(numbers))
        assert part.picture_at(0) == numbers[0]
        assert part.picture_at(59.9) == numbers[-1]


def test_somebody_with_one_picture_keeps_it() -> None:
    assert {number for part in plan(Options(), [1])[0].parts for _, number in part.pictures} == {0}


def test_blocks_share_seats_and_differ_in_who_is_away() -> None:
    first, second = plan(replace(Options(), blocks=2, seconds=120, away_share=1), [2] * 10)
    assert [part.seat for part in first.parts] == [part.seat for part in second.parts]
    assert [part.visible for part in first.parts] != [part.visible for part in second.parts]


def test_a_person_moves_little_and_steadily() -> None:
    motion = plan(Options(), [1])[0].parts[0].motion
    for second in range(60):
        now, soon = motion.at(second), motion.at(second + 0.04)
        assert all(-1 <= value <= 1 for value in now)
        assert all(abs(one - other) < 0.1 for one, other in zip(now, soon, strict=True))
