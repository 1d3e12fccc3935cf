"""What comes in between while somebody works on a page: a session that ends, a register that is decided anew."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from local.demo_class import COURSE_ID
from tests.browser.accessible import assert_accessible
from tests.browser.conftest import DATE, OpenPage, sign_in
from tests.browser.test_main_path import RUN_MS
from tests.browser.test_pages import REGISTER
from tests.e2e.running import RunningStack

pytestmark = pytest.mark.stack

AWAITED_MS = 3_000
"""Of the page's own clock: after that it goes on by itself, unless somebody works on it."""


@pytest.fixture
def awaiting(signed_in: OpenPage) -> Page:
    """The register at the moment at which another video of the class has arrived, with its clock standing still."""
    page = signed_in()
    page.clock.install()
    page.goto(f"{REGISTER}?arrived={int(time.time())}")
    expect(page.get_by_text("The new video has arrived.")).to_be_visible()
    return page


def test_an_upload_goes_on_after_a_new_sign_in_in_another_tab(
    signed_in: OpenPage, stack: RunningStack, pictures: Path
) -> None:
    page = signed_in()
    page.goto("/courses/default/upload")
    page.get_by_label("Date of the class").fill("2026-11-17")
    page.get_by_label("Video").set_input_files(pictures / "no_face.mp4")
    page.context.clear_cookies()
    page.get_by_role("button", name="Upload").click()
    ended = page.get_by_role("status").filter(has_text="Your session has ended: sign in in another tab")
    expect(ended).to_be_attached()
    page.get_by_role("button", name="Go on").click()
    expect(ended).to_be_attached()
    another = page.context.new_page()
    another.goto("/login")
    sign_in(another, stack.endpoints.admin_email, stack.endpoints.admin_password)
    expect(another.get_by_role("heading", name="Registers")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/sessions/2026-11-17*", timeout=RUN_MS)


def test_an_upload_that_would_replace_a_video_waits_to_be_told(signed_in: OpenPage) -> None:
    page = signed_in()
    page.goto(f"/courses/{COURSE_ID}/upload?date={DATE}")
    other = FilePayload(name="lesson.mp4", mimeType="video/mp4", buffer=b"another camera")
    page.get_by_label("Video").set_input_files(other)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("listitem").get_by_text("Going on replaces it")).to_be_visible()
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    assert_accessible(page)


def test_a_page_that_nobody_works_on_goes_on_by_itself(awaiting: Page) -> None:
    with awaiting.expect_navigation():
        awaiting.clock.run_for(AWAITED_MS)


def test_what_is_typed_stays_when_there_is_something_new(awaiting: Page) -> None:
    awaiting.keyboard.press("j")
    awaiting.keyboard.press("a")
    reason = awaiting.get_by_label("Reason")
    reason.fill("A poster, not a person.")
    awaiting.clock.run_for(AWAITED_MS)
    new = awaiting.get_by_role("status").get_by_role("link", name="The search begins: show how far it is")
    expect(new).to_be_visible()
    expect(reason).to_have_value("A poster, not a person.")
    with awaiting.expect_navigation():
        new.click()
