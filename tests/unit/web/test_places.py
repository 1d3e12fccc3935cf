"""What the places of an address and the cursors of its lists can be."""

from urllib.parse import quote

import pytest
from flask import Flask

from web import places

GOOD = ("s1", "physics", "2026-03-02", "2026-03-02_b", "2026-03-02#0123456789abcdef", "a" * 64, "A._-9")
BAD = (
    "a" * 65,
    "x" * 100_000,
    ".",
    "..",
    "_a",
    "-a",
    "#a",
    "a b",
    "a\n",
    "\x00",
    "é",
    "\N{ARABIC-INDIC DIGIT THREE}",
    "a%2fb",
)


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__)
    places.register(app)
    app.add_url_rule("/at/<place>/end", view_func=lambda place: place, endpoint="at")
    app.add_url_rule("/list", view_func=lambda: f"from {places.cursor()}", endpoint="list")
    return app


@pytest.mark.parametrize("text", GOOD)
def test_an_id_a_session_and_a_hash_are_places(app: Flask, text: str) -> None:
    answer = app.test_client().get(f"/at/{quote(text, safe='')}/end")
    assert (answer.status_code, answer.text) == (200, text)
    assert app.test_client().get("/list", query_string={"after": text}).text == f"from {text}"


@pytest.mark.parametrize("text", BAD, ids=lambda text: ascii(text[:10]))
def test_what_can_be_no_key_is_no_place_and_no_cursor(app: Flask, text: str) -> None:
    assert app.test_client().get(f"/at/{quote(text, safe='')}/end").status_code == 404
    assert app.test_client().get("/list", query_string={"after": text}).status_code == 400


@pytest.mark.parametrize("query", ["", "after="])
def test_without_a_cursor_a_list_begins_at_its_first_page(app: Flask, query: str) -> None:
    assert app.test_client().get("/list", query_string=query).text == "from None"
