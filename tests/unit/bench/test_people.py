"""The people of a measurement."""

from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image

from bench.people import PeopleError, Person, enrolment, load, portrait, side, smoke_folder, split, students
from rekognition_local.engine import FaceEngine


def test_people_are_folders_with_pictures(tmp_path: Path) -> None:
    for name, files in {"ada": ["2.jpg", "1.PNG", "notes.txt"], "empty": [], "bob": ["x.jpeg"]}.items():
        (tmp_path / name).mkdir()
        for file in files:
            (tmp_path / name / file).touch()
    (tmp_path / "stray.jpg").touch()
    assert [(one.name, [path.name for path in one.pictures]) for one in load(tmp_path)] == [
        ("ada", ["1.PNG", "2.jpg"]),
        ("bob", ["x.jpeg"]),
    ]


def test_a_folder_without_people_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(PeopleError, match="one folder per person"):
        load(tmp_path)
    with pytest.raises(PeopleError, match="no folder"):
        load(tmp_path / "missing")


def test_tuning_and_test_people_never_meet() -> None:
    people = tuple(Person(f"person {number}", ()) for number in range(400))
    tune, test = split(people, "tune"), split(people, "test")
    assert set(tune) | set(test) == set(people)
    assert not set(tune) & set(test)
    assert 150 < len(tune) < 250
    assert split(people, "all") == people
    with pytest.raises(ValueError, match="tune"):
        split(people, "train")


def test_a_name_keeps_its_side_for_ever() -> None:
    sides = {"Ada": "test", "Bob": "test", "Cyd": "tune", "Dan": "test", "Eve": "test", "Flo": "test"}
    assert {name: side(name) for name in sides} == sides


def test_people_with_several_pictures_come_first(tmp_path: Path) -> None:
    one, two = Person("one", (tmp_path,)), Person("two", (tmp_path, tmp_path))
    assert students([one, two], Random(0)) == [two, one]  # noqa: S311 - repeatable, not secret


def test_a_person_is_shown_otherwise_than_enrolled(people: tuple[Person, ...], engine: FaceEngine) -> None:
    obama = next(person for person in people if person.name == "obama")
    photos, others = enrolment(obama, engine, Random(1), 1)  # noqa: S311 - repeatable, not secret
    assert (len(photos), len(others)) == (1, 2)
    assert not any(np.array_equal(photos[0].image, other.image) for other in others)


def test_a_person_without_a_good_picture_is_not_enrolled(tmp_path: Path, engine: FaceEngine) -> None:
    Image.new("RGB", (200, 200), "grey").save(tmp_path / "wall.png")
    assert enrolment(Person("nobody", (tmp_path / "wall.png",)), engine, Random(0), 1) == ([], [])  # noqa: S311 - repeatable, not secret


def test_a_face_that_fills_its_picture_gets_a_margin(tmp_path: Path, pictures: Path, engine: FaceEngine) -> None:
    whole = portrait(pictures / "obama.jpg", engine)
    assert whole is not None
    height, width = whole.image.shape[:2]
    box = whole.face.box
    tight = whole.image[
        int(box.top * height) : int((box.top + box.height) * height),
        int(box.left * width) : int((box.left + box.width) * width),
    ]
    Image.fromarray(tight).resize((112, 112)).save(tmp_path / "tight.png")
    found = portrait(tmp_path / "tight.png", engine)
    assert found is not None
    assert found.margin == (56, 56)
    assert found.content == (56, 56, 168, 168)
    assert found.image.shape == (224, 224, 3)


def test_missing_demo_pictures_say_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(PeopleError, match="make pictures"):
        smoke_folder(tmp_path, tmp_path / "people")
