import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rekognition_local.engine import MODEL_VERSION, FaceEngine, decode_picture, refusal_reasons
from tests.functional.engine.conftest import Portraits

NAMES = ("man.jpg", "obama.jpg", "obama2.jpg", "obama3.jpg", "biden.jpg", "collins.png", "friends.jpg")


def read(pictures: Path, name: str) -> NDArray[np.uint8]:
    return decode_picture((pictures / name).read_bytes())


def reasons(engine: FaceEngine, image: NDArray[np.uint8]) -> set[str]:
    face = engine.detect(image)[0]
    return set(refusal_reasons(face, (image.shape[0], image.shape[1]), "AUTO"))


def resized(image: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=method), np.uint8)


def test_photos_of_one_person_are_alike(portraits: Portraits) -> None:
    for one, other in (("obama", "obama2"), ("obama", "obama3"), ("obama2", "obama3")):
        assert portraits[one] @ portraits[other] > 0.55


def test_photos_of_different_people_are_not(portraits: Portraits) -> None:
    people = {name: row for name, row in portraits.items() if name not in ("obama2", "obama3")}
    for one in people:
        for other in people:
            assert one == other or people[one] @ people[other] < 0.35


@pytest.mark.parametrize("name", NAMES)
def test_every_face_of_a_good_photo_is_found_and_fit_to_be_enrolled(
    engine: FaceEngine, pictures: Path, name: str
) -> None:
    image = read(pictures, name)
    faces = engine.detect(image)
    assert len(faces) == (5 if name == "friends.jpg" else 1)
    for face in faces:
        assert refusal_reasons(face, (image.shape[0], image.shape[1]), "AUTO") == ()
        assert 80 < face.confidence <= 100


def test_faces_come_largest_first_with_left_and_right_as_seen(engine: FaceEngine, pictures: Path) -> None:
    faces = engine.detect(read(pictures, "friends.jpg"))
    areas = [face.box.width * face.box.height for face in faces]
    assert areas == sorted(areas, reverse=True)
    for face in faces:
        at = {point.name: point for point in face.landmarks}
        assert at["eyeLeft"].x < at["nose"].x < at["eyeRight"].x
        assert at["mouthLeft"].x < at["mouthRight"].x
        assert at["eyeLeft"].y < at["nose"].y < at["mouthLeft"].y
        assert face.box.left < at["nose"].x < face.box.left + face.box.width
        assert face.box.top < at["nose"].y < face.box.top + face.box.height


def test_blurred_dark_and_tiny_portraits_are_refused(engine: FaceEngine, pictures: Path) -> None:
    for name in ("man.jpg", "obama.jpg", "biden.jpg", "collins.png"):
        image = read(pictures, name)
        tall = engine.detect(image)[0].box.height * image.shape[0]
        blurred = np.asarray(cv2.GaussianBlur(image, (0, 0), tall / 20), np.uint8)
        assert "LOW_SHARPNESS" in reasons(engine, blurred), name
        assert "LOW_BRIGHTNESS" in reasons(engine, (image * 0.12).astype(np.uint8)), name
        assert "SMALL_BOUNDING_BOX" in reasons(engine, resized(image, 30 / tall)), name


@pytest.mark.parametrize("scale", [0.15, 0.3, 1.0])
def test_a_tilt_of_the_head_is_measured_whatever_the_size_of_the_face(
    engine: FaceEngine, pictures: Path, scale: float
) -> None:
    image = read(pictures, "obama.jpg")
    rolls = []
    for degrees in (-20, 0, 20):
        turn = cv2.getRotationMatrix2D((490, 250), -degrees, 1)  # OpenCV counts against the clock
        tilted = np.asarray(cv2.warpAffine(image, turn, (910, 1137)), np.uint8)
        rolls.append(engine.detect(resized(tilted, scale))[0].pose.roll)
    assert 8 < rolls[1] - rolls[0] < 25
    assert 8 < rolls[2] - rolls[1] < 25


@pytest.mark.parametrize("scale", [0.3, 1.0, 3.0])
def test_the_size_of_a_photo_does_not_change_who_it_shows(
    engine: FaceEngine, pictures: Path, portraits: Portraits, scale: float
) -> None:
    image = resized(read(pictures, "man.jpg"), scale)
    assert (engine.embed(image, engine.detect(image)[:1]) @ portraits["man"])[0] > 0.85


def test_a_face_filling_a_large_photo_is_found_once(engine: FaceEngine, pictures: Path) -> None:
    image = read(pictures, "man.jpg")
    box = engine.detect(image)[0].box
    height, width = image.shape[:2]
    top, left = int(box.top * height), int(box.left * width)
    close = resized(image[top - 40 : top + 290, left - 50 : left + 240], 6)
    faces = engine.detect(close)
    assert len(faces) == 1
    assert faces[0].box.height > 0.6


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 3000, 3), (3000, 2, 3), (80, 80, 3), (500, 700, 3)])
def test_pictures_of_any_shape_without_a_face_have_none(engine: FaceEngine, shape: tuple[int, ...]) -> None:
    assert engine.detect(np.full(shape, 127, np.uint8)) == []
    assert engine.embed(np.full(shape, 127, np.uint8), []).shape == (0, 128)


def test_embeddings_are_unit_rows_whatever_the_batch(engine: FaceEngine, pictures: Path) -> None:
    image = read(pictures, "friends.jpg")
    faces = engine.detect(image)
    many = engine.embed(image, faces * 8)
    assert many.shape == (40, 128)
    assert many.dtype == np.float32
    assert np.linalg.norm(many, axis=1) == pytest.approx(np.ones(40), abs=1e-5)
    alone = engine.embed(image, faces[:1])
    assert (alone @ many[::5].T).min() > 0.999


def test_the_prepared_model_is_kept_and_survives_a_new_start(tmp_path: Path) -> None:
    FaceEngine(tmp_path)
    made = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(made) == 2
    again = FaceEngine(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == made
    assert again.model_version == MODEL_VERSION


def test_the_first_faces_a_fresh_process_describes_may_come_from_many_threads_at_once(tmp_path: Path) -> None:
    program = (
        "import sys; from concurrent.futures import ThreadPoolExecutor; from pathlib import Path; import numpy as np\n"
        "from rekognition_local.engine import FaceEngine\n"
        "engine = FaceEngine(Path(sys.argv[1])); blank = np.zeros((300, 300, 3), np.uint8)\n"
        "print(sum(map(len, ThreadPoolExecutor(8).map(engine.detect, [blank] * 32))))"
    )
    for _ in range(3):
        command = [sys.executable, "-c", program, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, timeout=60, check=True)  # noqa: S603 - our own program
        assert done.stdout.strip() == b"0"


def test_threads_sharing_an_engine_get_the_answers_of_one_alone(engine: FaceEngine, pictures: Path) -> None:
    images = [read(pictures, name) for name in ("man.jpg", "collins.png", "friends.jpg")]
    alone = [engine.detect(image) for image in images]
    together: dict[int, list[object]] = {}
    threads = [
        threading.Thread(target=lambda n=n: together.update({n: list(engine.detect(images[n % 3]))})) for n in range(9)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert [together[n] for n in range(9)] == [alone[n % 3] for n in range(9)]
