"""Every page, light and dark, at a desk and on a phone: usable by everybody, and pictured under build/screenshots."""

import re

import pytest
from playwright.sync_api import Page

from local.demo_class import COURSE_ID
from tests.browser.accessible import assert_accessible
from tests.browser.conftest import DATE, OpenPage
from tests.browser.test_main_path import SIZES
from tests.browser.test_pages import SCREENSHOTS
from tests.functional.web.test_routes import ROUTES

pytestmark = pytest.mark.stack

PAGES = (
    *("/", "/courses", "/new-course", f"/courses/{COURSE_ID}", f"/courses/{COURSE_ID}/students"),
    f"/courses/{COURSE_ID}/students/S-1001/enrolment",
    *(f"/courses/{COURSE_ID}/settings", f"/courses/{COURSE_ID}/upload", f"/courses/{COURSE_ID}/sessions/{DATE}"),
    *("/roll-call", f"/courses/{COURSE_ID}/sessions/{DATE}/rows/S-1001"),
    *("/log", f"/log?course={COURSE_ID}", f"/courses/{COURSE_ID}/matrix?planned=9", f"/courses/{COURSE_ID}/at-risk"),
    f"/courses/{COURSE_ID}/sessions/{DATE}/presence",
    *("/students", "/students?q=o", "/students?q=nobody", "/students/S-1001", "/students/S-1001/remove"),
    *("/register-student", "/imports", "/faces", "/faces/missing", "/unfiled", "/account", "/no-such-page"),
    *("/audit", "/audit?kind=student&id=S-1001", "/audit?kind=course&id=nothing"),
    *("/accounts", "/accounts?role=student", "/account/tokens", f"/courses/{COURSE_ID}/notes"),
)
NO_PAGES = re.compile(r"/assets/|/api/|/healthz|\.csv$|\.xlsx$|/progress$")
"""Addresses that answer with files or data."""
PLACES = {"<course_id>": COURSE_ID, "<session_id>": DATE, "<student_id>": "S-1001"}


def test_every_page_that_an_admin_can_open_is_among_them() -> None:
    rules = [rule for (method, rule), (admin, *_) in ROUTES.items() if method == "GET" and admin == 200]
    pages = {path.partition("?")[0] for path in PAGES}
    assert {place(rule) for rule in rules if not NO_PAGES.search(rule)} <= pages


def place(rule: str) -> str:
    """The rule with the demo lesson in its places."""
    for name, value in PLACES.items():
        rule = rule.replace(name, value)
    return rule


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_no_page_has_a_serious_accessibility_problem(signed_in: OpenPage, size: str, scheme: str) -> None:
    page = signed_in(*SIZES[size], color_scheme=scheme)
    for path in PAGES:
        page.goto(path)
        assert_accessible(page)
        picture(page, path, f"{size}-{scheme}")


def picture(page: Page, path: str, kind: str) -> None:
    """Keep what the page looks like."""
    name = re.sub(r"[^a-zA-Z0-9-]+", "_", path).strip("_") or "home"
    page.screenshot(path=SCREENSHOTS / kind / f"{name}.png", full_page=True)
