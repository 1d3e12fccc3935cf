"""What people see and do at the pages, in a real browser on a running stack."""

import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from local.demo_class import COURSE_ID
from local.home import ADMIN_EMAIL, ROOT
from tests.browser.accessible import overflow_of
from tests.browser.conftest import COURSE_NAME, DATE, OpenPage, sign_in
from tests.browser.watch import Watch
from tests.e2e.running import RunningStack

pytestmark = pytest.mark.stack

SCREENSHOTS = ROOT / "build" / "screenshots"
REGISTER = f"/courses/{COURSE_ID}/sessions/{DATE}"
IN_ORDER = [
    ("Barack Obama", "S-1002", "present"),
    ("Sam Rivers", "S-1001", "present"),
    ("Eileen Collins", "S-1004", "absent"),
    ("Joe Biden", "S-1003", "absent"),
    ("Kim Strand", "S-1006", "absent"),
    ("Zoë O'Brien", "S-1005", "absent"),
]
"""What is to be seen of the demo class: first who is present, by name, then who is absent."""

REFUSED = "The email and password do not match an account."


def rows_of(page: Page) -> list[tuple[str, str, str]]:
    """Name, id and status word of each row of the register on the page."""
    found = []
    for row in page.get_by_role("row").all()[1:]:
        name, student_id = row.get_by_role("rowheader").inner_text().split("\n")
        found.append((name, student_id, row.get_by_role("cell").first.inner_text().split()[0]))
    return found


def test_an_admin_signs_in_and_finds_the_register(signed_in: OpenPage) -> None:
    page = signed_in()
    expect(page.get_by_role("heading", name="Registers")).to_be_visible()

    session = page.get_by_role("row").filter(has_text=COURSE_ID)
    expect(session).to_contain_text("complete")
    expect(session).to_contain_text("2 present, 0 review, 4 absent")
    session.get_by_role("link").click()

    page.wait_for_url(f"**{REGISTER}")
    assert rows_of(page) == IN_ORDER


def test_the_course_lists_its_session_and_its_students(signed_in: OpenPage) -> None:
    page = signed_in()
    page.get_by_role("link", name=COURSE_NAME, exact=True).click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("complete")
    page.get_by_role("main").get_by_role("link", name="Students").click()
    for name, student_id, _ in IN_ORDER:
        expect(page.get_by_role("row", name=f"{name} {student_id}")).to_be_visible()


def test_a_present_student_has_similarity_and_times_and_an_absent_one_has_none(signed_in: OpenPage) -> None:
    page = signed_in()
    page.goto(REGISTER)
    present = page.get_by_role("row", name="Sam Rivers").get_by_role("cell").nth(1).inner_text()
    absent = page.get_by_role("row", name="Joe Biden").get_by_role("cell").nth(1).inner_text()
    told = re.fullmatch(
        r"(\S+) clearly the same\s+Best at \d:\d\d\s+(\d:\d\d) to (\d:\d\d), (\d+) sightings", present.strip()
    )
    assert told
    assert 92 <= float(told[1]) <= 100
    assert told[2] < told[3]
    assert int(told[4]) > 1
    assert absent == "not seen"


@pytest.mark.parametrize(
    "address", [f"/courses/{COURSE_ID}/sessions/1999-01-01", "/courses/NO-SUCH-1/sessions/1999-01-01", "/nothing/here"]
)
def test_an_unknown_address_is_a_friendly_page_with_a_way_back(signed_in: OpenPage, address: str) -> None:
    page = signed_in()
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    page.get_by_role("link", name="To the first page").click()
    expect(page.get_by_role("heading", name="Registers")).to_be_visible()


def test_after_signing_out_the_register_is_out_of_reach(signed_in: OpenPage) -> None:
    page = signed_in()
    page.goto(REGISTER)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    page.goto(REGISTER)
    assert_is_sign_in(page)
    page.go_back()
    assert_is_sign_in(page)
    page.go_back()
    assert_is_sign_in(page)


def assert_is_sign_in(page: Page) -> None:
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert "Sam Rivers" not in page.content()


def test_signing_in_leads_on_to_the_page_that_was_asked_for(open_page: OpenPage, stack: RunningStack) -> None:
    page = open_page()
    page.goto(REGISTER)
    assert rows_of(page) == []
    sign_in(page, stack.endpoints.admin_email, stack.endpoints.admin_password)
    assert rows_of(page) == IN_ORDER


@pytest.mark.parametrize("email", [ADMIN_EMAIL, "nobody@example.org"])
def test_a_wrong_password_is_refused_without_telling_why_or_showing_it(open_page: OpenPage, email: str) -> None:
    page = open_page()
    page.goto("/login")
    sign_in(page, email, "a-wrong-secret-42")
    expect(page.get_by_role("alert")).to_contain_text(REFUSED)
    assert "a-wrong-secret-42" not in page.content()
    assert page.get_by_label("Password").input_value() == ""


@pytest.mark.parametrize("width", [320, 390])
def test_no_page_scrolls_sideways_on_a_phone(signed_in: OpenPage, open_page: OpenPage, width: int) -> None:
    page = signed_in(width, 800)
    for address in ("/", REGISTER, f"/courses/{COURSE_ID}", f"/courses/{COURSE_ID}/students", "/unfiled", "/nothing"):
        page.goto(address)
        assert overflow_of(page) == 0, address
    stranger = open_page(width, 800)
    stranger.goto("/login")
    assert overflow_of(stranger) == 0


@pytest.mark.parametrize(("scheme", "is_dark"), [("light", False), ("dark", True)])
def test_the_register_follows_the_systems_colours(signed_in: OpenPage, scheme: str, is_dark: bool) -> None:
    page = signed_in(color_scheme=scheme, device_scale_factor=1)
    page.goto(REGISTER)
    picture = SCREENSHOTS / f"register-{scheme}.png"
    page.screenshot(path=picture)
    assert (brightness(picture) < 128) == is_dark


def brightness(picture: Path) -> int:
    """Of the lower left corner, which is background: 0 to 255."""
    with Image.open(picture) as image:
        assert image.size == (1280, 800)
        level = image.convert("L").getpixel((5, 795))
    assert isinstance(level, int)
    return level


def test_the_browser_refuses_what_the_policy_does_not_allow(signed_in: OpenPage, stack: RunningStack) -> None:
    page = signed_in().context.new_page()
    watch = Watch(page)
    page.goto(REGISTER)
    assert watch.problems == []
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: 'x = 1'}))")
    page.goto(REGISTER)
    assert any("style-src" in problem for problem in watch.problems)
    assert any("script-src" in problem for problem in watch.problems)
