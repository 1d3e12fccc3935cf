"""What a similarity means in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.meaning import meaning
from attendance.model import Row, Status, Thresholds

RULES = Thresholds(present=99.0, review=90.0, margin=2.0, minimum_sightings=3)


def row(similarity: float | None, margin: float | None = None, sightings: int = 9) -> Row:
    return Row("s1", "Zoë", Status.REVIEW, similarity, margin, sightings)


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (row(None), "not seen"),
        (row(99.0), "clearly the same"),
        (row(100.0, 30.0), "clearly the same"),
        (row(98.99), "looks alike: please check"),
        (row(99.5, sightings=1), "looks the same but was seen only once: please check"),
        (row(99.5, sightings=2), "looks the same but was seen only 2 times: please check"),
        (row(99.5, 4.9), "clearly the same; another student is only 4.9 points behind"),
        (row(99.5, 1.5), "looks the same: please check; another student is only 1.5 points behind"),
        (row(99.5, -0.5), "looks the same: please check; the face looks even more like another student"),
        (row(95.0, 0.0), "looks alike: please check; another student is only 0.0 points behind"),
    ],
)
def test_a_row_is_explained_by_the_rules_it_was_decided_with(seen: Row, words: str) -> None:
    assert meaning(seen, RULES) == words


@given(st.floats(90, 100), st.none() | st.floats(-10, 100), st.integers(1, 100))
def test_only_what_the_rules_call_present_is_clearly_the_same(
    similarity: float, margin: float | None, sightings: int
) -> None:
    words = meaning(row(similarity, margin, sightings), RULES)
    is_sure = similarity >= 99 and sightings >= 3 and (margin is None or margin >= 2)
    assert words.startswith("clearly the same") == is_sure
    assert ("please check" in words) != is_sure
