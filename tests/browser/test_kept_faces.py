"""From an unknown face of a video to a photo of the student it is, in a browser, on a running stack."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accessible import assert_accessible
from tests.browser.conftest import OpenPage
from tests.browser.test_main_path import SIZES
from tests.browser.test_pages import REGISTER, SCREENSHOTS

pytestmark = pytest.mark.stack

CORNERS = """canvas => {
  const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return [0, width - 1, width * (height - 1), width * height - 1].map(pixel => data[4 * pixel + 3]);
}"""
"""How opaque a picture's corners are; a page that may not read the video's pixels gets an error instead."""


def recognise(page: Page, name: str) -> Locator:
    """Say who the first unknown face of the demo lesson is; its place on the page."""
    page.goto(REGISTER)
    face = page.locator(".unknown li").first
    face.get_by_label("This is").fill(name)
    face.get_by_role("button", name="Present").click()
    expect(face.get_by_text(f"This is {name}.")).to_be_visible()
    return face


def width_of(face: Locator) -> int:
    """Of its picture, in pixels of the video."""
    width: int = face.get_by_role("img").evaluate("canvas => canvas.width")
    return width


def undo(page: Page, name: str) -> None:
    page.goto(REGISTER)
    page.get_by_role("row", name=name).get_by_role("button", name="Undo").click()
    expect(page.get_by_text("what was decided counts now")).to_be_visible()


def test_an_unknown_face_becomes_a_photo_of_a_student_who_has_consented(signed_in: OpenPage) -> None:
    page = signed_in()
    face = recognise(page, "Eileen Collins")
    face.get_by_role("link", name="record the consent of Eileen Collins").click()
    page.get_by_role("button", name="Record the consent").click()
    expect(page.get_by_text("The consent is recorded.")).to_be_visible()

    page.goto(REGISTER)
    face.get_by_role("button", name="Keep this face as a photo of Eileen Collins").press("Enter")
    send = face.get_by_role("button", name="Keep it")
    expect(send).to_be_focused()
    expect(face.get_by_text("Is it the right face, sharp and from the front?")).to_be_visible()
    assert face.get_by_role("img").evaluate(CORNERS) == [255] * 4
    assert_accessible(page)
    face.screenshot(path=SCREENSHOTS / "kept-face.png")
    send.press("Enter")
    expect(page.get_by_text("This face is a photo of Eileen Collins now.")).to_be_visible()
    expect(face.get_by_text("It is a photo of this student.")).to_be_visible()

    page.goto("/students/S-1004")
    expect(page.get_by_text("from a video")).to_be_visible()
    photo = page.get_by_role("img", name="Photo 2 of Eileen Collins")
    photo.scroll_into_view_if_needed()
    expect(photo).not_to_have_js_property("naturalWidth", 0)  # it is shown once it is in sight
    page.get_by_role("button", name="Erase photo 2").click()
    expect(page.get_by_text("The photo and its face are erased.")).to_be_visible()
    undo(page, "Eileen Collins")


def test_the_picture_is_judged_before_it_is_sent(signed_in: OpenPage) -> None:
    page = signed_in(*SIZES["phone"], has_touch=True)
    page.goto("/students/S-1006")
    page.get_by_role("button", name="Record the consent").tap()
    expect(page.get_by_text("The consent is recorded.")).to_be_visible()
    face = recognise(page, "Kim Strand")
    take = face.get_by_role("button", name="Keep this face as a photo of Kim Strand")
    send = face.get_by_role("button", name="Keep it")

    moment = face.locator("a.moment")
    # Somebody enrolled; below him is another, who is in the wider picture only.
    moment.evaluate("link => { link.dataset.sides = '0.1094 0.0625 0.2578 0.4583' }")
    take.tap()
    expect(face.get_by_text("This face is enrolled already, as student S-1001.")).to_be_visible()
    assert width_of(face) == 429
    expect(face.get_by_label("This is another person")).to_have_js_property("validity.valueMissing", value=True)
    send.tap()
    expect(face.get_by_label("This is another person")).to_be_focused()
    assert_accessible(page)

    moment.evaluate("link => { link.dataset.sides = '0.97 0.96 0.05 0.06' }")  # beyond the frame's corner
    take.tap()
    expect(face.get_by_text("There is no face on this photo")).to_be_visible()
    expect(send).to_be_hidden()
    assert face.get_by_role("img").evaluate(CORNERS) == [255] * 4
    assert width_of(face) == 83
    expect(face.get_by_label("This is another person")).to_be_hidden()

    moment.evaluate("link => { link.href = '/healthz' }")
    take.tap()
    expect(face.get_by_text("The video cannot be read here")).to_be_visible()
    expect(send).to_be_hidden()
    undo(page, "Kim Strand")


def test_without_scripts_no_face_is_offered_to_be_kept(signed_in: OpenPage) -> None:
    page = signed_in(java_script_enabled=False)
    face = recognise(page, "Zoë O'Brien")
    expect(face.get_by_role("button", name="Keep this face")).to_have_count(0)
    undo(page, "Zoë O'Brien")
