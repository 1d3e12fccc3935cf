"""Reviewing a register in a browser: with the keyboard alone, with a finger, and without scripts."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from local.demo_class import COURSE_ID
from tests.browser.accessible import assert_accessible
from tests.browser.conftest import DATE, OpenPage
from tests.browser.test_main_path import RUN_MS, SIZES
from tests.browser.test_pages import REGISTER, SCREENSHOTS
from tests.e2e.running import RunningStack

pytestmark = pytest.mark.stack

BOX_OF_FIRST = """() => {
  const video = document.querySelector("[data-video]").getBoundingClientRect();
  const box = document.querySelector("[data-box]").getBoundingClientRect();
  return {x: box.x - video.x, y: box.y - video.y, width: box.width, height: box.height,
          within: [video.width, video.height]};
}"""


@pytest.fixture
def review(signed_in: OpenPage) -> Page:
    page = signed_in()
    page.goto(REGISTER)
    return page


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row", name=name)


def status(page: Page, name: str) -> Locator:
    return row(page, name).get_by_role("cell").first


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_a_register_is_corrected_and_undone_with_the_keyboard_alone(review: Page) -> None:
    press(review, "j")
    expect(row(review, "Barack Obama")).to_be_focused()
    press(review, "j")
    expect(row(review, "Sam Rivers")).to_be_focused()
    press(review, "k", "a")
    expect(review.get_by_text("The register says present. Give the reason why it is absent.")).to_be_visible()
    expect(review.get_by_label("Reason")).to_be_focused()
    assert_accessible(review)
    review.keyboard.type("A poster, not a person.")
    press(review, "Enter")
    expect(status(review, "Barack Obama")).to_contain_text("absent")
    expect(status(review, "Barack Obama")).to_contain_text("A poster, not a person. It was present.")
    expect(row(review, "Barack Obama")).to_be_focused()
    expect(review.locator("dl.counts")).to_have_text(re.compile(r"present\s*1\s*absent\s*5"))
    press(review, "u")
    expect(status(review, "Barack Obama")).to_contain_text("present")
    expect(row(review, "Barack Obama")).to_be_focused()
    expect(review.locator("dl.counts")).to_have_text(re.compile(r"present\s*2\s*absent\s*4"))


def test_keys_can_be_looked_up_and_switched_off(review: Page) -> None:
    press(review, "?")
    keys = review.get_by_role("dialog", name="Keys")
    expect(keys).to_be_visible()
    assert_accessible(review)
    keys.get_by_label("Use these keys").uncheck()
    keys.get_by_role("button", name="Close").click()
    expect(keys).to_be_hidden()
    press(review, "j", "p")
    expect(row(review, "Barack Obama")).not_to_be_focused()
    review.reload()
    press(review, "?")
    keys.get_by_label("Use these keys").check()
    press(review, "Escape")
    expect(keys).to_be_hidden()  # only then does the page have the keys again
    press(review, "j")
    expect(row(review, "Barack Obama")).to_be_focused()


def test_a_key_first_shows_of_whom_it_says_something(review: Page) -> None:
    press(review, "a")
    expect(row(review, "Barack Obama")).to_be_focused()
    expect(review.get_by_label("Reason")).to_have_count(0)
    press(review, "a")
    expect(review.get_by_label("Reason")).to_be_focused()


def test_whose_session_has_ended_is_told_that_nothing_was_kept(review: Page) -> None:
    press(review, "j")
    review.context.clear_cookies()
    press(review, "e")
    expect(review.locator("[data-said]")).to_contain_text("Your session has ended.")
    expect(review.locator("[data-said]")).to_contain_text("nothing was kept")
    expect(status(review, "Barack Obama")).to_contain_text("present")


def test_a_decision_moves_nothing_on_the_page_and_keeps_the_focus(review: Page) -> None:
    press(review, "j", "j")
    before = review.evaluate("scrollY"), row(review, "Sam Rivers").bounding_box()
    press(review, "p")
    expect(status(review, "Sam Rivers")).to_contain_text("History")
    expect(row(review, "Sam Rivers")).to_be_focused()
    expect(status(review, "Sam Rivers")).to_contain_text(review.get_by_label("Your account").inner_text())
    after = review.evaluate("scrollY"), row(review, "Sam Rivers").bounding_box()
    press(review, "u")
    expect(review.get_by_text("what was decided counts now")).to_be_visible()
    assert (before[0], _corner(before[1])) == (after[0], _corner(after[1]))


def _corner(box: Any) -> tuple[float, float]:
    assert box is not None
    return box["x"], box["y"]


def test_the_player_seeks_to_the_best_moment_and_frames_the_face(review: Page) -> None:
    press(review, "j", "j")
    link = row(review, "Sam Rivers").locator("a.moment")
    at = float(link.get_attribute("data-at") or "nan")
    expect(review.locator("[data-frame]")).not_to_have_attribute("hidden", "")
    assert abs(review.locator("[data-video]").evaluate("video => video.currentTime") - at) < 0.1
    left, top, width, height = (float(side) for side in (link.get_attribute("data-sides") or "").split())
    found = review.evaluate(BOX_OF_FIRST)
    shown_width, shown_height = found["within"]
    assert found["x"] == pytest.approx(left * shown_width, abs=4)
    assert found["y"] == pytest.approx(top * shown_height, abs=4)
    assert found["width"] == pytest.approx(width * shown_width, abs=8)
    assert found["height"] == pytest.approx(height * shown_height, abs=8)
    expect(review.locator("[data-caption]")).to_contain_text("Sam Rivers at 0:")
    expect(review.locator("img[data-photo]")).to_be_visible()
    review.screenshot(path=SCREENSHOTS / "review.png")
    review.locator("[data-video]").evaluate("video => { video.currentTime = 0 }")
    expect(review.locator("[data-frame]")).to_have_attribute("hidden", "")


def test_an_unknown_face_is_looked_at_and_given_a_name(review: Page) -> None:
    face = review.get_by_role("listitem").filter(has_text="Seen best at").first
    face.locator("a.moment").click()
    expect(review.locator("[data-frame]")).not_to_have_attribute("hidden", "")
    expect(review.locator("[data-caption]")).to_contain_text("Unknown face at 0:")
    face.get_by_label("This is").fill("Joe Biden")
    face.get_by_role("button", name="Present").click()
    expect(review.get_by_text("Joe Biden is present, with this moment as the evidence.")).to_be_visible()
    expect(row(review, "Joe Biden")).to_be_focused()
    expect(row(review, "Joe Biden")).to_contain_text("Best at 0:")
    expect(review.get_by_text("This is Joe Biden.")).to_be_visible()
    assert_accessible(review)
    press(review, "u")
    expect(status(review, "Joe Biden")).to_contain_text("absent")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_rows_are_cards_and_buttons_work(signed_in: OpenPage, scheme: str) -> None:
    page = signed_in(*SIZES["phone"], color_scheme=scheme, has_touch=True)
    page.goto(REGISTER)
    assert_accessible(page)
    card = row(page, "Sam Rivers")
    card.locator("a.moment").tap()
    expect(page.locator("[data-frame]")).not_to_have_attribute("hidden", "")
    card.get_by_role("button", name="Late").tap()
    expect(status(page, "Sam Rivers")).to_contain_text("late")
    page.screenshot(path=SCREENSHOTS / f"review-phone-{scheme}.png")
    card.get_by_role("button", name="Undo").tap()
    expect(card.get_by_role("button", name="Undo")).to_have_count(0)


def test_without_scripts_the_same_forms_and_links_work(signed_in: OpenPage) -> None:
    page = signed_in(java_script_enabled=False)
    page.goto(REGISTER)
    row(page, "Kim Strand").get_by_role("button", name="Excused").click()
    page.get_by_label("Reason").fill("Ill, with a note.")
    page.get_by_role("button", name="Keep as excused").click()
    assert page.url.endswith(f"{REGISTER}#row-S-1006")
    expect(page.locator(":target")).to_contain_text("excused")
    expect(row(page, "Kim Strand")).to_be_focused()
    row(page, "Kim Strand").get_by_role("button", name="Undo").click()
    expect(status(page, "Kim Strand")).to_contain_text("absent")
    page.get_by_role("link", name="History of Kim Strand").click()
    expect(page.get_by_text("Ill, with a note.")).to_be_visible()


def test_a_moment_is_a_link_into_the_video_for_browsers_without_scripts(signed_in: OpenPage) -> None:
    page = signed_in(java_script_enabled=False)
    page.goto(REGISTER)
    link = row(page, "Sam Rivers").locator("a.moment")
    assert re.search(r"#t=\d+\.\d{3}$", link.get_attribute("href") or "")
    answer = page.context.request.get((link.get_attribute("href") or "").split("#")[0], headers={"Range": "bytes=0-99"})
    assert answer.status == 206
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.body()[4:8] == b"ftyp"


@pytest.mark.parametrize("size", SIZES)
def test_the_roll_is_taken_by_hand(signed_in: OpenPage, size: str) -> None:
    page = signed_in(*SIZES[size])
    page.goto(f"/courses/{COURSE_ID}")
    page.get_by_role("link", name="Roll by hand").click()
    page.get_by_label("Date of the class").fill("2026-01-05")
    page.get_by_label("Which class of that day").fill(size)
    assert_accessible(page)
    page.get_by_role("button", name="Open the roster").click()
    page.get_by_role("group", name="Sam Rivers").get_by_label("Present").check()
    page.get_by_role("group", name="Joe Biden").get_by_label("Absent").check()
    assert_accessible(page)
    page.get_by_role("button", name="Save all").click()
    expect(page.get_by_text("The roll is saved.")).to_be_visible()
    expect(status(page, "Sam Rivers")).to_contain_text("present")
    expect(page.get_by_text("4 to check: go to the first")).to_be_visible()
    assert_accessible(page)
    assert page.url.endswith(f"/courses/{COURSE_ID}/sessions/2026-01-05_{size}")


def test_a_video_in_the_wrong_session_is_moved_and_decided_there(
    signed_in: OpenPage, stack: RunningStack, pictures: Path
) -> None:
    key = f"videos/{COURSE_ID}/2026-01-07/moved.mp4"
    stack.put(key, (pictures / "no_face.mp4").read_bytes())
    assert stack.outcomes([key])[key].session.status == "complete"
    page = signed_in()
    page.goto(f"/courses/{COURSE_ID}/sessions/2026-01-07")
    page.get_by_text("Move to another session").click()
    page.get_by_label("Date", exact=True).fill("2026-01-08")
    assert_accessible(page)
    page.get_by_role("button", name="Move moved.mp4").click()
    expect(page.get_by_role("heading", name="Thu 08 Jan 2026")).to_be_visible()
    expect(status(page, "Sam Rivers")).to_contain_text("absent", timeout=RUN_MS)
    page.goto(f"/courses/{COURSE_ID}/sessions/2026-01-07")
    expect(page.get_by_role("row", name="Sam Rivers")).to_have_count(0)


def test_a_session_whose_course_is_named_wrongly_keeps_its_video(review: Page) -> None:
    review.get_by_text("Move to another session").click()
    review.get_by_label("Course id").fill("NO-SUCH-COURSE")
    review.get_by_label("Date", exact=True).fill("2026-01-06")
    review.get_by_role("button", name="Move lesson.mp4").click()
    expect(review.get_by_text("There is no course NO-SUCH-COURSE.")).to_be_visible()
    assert DATE in review.url
