"""Photos on their way from a person's disk: scaled before they are sent, a whole class's sent into the bucket."""

import base64
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.accessible import assert_accessible
from tests.browser.conftest import OpenPage
from web.function_limits import MAX_REQUEST_BYTES

pytestmark = pytest.mark.stack

LONGEST_SIDE = 1600
RECOGNISED = "photo.jpg: this face is enrolled already, as student S-1002."
ORIENTATION = 0x0112
ROTATED_TO_THE_LEFT = 6
"""The camera was held upright: shown, the picture is turned to the right by a quarter."""


@pytest.fixture
def registration(signed_in: OpenPage) -> Page:
    page = signed_in()
    page.goto("/register-student")
    return page


@pytest.fixture
def photo(pictures: Path, tmp_path: Path) -> Callable[..., Path]:
    """Writes a person's portrait, somewhat wider than high, with so many pixels on its long side."""

    def write(long_side: int, *, orientation: int = 1, name: str = "photo.jpg") -> Path:
        with Image.open(pictures / "obama2.jpg") as portrait:
            scale = long_side / max(portrait.size)
            large = portrait.convert("RGB").resize([round(side * scale) for side in portrait.size])
        if orientation == ROTATED_TO_THE_LEFT:
            large = large.transpose(Image.Transpose.ROTATE_90)
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        large.save(tmp_path / name, quality=97, exif=exif)
        return tmp_path / name

    return write


BYTES_TO_SEND = """async input => Promise.all([...input.files].map(async file => {
    const bytes = new Uint8Array(await file.arrayBuffer());
    return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ""));
}))"""


def chosen(page: Page, *paths: Path) -> list[bytes]:
    """Choose photos and wait until each is told about; the files that the form would send."""
    field = page.get_by_label("Photos")
    field.set_input_files(list(paths))
    told = page.locator("[data-told] li")
    expect(told).to_have_count(len(paths))
    expect(told.filter(has_text="being checked")).to_have_count(0)
    return [base64.b64decode(text) for text in field.evaluate(BYTES_TO_SEND)]


def picture(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_a_large_photo_arrives_at_most_1600_pixels_long_and_its_face_is_good(
    signed_in: OpenPage, photo: Callable[..., Path]
) -> None:
    path = photo(4800)
    assert path.stat().st_size > 1_000_000
    page = signed_in()
    page.goto("/students/S-1002")
    page.get_by_text("Add photos").click()
    chosen(page, path)
    expect(page.get_by_text("photo.jpg: good.")).to_be_visible()
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("The photo is added.")).to_be_visible()
    arrived = page.get_by_role("img", name="Photo 2 of Barack Obama")
    arrived.scroll_into_view_if_needed()
    expect(arrived).not_to_have_js_property("naturalWidth", 0)  # it is shown once it is in sight
    assert arrived.evaluate("image => Math.max(image.naturalWidth, image.naturalHeight)") == LONGEST_SIDE
    page.get_by_role("button", name="Erase photo 2").click()
    expect(page.get_by_text("The photo and its face are erased.")).to_be_visible()


def test_a_photo_is_upright_when_it_is_sent_and_tells_nothing_but_the_picture(
    registration: Page, photo: Callable[..., Path]
) -> None:
    (upright,) = chosen(registration, photo(3000))
    registration.reload()
    (turned,) = chosen(registration, photo(3000, orientation=ROTATED_TO_THE_LEFT))
    assert picture(turned).size == picture(upright).size
    assert picture(turned).format == "JPEG"
    assert dict(picture(turned).getexif()) == {}
    expect(registration.get_by_text(RECOGNISED)).to_be_visible()


def test_a_small_photo_is_sent_as_it_is(registration: Page, photo: Callable[..., Path]) -> None:
    path = photo(600)
    assert chosen(registration, path) == [path.read_bytes()]
    expect(registration.get_by_text(RECOGNISED)).to_be_visible()


def test_a_picture_that_cannot_be_read_is_sent_as_it_is_and_the_server_says_why(
    registration: Page, photo: Callable[..., Path]
) -> None:
    path = photo(600)
    path.write_bytes(b"\xff\xd8\xff" + b"\0" * 400_000)
    assert chosen(registration, path) == [path.read_bytes()]
    expect(registration.get_by_text("photo.jpg: The photo cannot be read: save it again")).to_be_visible()


def test_five_large_photos_fit_into_one_small_request(registration: Page, photo: Callable[..., Path]) -> None:
    sent = chosen(registration, *(photo(3600, name=f"{number}.jpg") for number in range(5)))
    assert len(sent) == 5
    assert sum(map(len, sent)) < MAX_REQUEST_BYTES - 64 * 1024


def zipped(folder: Path, *photos: Path) -> Path:
    path = folder / "photos.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in photos:
            archive.write(file, file.name)
    return path


@pytest.mark.parametrize("scripts", [True, False])
def test_a_class_is_imported_from_its_table_and_a_zip_file_that_goes_to_the_bucket(
    signed_in: OpenPage, photo: Callable[..., Path], tmp_path: Path, scripts: bool
) -> None:
    page = signed_in(java_script_enabled=scripts)
    table = tmp_path / "class.csv"
    table.write_text("student_id,student_name,photo\nI-1,Ivo Import,photo.jpg\n", encoding="utf-8")
    page.goto("/imports")
    page.get_by_label("Table (CSV)").set_input_files(table)
    page.get_by_label("Every student in the table has agreed").check()
    page.get_by_role("button", name="Next: the photos").click()
    expect(page.get_by_text("The table is good: 1 line to do.")).to_be_visible()
    if scripts:
        assert_accessible(page)
    page.get_by_label("Photos (zip)").set_input_files(zipped(tmp_path, photo(800)))
    page.get_by_role("button", name="Send the photos").click()
    if not scripts:
        page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("Every line is good.")).to_be_visible()
    expect(page.get_by_role("row", name="I-1").get_by_role("cell").last).to_contain_text("checked")
    page.get_by_role("button", name="Give up").click()
    expect(page.get_by_text("Every line is good.")).to_be_hidden()
