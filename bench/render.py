"""Draws a classroom: people's pictures cut out softly, at their seats, before a plain wall."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.people import Picture, Portrait
from bench.scene import Block, Options, Part, Seat

_AROUND = (0.45, 0.45, 0.45, 0.22)
"""How far a head reaches beyond its face's box to the left, right, top and bottom, in box heights."""

_FINE = 2
"""Heads are kept at twice their size, so that drawing them between pixels does not blur them a second time."""

_EDGE = 0.12
"""Width of the soft edge of a cut-out, in its radius."""

_CLOTHES = ((60, 70, 110), (110, 60, 60), (70, 100, 80), (120, 120, 125), (45, 45, 50), (150, 130, 100), (90, 70, 110))
_HAND = (178, 138, 118)


@dataclass(frozen=True, slots=True)
class Sprite:
    """A head at `_FINE` times its seat's size: RGB, a weight (0-1) per pixel, and where the face's middle is in it."""

    image: Picture
    weight: NDArray[np.float32]
    centre: tuple[float, float]


def frames(options: Options, block: Block, people: Sequence[Sequence[Portrait]]) -> Iterator[Picture]:
    """The frames of a block, (height, width, 3) RGB; `people[n]` are the pictures person n is shown in."""
    wall = background(options)
    noise = _noise(options)
    draw = random.Random(f"noise {options.seed}")  # noqa: S311 - repeatable, not secret
    sprites: dict[tuple[int, int], Sprite] = {}
    for number in range(options.block_seconds * options.frame_rate):
        second = number / options.frame_rate
        image = wall.copy()
        for part in block.parts:
            if part.is_visible(second):
                key = (part.person, part.picture_at(second))
                if key not in sprites:
                    sprites[key] = sprite(people[part.person][key[1]], part.seat.face, part.light, part.blur)
                _place(image, part, sprites[key], second, options)
        x, y = draw.randrange(65), draw.randrange(65)
        yield np.asarray(
            cv2.add(image, noise[y : y + options.height, x : x + options.width], dtype=cv2.CV_8U), np.uint8
        )


def background(options: Options) -> Picture:
    """A wall with a soft texture, a board, and a desk and shirt for each row: nothing with a face."""
    draw = np.random.default_rng(options.seed)
    small = draw.normal(0, 6, (options.height // 40 + 1, options.width // 40 + 1)).astype(np.float32)
    texture = cv2.resize(small, (options.width, options.height), interpolation=cv2.INTER_CUBIC)
    shade = np.linspace(185, 120, options.height, dtype=np.float32)[:, None]
    image = np.empty((options.height, options.width, 3), np.float32)
    image[:] = (texture + shade)[:, :, None] * np.array([1.0, 0.98, 0.93], np.float32)
    return image.clip(0, 255).astype(np.uint8)


def sprite(portrait: Portrait, face_px: float, light: float, blur: float) -> Sprite:
    """The head of a portrait with the face `face_px` pixels tall, `light` times as bright, out of focus by `blur`."""
    height, width = portrait.image.shape[:2]
    box = portrait.face.box
    tall = box.height * height
    middle = ((box.left + box.width / 2) * width, (box.top + box.height / 2) * height)
    left, right, top, bottom = (share * tall for share in _AROUND)
    edge = portrait.content
    x0, x1 = max(edge[0], int(box.left * width - left)), min(edge[2], round((box.left + box.width) * width + right))
    y0, y1 = max(edge[1], int(box.top * height - top)), min(edge[3], round((box.top + box.height) * height + bottom))
    scale = _FINE * face_px / tall
    size = (max(2, round((x1 - x0) * scale)), max(2, round((y1 - y0) * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    image = cv2.resize(portrait.image[y0:y1, x0:x1], size, interpolation=way)
    if blur > 0.2:
        image = cv2.GaussianBlur(image, (0, 0), _FINE * blur)
    image = cv2.convertScaleAbs(image, alpha=light)
    return Sprite(np.asarray(image, np.uint8), _oval(size), ((middle[0] - x0) * scale, (middle[1] - y0) * scale))


def _oval(size: tuple[int, int]) -> NDArray[np.float32]:
    """Weights (height, width): 1 within the largest oval, falling softly to 0 at its rim."""
    x = np.abs(np.linspace(-1, 1, size[0], dtype=np.float32))[None, :]
    y = np.abs(np.linspace(-1, 1, size[1], dtype=np.float32))[:, None]
    radius = (x**2.5 + y**2.5) ** (1 / 2.5)
    return np.asarray(np.clip((1 - radius) / _EDGE, 0, 1), np.float32)


def _place(image: Picture, part: Part, head: Sprite, second: float, options: Options) -> None:
    """Draw one person as they are at this moment."""
    dx, dy, turn, nearer = part.motion.at(second)
    seat = part.seat
    x = seat.x + dx * options.sway * seat.face
    y = seat.y + 0.4 * dy * options.sway * seat.face
    _draw_body(image, seat, x, y, part.person)
    turned = cv2.getRotationMatrix2D(head.centre, turn * options.roll, (1 + nearer * options.scale) / _FINE)
    _blend(image, head, np.asarray(turned, np.float64), x, y)
    if part.is_hidden(second):
        _draw_hand(image, seat, x, y)


def _blend(image: Picture, head: Sprite, transform: NDArray[np.float64], x: float, y: float) -> None:
    reach = 0.7 * max(head.weight.shape) / _FINE  # room enough for a turned and nearer head
    left, top = int(np.floor(x - reach)), int(np.floor(y - reach))
    wide = high = int(2 * reach) + 2
    transform = transform.copy()
    transform[:, 2] += (x - head.centre[0] - left, y - head.centre[1] - top)
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(image.shape[1], left + wide), min(image.shape[0], top + high)
    if x0 >= x1 or y0 >= y1:
        return
    transform[:, 2] -= (x0 - left, y0 - top)
    size = (x1 - x0, y1 - y0)
    drawn = cv2.warpAffine(head.image, transform, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    weight = cv2.warpAffine(head.weight, transform, size, flags=cv2.INTER_LINEAR)
    under = image[y0:y1, x0:x1]
    image[y0:y1, x0:x1] = cv2.blendLinear(drawn, np.ascontiguousarray(under), weight, 1 - weight)


def _draw_body(image: Picture, seat: Seat, x: float, y: float, person: int) -> None:
    face = seat.face
    colour = _CLOTHES[person % len(_CLOTHES)]
    cv2.ellipse(image, _point(x, y + 1.45 * face), _point(1.05 * face, 1.0 * face), 0, 0, 360, colour, -1, cv2.LINE_AA)


def _draw_hand(image: Picture, seat: Seat, x: float, y: float) -> None:
    """Something before mouth and nose."""
    place = _point(x + 0.05 * seat.face, y + 0.35 * seat.face)
    cv2.ellipse(image, place, _point(0.5 * seat.face, 0.3 * seat.face), 20, 0, 360, _HAND, -1, cv2.LINE_AA)


def _point(x: float, y: float) -> tuple[int, int]:
    return round(x), round(y)


def _noise(options: Options) -> NDArray[np.int16]:
    """Sensor noise a little larger than the picture: each frame takes another part of it."""
    draw = np.random.default_rng(options.seed + 1)
    grey = draw.normal(0, options.noise, (options.height + 64, options.width + 64, 1))
    return np.repeat(np.rint(grey).astype(np.int16), 3, axis=2)
