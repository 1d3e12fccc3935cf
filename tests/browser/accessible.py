"""What everybody can use: judged by axe, and by the width of the window."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def assert_accessible(page: Page) -> None:
    """No problem that axe calls serious or critical, and nothing to scroll sideways."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    bad = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]
    assert bad == [], page.url
    assert overflow_of(page) == 0, page.url


def overflow_of(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    found: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return found
