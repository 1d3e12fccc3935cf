"""The people of a measurement: a folder with one folder of pictures per person."""

import hashlib
import random
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rekognition_local.engine import BoundingBox, DetectedFace, FaceEngine, decode_picture, refusal_reasons

Picture = NDArray[np.uint8]
"""RGB, (height, width, 3)."""

SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})

_TIGHT = 0.6
"""Share of a picture's height from which a face fills it: then a margin is added, as any photo of a person has one."""

_SMOKE = {
    "man": ("man.jpg", "man.mp4"),
    "obama": ("obama.jpg", "obama2.jpg", "obama3.jpg"),
    "biden": ("biden.jpg",),
    "collins": ("collins.png",),
    "woman": ("woman.mp4",),
}
_FOOTAGE_FRAMES = 3


class PeopleError(Exception):
    """The folder of people cannot be used; the message says what it needs."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody and the paths of their pictures, by name of the file."""

    name: str
    pictures: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Portrait:
    """A picture of one person, the face in it, and how much of the image (pixels on each side) is added margin."""

    image: Picture
    face: DetectedFace
    margin: tuple[int, int] = (0, 0)

    @property
    def content(self) -> tuple[int, int, int, int]:
        """The picture without its margin: left, top, right, bottom in pixels."""
        (x, y), (height, width) = self.margin, self.image.shape[:2]
        return x, y, width - x, height - y


def load(folder: Path) -> tuple[Person, ...]:
    """The people of a folder, by name; folders without pictures are passed over.

    Raises:
        PeopleError: no such folder, or nobody in it.
    """
    if not folder.is_dir():
        raise PeopleError(f"{folder} is no folder. Name one that holds a folder of pictures per person.")
    people = [
        Person(place.name, tuple(sorted(path for path in place.iterdir() if path.suffix.lower() in SUFFIXES)))
        for place in sorted(folder.iterdir())
        if place.is_dir()
    ]
    found = tuple(person for person in people if person.pictures)
    if not found:
        raise PeopleError(f"{folder} holds no folder with JPEG or PNG pictures: one folder per person is needed.")
    return found


def split(people: Iterable[Person], part: str) -> tuple[Person, ...]:
    """Half of the people: "tune" or "test", by a hash of the name, so that nobody ever changes sides; "all" is all.

    Raises:
        ValueError: no such part.
    """
    if part not in {"tune", "test", "all"}:
        raise ValueError(f"a part is tune, test or all, not {part}")
    return tuple(person for person in people if part in {"all", side(person.name)})


def side(name: str) -> str:
    """Which half of the people a name belongs to, "tune" or "test"."""
    return ("tune", "test")[hashlib.sha256(name.encode()).digest()[0] % 2]


def portrait(path: Path, engine: FaceEngine) -> Portrait | None:
    """The picture with its main face, the one nearest to the middle for its size; None where none is found."""
    image = decode_picture(path.read_bytes())
    faces = engine.detect(image)
    if not faces:
        return None
    face = max(faces, key=lambda found: found.box.height - _off_centre(found.box))
    return with_margin(Portrait(image, face), engine) if face.box.height > _TIGHT else Portrait(image, face)


def with_margin(tight: Portrait, engine: FaceEngine) -> Portrait | None:
    """The same face with half a picture of plain margin around; None where it is no longer found."""
    height, width = tight.image.shape[:2]
    ground = np.median(tight.image.reshape(-1, 3), axis=0).astype(np.uint8)
    y, x = height // 2, width // 2
    image = np.empty((height + 2 * y, width + 2 * x, 3), np.uint8)
    image[:] = ground
    image[y : y + height, x : x + width] = tight.image
    faces = engine.detect(image)
    return Portrait(image, faces[0], (x, y)) if faces else None


def enrolment(
    person: Person, engine: FaceEngine, draw: random.Random, photos: int
) -> tuple[list[Portrait], list[Portrait]]:
    """A person's pictures as (to enrol, the others): the first `photos` in a random order fit to be indexed.

    Both are empty for a person of whom no picture is good enough: a user would be asked for another.
    """
    shuffled = draw.sample(person.pictures, len(person.pictures))
    portraits = [found for path in shuffled if (found := portrait(path, engine)) is not None]
    fit = [one for one in portraits if not refusal_reasons(one.face, _shape(one.image), "AUTO")][:photos]
    chosen = {id(one) for one in fit}
    return fit, [one for one in portraits if id(one) not in chosen] if fit else []


def smoke_folder(pictures: Path, folder: Path) -> Path:
    """Write the demo class's people into `folder`, one folder each, footage as a few of its frames.

    Raises:
        PeopleError: the pictures are not there.
    """
    for name, files in _SMOKE.items():
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        for file in files:
            source = pictures / file
            if not source.is_file():
                raise PeopleError(f"{source} is missing: run make pictures, or name a folder with --people.")
            if source.suffix == ".mp4":
                _write_stills(source, place)
            else:
                shutil.copyfile(source, place / file)
    return folder


def _write_stills(video: Path, place: Path) -> None:
    """A few frames from all over the footage, as PNG."""
    with av.open(str(video)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    for number in np.linspace(0, len(frames) - 1, _FOOTAGE_FRAMES).astype(int):
        Image.fromarray(frames[number]).save(place / f"{video.stem}-{number:04}.png")


def _off_centre(box: BoundingBox) -> float:
    return abs(box.left + box.width / 2 - 0.5) + abs(box.top + box.height / 2 - 0.5)


def _shape(image: Picture) -> tuple[int, int]:
    return image.shape[0], image.shape[1]


def students(people: Sequence[Person], draw: random.Random) -> list[Person]:
    """The people in a random order, those with several pictures first: only they can be seen anew."""
    shuffled = draw.sample(list(people), len(people))
    return sorted(shuffled, key=lambda person: len(person.pictures) < 2)
