import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekognition_local import tokens
from rekognition_local.errors import InvalidPaginationTokenError


def test_no_token_is_the_first_page() -> None:
    assert tokens.decode(None, "faces") == 0


@given(st.integers(0, 2**63 - 1), st.lists(st.none() | st.text() | st.integers()))
def test_a_token_comes_back_as_its_position_and_fits_the_model(position: int, scope: list[str | int | None]) -> None:
    token = tokens.encode(position, *scope)
    assert len(token) <= 255
    assert tokens.decode(token, *scope) == position


def test_a_token_of_another_list_is_refused() -> None:
    with pytest.raises(InvalidPaginationTokenError):
        tokens.decode(tokens.encode(5, "faces", 1), "faces", 2)


@given(st.text())
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidPaginationTokenError):
        tokens.decode(text, "faces")


@pytest.mark.parametrize("position", [-1, 2**63, 1.5, True, None, "1", [], {}])
def test_a_forged_position_is_refused(position: object) -> None:
    digest = json.loads(base64.urlsafe_b64decode(tokens.encode(1, "faces")))[0]
    forged = base64.urlsafe_b64encode(json.dumps([digest, position]).encode()).decode()
    with pytest.raises(InvalidPaginationTokenError):
        tokens.decode(forged, "faces")
