"""The web as its function on AWS makes it, before a browser: large files come from the bucket, refusals are seen."""

import csv
import io
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from attendance.settings import Settings
from local.demo_class import COURSE_ID
from tests.browser.accessible import assert_accessible
from tests.browser.conftest import OpenPage, sign_in
from tests.e2e.running import RunningStack
from web import WebConfig, create_app, function_limits

pytestmark = pytest.mark.stack


@pytest.fixture
def function(stack: RunningStack, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application on the stack's data."""
    for name, value in stack.endpoints.client_environment.items():
        monkeypatch.setenv(name, value)
    settings = Settings.from_environment(stack.endpoints.settings)
    return create_app(WebConfig("s" * 64, settings, local_http=True, is_function=True))


@pytest.fixture
def log(function: Flask, open_page: OpenPage, stack: RunningStack) -> Iterator[Page]:
    """The log of the demo course, served by the application itself."""
    server = make_server("127.0.0.1", 0, function, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = open_page()
    page.goto(f"http://127.0.0.1:{server.server_port}/login?next=/log?course={COURSE_ID}")
    sign_in(page, stack.endpoints.admin_email, stack.endpoints.admin_password)
    yield page
    page.goto("about:blank")  # so that nothing is still on its way when the server goes
    server.shutdown()
    server.server_close()


def test_a_file_that_is_too_large_for_the_function_is_downloaded_from_the_bucket(
    log: Page, stack: RunningStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(function_limits, "MAX_ANSWER_BYTES", 100)
    with log.expect_download() as started:
        log.get_by_role("link", name="Export CSV").click()
    assert started.value.url.startswith(f"{stack.endpoints.aws}/")
    assert started.value.suggested_filename == f"attendance-{COURSE_ID}.csv"
    started.value.save_as(tmp_path / "log.csv")
    text = (tmp_path / "log.csv").read_text(encoding="utf-8-sig")
    assert "S-1001" in {row["student_id"] for row in csv.DictReader(io.StringIO(text, newline=""))}


def test_who_asks_for_too_much_sees_what_to_do(log: Page, function: Flask) -> None:
    function.config["FUNCTION_WORKS_SECONDS"] = -1.0
    for name in ("Export CSV", "Export XLSX"):
        log.get_by_role("link", name=name).click()
        expect(log.get_by_role("heading", name="Too much at once")).to_be_visible()
        assert_accessible(log)
        log.go_back()
