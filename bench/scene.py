"""What happens in a generated classroom: who sits where, when, and what they do. Values only, the same for one seed."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

_PITCH_X = 2.2
_PITCH_Y = 2.0
"""Room a seat takes, in heights of its row's faces."""

_ROWS = 6
_HEADROOM = 1.2


class SceneError(Exception):
    """The class cannot be shown as asked; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a classroom looks. Lengths in pixels, times in seconds, shares 0-1, angles in degrees.

    Attributes:
        seed: same seed, same people and options: same video (on one machine with one encoder).
        present: enrolled people who are in it; `absent` ones are enrolled and not in it, `strangers` the reverse.
        photos: enrolment photos per person.
        face_min: face height in the last row; `face_max` in the first.
        sway: how far heads move, in face heights; `roll` how far they tilt; `scale` how much nearer they come (share).
        change_every: mean time until a person shows another picture, another pose and light.
        away_share: of the people who leave for a while, arrive late or go early.
        hidden_share: of the people something is now and then before the face.
        blur: largest standard deviation of defocus; `noise` of the sensor's, of 255; `light` largest change of
            brightness between seats (share).
        key_seconds: between key frames; 0 for none at regular times.
        blocks: different minutes that are filmed; a longer video repeats them in turn, with other people away.
    """

    seed: int = 0
    present: int = 22
    absent: int = 8
    strangers: int = 6
    photos: int = 1
    face_min: float = 40.0
    face_max: float = 110.0
    sway: float = 0.15
    roll: float = 8.0
    scale: float = 0.06
    change_every: float = 8.0
    away_share: float = 0.25
    hidden_share: float = 0.2
    blur: float = 0.8
    noise: float = 2.0
    light: float = 0.25
    width: int = 1920
    height: int = 1080
    frame_rate: int = 25
    seconds: int = 60
    key_seconds: float = 2.0
    codec: str = "libx264"
    blocks: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be filmed.

        Raises:
            SceneError: a value is out of its range.
        """
        if min(self.present, self.absent, self.strangers) < 0:
            raise SceneError("present, absent and strangers are numbers of people, from 0")
        if min(self.photos, self.frame_rate, self.seconds, self.blocks) < 1:
            raise SceneError("photos, frame_rate, seconds and blocks must be at least 1")
        if not 8 <= self.face_min <= self.face_max <= self.height:
            raise SceneError("faces are 8 pixels tall or more, the last row's no taller than the first row's")
        if not all(64 <= side <= 8192 and side % 2 == 0 for side in (self.width, self.height)):
            raise SceneError("width and height must be even, from 64 to 8192 pixels")
        if not all(0 <= share <= 1 for share in (self.away_share, self.hidden_share, self.light)):
            raise SceneError("away_share, hidden_share and light are shares from 0 to 1")
        if not (self.change_every >= 1 and min(self.key_seconds, self.blur, self.noise, self.sway) >= 0):
            raise SceneError("change_every must be at least a second; key_seconds, blur, noise and sway at least 0")

    @property
    def block_seconds(self) -> int:
        """Length of one block: the whole video, or a minute of it."""
        return self.seconds if self.blocks == 1 else min(60, self.seconds)


@dataclass(frozen=True, slots=True)
class Interval:
    """From `start` up to `end`, seconds."""

    start: float
    end: float

    def covers(self, second: float) -> bool:
        """Whether the moment lies in it."""
        return self.start <= second < self.end


@dataclass(frozen=True, slots=True)
class Seat:
    """A place: the middle of the face in it and that face's height at rest, pixels; row 0 is the last."""

    x: float
    y: float
    face: float
    row: int


@dataclass(frozen=True, slots=True)
class Motion:
    """Slow swaying: each of x, y, roll and scale follows a sine of its own period (seconds) and phase."""

    periods: tuple[float, float, float, float]
    phases: tuple[float, float, float, float]

    def at(self, second: float) -> tuple[float, float, float, float]:
        """Displacements -1..1 for x, y, roll and scale."""
        x, y, roll, scale = (
            math.sin(2 * math.pi * (second / period + phase))
            for period, phase in zip(self.periods, self.phases, strict=True)
        )
        return x, y, roll, scale


@dataclass(frozen=True, slots=True)
class Part:
    """One person's part in a block: where, when visible, when hidden, and which of their pictures is shown from when.

    `person` counts the people shown: first the present, then the strangers.
    """

    person: int
    seat: Seat
    visible: tuple[Interval, ...]
    hidden: tuple[Interval, ...]
    pictures: tuple[tuple[float, int], ...]
    motion: Motion
    light: float
    blur: float

    def picture_at(self, second: float) -> int:
        """Number of the picture shown."""
        return [number for start, number in self.pictures if start <= second][-1]

    def is_visible(self, second: float) -> bool:
        """Whether the person is in the room."""
        return any(interval.covers(second) for interval in self.visible)

    def is_hidden(self, second: float) -> bool:
        """Whether something is before the face."""
        return any(interval.covers(second) for interval in self.hidden)


