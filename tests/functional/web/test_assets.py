"""What a page weighs the first time it is opened, and what its files are."""

import gzip
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.functional.web.conftest import SignIn
from tests.functional.web.faces import photo
from tests.functional.web.tables import put, row_item, session_item
from web.assets import FOREVER, follow_system_colours

BROWSER = {"Accept-Encoding": "gzip, deflate, br, zstd"}


def _files(page: str) -> set[str]:
    return set(re.findall(r'(?:href|src)="(/assets/[^"]+)"', page))


def test_a_file_is_kept_for_ever_under_the_address_of_its_content(signed_in: SignIn) -> None:
    client = signed_in("admin@school.edu")
    for address in _files(client.get("/").text):
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == FOREVER
        assert "Set-Cookie" not in answer.headers


def test_a_file_comes_compressed_to_whoever_takes_it_so(client: FlaskClient) -> None:
    for address in _files(client.get("/login").text):
        plain, packed = client.get(address), client.get(address, headers=BROWSER)
        assert "Content-Encoding" not in plain.headers
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.data) == plain.data
        assert "Accept-Encoding" in packed.headers["Vary"]


@pytest.mark.parametrize("path", ["/assets/0/rollcall.css", "/assets/0/..%2fapp.py", "/assets/0/nothing.css"])
def test_an_address_of_other_content_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_pages_are_never_compressed_because_they_carry_form_tokens(client: FlaskClient) -> None:
    assert "Content-Encoding" not in client.get("/login", headers=BROWSER).headers


def test_dark_colours_follow_the_system_and_need_no_script(app: Flask) -> None:
    css = app.extensions["rollcall_assets"]["bootstrap.css"].content.decode()
    assert css.count("@media (prefers-color-scheme:dark){:root") >= 5
    assert "[data-bs-theme=dark]" not in css.replace(".navbar[data-bs-theme=dark]", "")


def test_only_rules_of_the_whole_page_are_bound_to_the_system() -> None:
    css = "a{b:c}[data-bs-theme=dark]{--x:1}[data-bs-theme=dark] .btn{c:d}.navbar[data-bs-theme=dark]{e:f}"
    dark = "@media (prefers-color-scheme:dark)"
    expected = f"a{{b:c}}{dark}{{:root{{--x:1}}}}{dark}{{:root .btn{{c:d}}}}.navbar[data-bs-theme=dark]{{e:f}}"
    assert follow_system_colours(css) == expected


def test_no_page_weighs_more_than_200_kb_the_first_time(app: Flask, signed_in: SignIn) -> None:
    """HTML, styles and scripts as they travel; photos and videos come from the bucket."""
    day = "2026-03-04"
    for number in range(60):
        student_id = f"s{number:02}"
        photos = [photo(student_id, shot=shot) for shot in range(5)] if number == 0 else [photo(student_id)]
        for content in photos:
            app.extensions["rollcall_services"].enroller.enrol(student_id, "N" * 100, content, ["physics"], "tester")
        put("attendance", row_item("physics", day, student_id, "present"))
        put("attendance", row_item("physics", f"2026-01-{number // 2 + 1:02}", "s00", "present"))
        put("sessions", session_item("physics", f"2025-{number // 28 + 1:02}-{number % 28 + 1:02}"))
    put("sessions", session_item("physics", day))
    client = signed_in("admin@school.edu")
    weights = {path: _weight(client, path) for path in _pages(app)}
    assert len(weights) > 15
    assert {path: weight for path, weight in weights.items() if weight > 200_000} == {}
    assert max(weights.values()) > 30_000  # the styles were counted


def _pages(app: Flask) -> list[str]:
    """A page of each rule that shows one."""
    places = {"<course_id>": "physics", "<session_id>": "2026-03-04", "<student_id>": "s00"}
    found = []
    for rule in app.url_map.iter_rules():
        path = str(rule)
        for place, value in places.items():
            path = path.replace(place, value)
        if "GET" in (rule.methods or ()) and "<" not in path and not path.startswith("/api/"):
            found.append(path)
    return found


def _weight(client: FlaskClient, path: str) -> int:
    page = client.get(path, headers=BROWSER)
    assert page.status_code in (200, 302, 403, 404), path
    files = _files(page.text) if page.mimetype == "text/html" else ()
    return len(page.data) + sum(len(client.get(file, headers=BROWSER).data) for file in files)
