"""Chromium at the pages of a running stack whose demo lesson is processed."""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from local.demo_class import COURSE_ID, write_roster, write_video
from tests.browser.watch import Watch
from tests.e2e.running import RunningStack, running

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream"),
]
COURSE_NAME = "Demo class"
DATE = datetime.now(UTC).date().isoformat()
"""The lesson's: the first page lists the last days only."""

PATIENCE_MS = 60_000
"""How long a page may take on a machine with other things to do; no test waits longer than it must."""
expect.set_options(timeout=PATIENCE_MS)

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium of this machine."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        missing = f"no Chromium: install one of {', '.join(PROGRAMS)} (on Debian: apt-get install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return found


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    """One browser for this folder's tests; each has a context of its own.

    It ends with them, for Playwright keeps an event loop running, in which no other test could run one of its own.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def stack(browser: Browser, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack with the demo class enrolled and its lesson processed once; not started when there is no browser."""
    folder = tmp_path_factory.mktemp("stack")
    lesson, key = folder / "lesson.mp4", f"videos/{COURSE_ID}/{DATE}/lesson.mp4"
    with ThreadPoolExecutor(1) as filming:
        filmed = filming.submit(write_video, pictures, lesson)
        with running(folder / "home") as stack:
            roster = write_roster(pictures, folder / "photos")
            stack.rollcall(
                *("students", "import", str(roster), str(roster.parent)),
                *("--course", COURSE_ID, "--course-name", COURSE_NAME),
            )
            filmed.result()
            stack.put(key, lesson.read_bytes())
            assert stack.outcomes([key])[key].session.status == "complete"
            yield stack


@pytest.fixture
def open_page(browser: Browser, stack: RunningStack) -> Iterator[OpenPage]:
    """Opens a page in a context of its own, and at the end demands that nothing went wrong in it."""
    watches: list[Watch] = []

    def open_one(width: int = 1280, height: int = 800, **options: object) -> Page:
        context = browser.new_context(
            base_url=stack.endpoints.web,
            viewport={"width": width, "height": height},
            **options,  # type: ignore[arg-type]
        )
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        watches.append(Watch(page))
        return page

    yield open_one
    for watch in watches:
        watch.page.context.close()
    assert [problem for watch in watches for problem in watch.problems] == []


@pytest.fixture
def signed_in(open_page: OpenPage, stack: RunningStack) -> OpenPage:
    """Opens a page and signs the printed admin in."""

    def open_one(width: int = 1280, height: int = 800, **options: object) -> Page:
        page = open_page(width, height, **options)
        page.goto("/login")
        sign_in(page, stack.endpoints.admin_email, stack.endpoints.admin_password)
        return page

    return open_one


def sign_in(page: Page, email: str, password: str) -> None:
    """Fill in the form on the page and send it."""
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
