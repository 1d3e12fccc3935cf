"""Videos of classrooms whose truth is known, made from pictures of people who are not in one room."""

import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.encode import encode, repeat
from bench.people import Person, Portrait, enrolment, students
from bench.render import frames
from bench.scene import Block, Interval, Options, SceneError, Seat, plan
from rekognition_local.engine import FaceEngine


@dataclass(frozen=True, slots=True)
class Shown:
    """Somebody of the video: the enrolled student's id, or None for a stranger; when visible, seconds of the video."""

    student_id: str | None
    seat: Seat
    visible: tuple[Interval, ...]

    @property
    def visible_seconds(self) -> float:
        """How long the person is in the room."""
        return sum(interval.end - interval.start for interval in self.visible)


@dataclass(frozen=True, slots=True)
class Classroom:
    """A video, who is enrolled, and the truth.

    `enrolled` are all students, one id each; `photos` (id, portrait) what they are enrolled with.
    """

    video: Path
    options: Options
    enrolled: tuple[str, ...]
    photos: tuple[tuple[str, Portrait], ...]
    shown: tuple[Shown, ...]
    unusable: int

    @property
    def present(self) -> frozenset[str]:
        """Ids of the students who are in the video."""
        return frozenset(one.student_id for one in self.shown if one.student_id is not None)

    def at(self, x: float, y: float, second: float) -> Shown | None:
        """Who is seen at this point (pixels) and moment: the person at the nearest seat, if within a face of it."""
        near = [
            (max(abs(one.seat.x - x), abs(one.seat.y - y)) / one.seat.face, number)
            for number, one in enumerate(self.shown)
            if any(interval.start - 1 <= second <= interval.end + 1 for interval in one.visible)
        ]
        distance, number = min(near, default=(float("inf"), -1))
        return self.shown[number] if distance <= 1 else None


@dataclass(frozen=True, slots=True)
class Cast:
    """Who takes which part: enrolled with photos (by id), the pictures the present and the strangers are shown in."""

    photos: tuple[tuple[str, Portrait], ...]
    present: tuple[tuple[str, tuple[Portrait, ...]], ...]
    strangers: tuple[tuple[Portrait, ...], ...]
    unusable: int


def make(people: Sequence[Person], options: Options, engine: FaceEngine, folder: Path) -> Classroom:
    """Choose people, film them, and write `classroom.mp4` (`.webm` for VP9) into `folder`.

    Raises:
        SceneError: too few people with enough pictures, or too many for the room.
    """
    chosen = cast(people, options, engine)
    pictures = [shown for _, shown in chosen.present] + list(chosen.strangers)
    blocks = plan(options, [len(shown) for shown in pictures])
    folder.mkdir(parents=True, exist_ok=True)
    video = folder / ("classroom.webm" if "vp9" in options.codec else "classroom.mp4")
    film(options, blocks, pictures, video)
    ids = [student_id for student_id, _ in chosen.present]
    return Classroom(
        video=video,
        options=options,
        enrolled=tuple(dict.fromkeys(student_id for student_id, _ in chosen.photos)),
        photos=chosen.photos,
        shown=truth(blocks, sequence(options), options, ids),
        unusable=chosen.unusable,
    )


def film(options: Options, blocks: Sequence[Block], people: Sequence[Sequence[Portrait]], video: Path) -> None:
    """Draw and encode each block once and join them; `people[n]` are the pictures person n is shown in."""
    if len(blocks) == 1:
        encode(options, frames(options, blocks[0], people), video)
        return
    parts = [video.with_name(f"block-{number}{video.suffix}") for number in range(len(blocks))]
    for number, (block, part) in enumerate(zip(blocks, parts, strict=True)):
        own = replace(options, seed=options.seed * 1000 + number)
        encode(own, frames(options, block, people), part)
    repeat(options, parts, sequence(options), video)
    for part in parts:
        part.unlink()


def cast(people: Sequence[Person], options: Options, engine: FaceEngine) -> Cast:
    """Give out the parts at random: present students need a picture more than their photos, all others just one.

    Raises:
        SceneError: too few people with enough pictures.
    """
    draw = random.Random(f"cast {options.seed}")  # noqa: S311 - repeatable, not secret
    photos: list[tuple[str, Portrait]] = []
    present: list[tuple[str, tuple[Portrait, ...]]] = []
    strangers: list[tuple[Portrait, ...]] = []
    absent = unusable = 0
    for person in students(people, draw):
        student_id = f"S-{len(present) + absent + 1:05}"
        enrolled, others = enrolment(person, engine, draw, options.photos)
        if not enrolled:
            unusable += 1
        elif len(present) < options.present:
            if others:
                present.append((student_id, tuple(others)))
                photos += [(student_id, one) for one in enrolled]
        elif len(strangers) < options.strangers:
            strangers.append((*enrolled, *others))
        elif absent < options.absent:
            absent += 1
            photos += [(student_id, one) for one in enrolled]
        if (len(present), len(strangers), absent) == (options.present, options.strangers, options.absent):
            return Cast(tuple(photos), tuple(present), tuple(strangers), unusable)
    raise SceneError(
        f"The folder's people are enough for {len(present)} present, {len(strangers)} strangers and {absent} absent "
        f"only ({unusable} have no good picture). Ask for fewer."
    )


def sequence(options: Options) -> tuple[int, ...]:
    """The order in which blocks follow each other to fill the video's length."""
    return tuple(number % options.blocks for number in range(max(1, options.seconds // options.block_seconds)))


def truth(blocks: Sequence[Block], order: Sequence[int], options: Options, ids: Sequence[str]) -> tuple[Shown, ...]:
    """Everybody shown and when, in seconds of the whole video; `ids` are the present students', strangers follow."""
    visible: dict[int, list[Interval]] = {}
    seats: dict[int, Seat] = {}
    for place, number in enumerate(order):
        start = place * options.block_seconds
        for part in blocks[number].parts:
            seats[part.person] = part.seat
            moved = [Interval(start + one.start, start + one.end) for one in part.visible]
            visible.setdefault(part.person, []).extend(moved)
    return tuple(
        Shown(ids[person] if person < len(ids) else None, seats[person], tuple(visible[person]))
        for person in sorted(seats)
    )


def embed(classroom: Classroom, engine: FaceEngine) -> tuple[list[str], NDArray[np.float32]]:
    """The gallery of a class: a face id per photo (`<student id>:<number>`) and unit rows (n, 128)."""
    ids = [f"{student_id}:{number}" for number, (student_id, _) in enumerate(classroom.photos)]
    rows = [engine.embed(one.image, [one.face]) for _, one in classroom.photos]
    return ids, np.concatenate(rows)


def write_truth(classroom: Classroom, path: Path) -> None:
    """The truth as JSON: students by number only, no names and no pictures."""
    path.write_text(
        json.dumps(
            {
                "options": asdict(classroom.options),
                "enrolled": classroom.enrolled,
                "shown": [
                    {
                        "student_id": one.student_id,
                        "x": round(one.seat.x, 1),
                        "y": round(one.seat.y, 1),
                        "face_px": round(one.seat.face, 1),
                        "visible": [[round(i.start, 2), round(i.end, 2)] for i in one.visible],
                    }
                    for one in classroom.shown
                ],
            },
            indent=1,
        ),
        encoding="utf-8",
    )