@dataclass(frozen=True, slots=True)
class Block:
    """What is filmed of one stretch of time; parts in the order they are drawn, back to front."""

    parts: tuple[Part, ...] = field(default=())


def plan(options: Options, pictures: Sequence[int]) -> tuple[Block, ...]:
    """The blocks of a video whose people, the present before the strangers, have so many `pictures` each.

    Raises:
        SceneError: there are more people than seats.
    """
    draw = random.Random(f"scene {options.seed}")  # noqa: S311 - repeatable, not secret
    seats = seating(options, len(pictures), draw)
    return tuple(
        Block(tuple(_part(options, person, seat, pictures[person], draw) for person, seat in seats))
        for _ in range(options.blocks)
    )


def seating(options: Options, people: int, draw: random.Random) -> list[tuple[int, Seat]]:
    """Everybody's seat, back to front: (number of the person, seat).

    Raises:
        SceneError: there are more people than seats.
    """
    seats = places(options)
    if people > len(seats):
        raise SceneError(f"{people} people do not fit: at this size there are {len(seats)} seats. Use smaller faces.")
    taken = sorted(draw.sample(range(len(seats)), people))
    order = draw.sample(range(people), people)
    jitter = [(draw.uniform(-0.2, 0.2), draw.uniform(-0.1, 0.1)) for _ in taken]
    moved = [
        Seat(seats[place].x + dx * seats[place].face, seats[place].y + dy * seats[place].face, seats[place].face, row)
        for place, (dx, dy) in zip(taken, jitter, strict=True)
        for row in (seats[place].row,)
    ]
    return list(zip(order, moved, strict=True))


def places(options: Options) -> list[Seat]:
    """All seats of the room, back to front: rows of faces that grow evenly from `face_min` to `face_max`."""
    ratio = options.face_max / options.face_min
    sizes = [options.face_min * ratio ** (row / (_ROWS - 1)) for row in range(_ROWS)]
    seats: list[Seat] = []
    y = _HEADROOM * sizes[0]
    for row, size in enumerate(sizes):
        if y + _HEADROOM * size > options.height:
            break
        columns = int(options.width / (_PITCH_X * size))
        pitch = options.width / max(columns, 1)
        seats.extend(Seat((column + 0.5) * pitch, y, size, row) for column in range(columns))
        y += _PITCH_Y * sizes[min(row + 1, _ROWS - 1)]
    return seats


def _part(options: Options, person: int, seat: Seat, pictures: int, draw: random.Random) -> Part:
    seconds = options.block_seconds
    return Part(
        person=person,
        seat=seat,
        visible=_visible(seconds, draw) if draw.random() < options.away_share else (Interval(0, seconds),),
        hidden=_hidden(seconds, draw) if draw.random() < options.hidden_share else (),
        pictures=_pictures(options, pictures, draw),
        motion=Motion(
            (draw.uniform(3, 9), draw.uniform(3, 9), draw.uniform(4, 12), draw.uniform(6, 15)),
            (draw.random(), draw.random(), draw.random(), draw.random()),
        ),
        light=1 + draw.uniform(-options.light, options.light),
        blur=draw.uniform(0, options.blur),
    )


def _visible(seconds: float, draw: random.Random) -> tuple[Interval, ...]:
    """Late, early gone, or away in between; at least 0.4 of the time there."""
    first, second = sorted((draw.uniform(0.2, 0.8), draw.uniform(0.2, 0.8)))
    way = draw.choice(("late", "early", "between"))
    if way == "late":
        return (Interval(seconds * min(first, 0.6), seconds),)
    if way == "early":
        return (Interval(0, seconds * max(second, 0.4)),)
    return (Interval(0, seconds * first), Interval(seconds * second, seconds))


def _hidden(seconds: float, draw: random.Random) -> tuple[Interval, ...]:
    starts = [draw.uniform(0, seconds) for _ in range(1 + int(seconds // 20))]
    return tuple(Interval(start, start + draw.uniform(1.5, 5)) for start in sorted(starts))


def _pictures(options: Options, pictures: int, draw: random.Random) -> tuple[tuple[float, int], ...]:
    shown, second, number = [], 0.0, draw.randrange(pictures)
    while second < options.block_seconds:
        shown.append((second, number))
        second += draw.uniform(0.5, 1.5) * options.change_every
        others = [other for other in range(pictures) if other != number]
        number = draw.choice(others) if others else number
    return tuple(shown)
