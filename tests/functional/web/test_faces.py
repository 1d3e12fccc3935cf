"""The faces page: each face with its student, and what fits together no more can be mended."""

import re

import pytest
from flask.testing import FlaskClient

from tests.functional.web.browsing import ADMIN, followed, send, words
from tests.functional.web.conftest import SignIn
from tests.functional.web.faces import MemoryFaces, photo
from tests.functional.web.tables import get
from web.faces import PER_PAGE
from web.services import Services


@pytest.fixture
def admin(services: Services, signed_in: SignIn) -> FlaskClient:
    services.enroller.enrol("s1", "Zoë", photo("zoë"), [], "tester")
    return signed_in(ADMIN)


def photos_of(student_id: str) -> list[dict[str, str]]:
    return (get("students", student_id=student_id) or {})["photos"]  # type: ignore[no-any-return]


def test_each_face_is_shown_with_its_student_and_photo(admin: FlaskClient) -> None:
    page = admin.get("/faces").text
    assert "Zoë s1" in words(page)
    assert "/students/s1/photos/" in page
    assert "/remove" not in page


def test_an_empty_collection_says_what_to_do(signed_in: SignIn) -> None:
    assert "No faces yet" in words(signed_in(ADMIN).get("/faces").text)


def test_a_face_of_nobody_is_marked_and_can_be_erased(admin: FlaskClient, faces: MemoryFaces) -> None:
    face_id = faces.index(photo("ghost"), "gone").face_id
    page = admin.get("/faces")
    assert "no student added as gone, who is not registered" in words(page.text)
    assert followed(admin, send(admin, f"/faces/{face_id}/remove", "/faces")).startswith("Faces")
    assert list(faces.faces.values()) == [("s1", "zoë")]


def test_a_face_without_a_photo_of_its_student_is_marked(admin: FlaskClient, faces: MemoryFaces) -> None:
    faces.index(photo("zoë", shot=2), "s1")
    assert "no photo Zoë has no photo with this face" in words(admin.get("/faces").text)


def test_a_face_that_belongs_to_a_photo_is_not_erased_alone(admin: FlaskClient, faces: MemoryFaces) -> None:
    face_id = next(iter(faces.faces))
    assert "belongs to a student's photo" in followed(admin, send(admin, f"/faces/{face_id}/remove", "/faces"))
    assert face_id in faces.faces


@pytest.mark.parametrize("name", ["x", "A" * 36, "../" * 12, "%00"])
def test_what_is_no_face_is_not_found(admin: FlaskClient, name: str) -> None:
    assert send(admin, f"/faces/{name}/remove", "/faces").status_code == 404


def test_faces_come_page_by_page_with_none_lost(admin: FlaskClient, faces: MemoryFaces) -> None:
    for number in range(PER_PAGE):
        faces.index(photo("ghost", shot=number), f"g{number}")
    shown: list[str] = []
    path: str | None = "/faces"
    while path:
        page = admin.get(path).text
        shown += re.findall(r'class="card"', page)
        following = re.search(r'href="([^"]+)">Next page', page)
        path = following[1] if following else None
    assert len(shown) == PER_PAGE + 1


def test_a_photo_whose_face_is_gone_is_found_and_mended(admin: FlaskClient, faces: MemoryFaces) -> None:
    assert "Every photo has its face" in words(admin.get("/faces/missing").text)
    faces.faces.clear()
    page = admin.get("/faces/missing").text
    mend = re.search(r'action="(/students/s1/photos/[0-9a-f]+/mend)"', page)
    assert mend
    assert "The face is in the collection again." in followed(admin, send(admin, mend[1], "/faces/missing"))
    assert [photo_["face_id"] for photo_ in photos_of("s1")] == list(faces.faces)
    assert "Every photo has its face" in words(admin.get("/faces/missing").text)


def test_a_photo_that_is_itself_gone_is_told(admin: FlaskClient, services: Services) -> None:
    key = photos_of("s1")[0]["key"]
    services.photos.delete(key)
    mend = f"/students/s1/photos/{key[10:-4]}/mend".replace("/photos//", "/photos/")
    assert "The photo itself is gone" in followed(admin, send(admin, mend, "/faces/missing"))
    assert "not there any more" in followed(admin, send(admin, "/students/s1/photos/0/mend", "/faces/missing"))


def test_one_photo_is_erased_with_its_face(admin: FlaskClient, services: Services, faces: MemoryFaces) -> None:
    services.enroller.enrol("s1", "Zoë", photo("zoë", shot=2), [], "tester")
    first, second = photos_of("s1")
    erase = re.search(r'action="(/students/s1/photos/[0-9a-f]+/remove)"', admin.get("/students/s1").text)
    assert erase
    assert "The photo and its face are erased." in followed(admin, send(admin, erase[1], "/students/s1"))
    assert photos_of("s1") == [second]
    assert list(faces.faces) == [second["face_id"]]
    assert services.photos.of_student("s1") == [second["key"]]
    assert first["face_id"] != second["face_id"]
