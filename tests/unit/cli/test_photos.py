"""Photos come from their folder or zip file and from nowhere else."""

import io
import unicodedata
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Literal

import pytest

from attendance.enrolment import MAX_PHOTO_BYTES
from attendance.photo_sources import PhotoNotFoundError, PhotosError, PhotoUnreadableError, open_photos

Spelling = Literal["NFC", "NFD"]
OUTSIDE = [
    "../secret.jpg",
    "a/../../secret.jpg",
    "/etc/passwd",
    "C:\\secret.jpg",
    "..\\secret.jpg",
    "",
    ".",
    "a\x00.jpg",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "class").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(b"a")
    (folder / "class" / "zoë b.jpg").write_bytes(b"b")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    return folder


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    file = tmp_path / "photos.zip"
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("photos/a.jpg", b"a")
        made.writestr("photos/class/zoë b.jpg", b"b")
        made.writestr("__MACOSX/photos/._a.jpg", b"junk")
    return file


@pytest.mark.parametrize("kind", ["folder", "archive"])
def test_a_photo_is_found_by_its_name(kind: str, request: pytest.FixtureRequest) -> None:
    with open_photos(request.getfixturevalue(kind)) as photos:
        assert photos.read("a.jpg") == b"a"
        assert photos.read("class/zoë b.jpg") == b"b"
        assert photos.read("class\\zoë b.jpg") == b"b"


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("kind", ["folder", "archive"])
def test_no_name_leads_out(kind: str, name: str, request: pytest.FixtureRequest) -> None:
    with (
        open_photos(request.getfixturevalue(kind)) as photos,
        pytest.raises((PhotoNotFoundError, PhotoUnreadableError)),
    ):
        photos.read(name)


def test_a_link_out_of_the_folder_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    with open_photos(folder) as photos, pytest.raises(PhotoNotFoundError):
        photos.read("link.jpg")


def test_an_entry_that_climbs_out_of_the_zip_file_is_never_reached(tmp_path: Path) -> None:
    file = tmp_path / "slip.zip"
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("../../secret.jpg", b"slip")
    with open_photos(file) as photos, pytest.raises(PhotoNotFoundError):
        photos.read("../../secret.jpg")


def test_a_zip_bomb_is_read_no_further_than_a_photo_may_be(tmp_path: Path) -> None:
    file = tmp_path / "bomb.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a.jpg", b"\0" * (200 * 2**20))
    assert file.stat().st_size < 2**20
    with open_photos(file) as photos:
        assert len(photos.read("a.jpg")) == MAX_PHOTO_BYTES + 1


def test_a_huge_file_in_a_folder_is_read_no_further_either(folder: Path) -> None:
    with (folder / "huge.jpg").open("wb") as file:
        file.truncate(10 * 2**30)
    with open_photos(folder) as photos:
        assert len(photos.read("huge.jpg")) == MAX_PHOTO_BYTES + 1


def test_a_broken_entry_is_told_apart_from_a_missing_one(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        made.writestr("a.jpg", b"the photo's bytes")
    file = tmp_path / "broken.zip"
    file.write_bytes(stream.getvalue().replace(b"the photo's", b"not photo's"))
    with open_photos(file) as photos, pytest.raises(PhotoUnreadableError, match="zip it again"):
        photos.read("a.jpg")


@pytest.mark.parametrize("there", ["NFC", "NFD"])
@pytest.mark.parametrize("asked", ["NFC", "NFD"])
@pytest.mark.parametrize("kind", ["folder", "zip", "zip of macOS"])
def test_a_name_is_found_however_it_is_spelled(tmp_path: Path, kind: str, asked: Spelling, there: Spelling) -> None:
    name, source = unicodedata.normalize(there, "Zoë Müller.jpg"), tmp_path / "photos"
    if kind == "folder":
        source.mkdir()
        (source / name).write_bytes(b"photo")
    else:
        with zipfile.ZipFile(source, "w") as made:
            if kind == "zip":
                made.writestr(f"class/{name}", b"photo")
            else:  # a name of UTF-8 that is not said to be UTF-8
                made.writestr("class/" + "x" * len(name.encode()), b"photo")
        if kind == "zip of macOS":
            source.write_bytes(source.read_bytes().replace(b"x" * len(name.encode()), name.encode()))
    with open_photos(source) as photos:
        assert photos.read(unicodedata.normalize(asked, "Zoë Müller.jpg")) == b"photo"


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_entry_of_any_kind_that_is_damaged_anywhere_is_told_and_never_crashes(tmp_path: Path, method: int) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as made:
        made.writestr("a.jpg", bytes(range(256)) * 2)
    whole, file = stream.getvalue(), tmp_path / "damaged.zip"
    for place in range(len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        with suppress(PhotosError, PhotoUnreadableError, PhotoNotFoundError), open_photos(file) as photos:
            photos.read("a.jpg")


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 broken"])
def test_what_is_no_zip_file_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "photos.zip"
    file.write_bytes(content)
    with pytest.raises(PhotosError, match="zip them again"), open_photos(file):
        pytest.fail("it was opened")
