"""How names are broken into the words they are searched by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.names import MAX_WORDS, has_words, keys, partition, search_words, student_id_of


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Zoë O'Brien", ("zoe", "obrien")),
        ("Zoë O\N{RIGHT SINGLE QUOTATION MARK}Brien", ("zoe", "obrien")),
        ("Jean-Luc PICARD", ("jean", "luc", "picard")),
        ("李 小龍", ("李", "小龍")),
        ("Straße", ("strasse",)),
        ("Kim Kim", ("kim",)),
        ("…", ()),
        ("x" * 100, ("x" * 40,)),
    ],
)
def test_a_name_is_searched_by_its_plain_words(name: str, words: tuple[str, ...]) -> None:
    assert search_words(name) == words


@given(st.text(max_size=200))
def test_any_text_makes_few_words_without_spaces_and_the_id_is_found_again(name: str) -> None:
    made = keys("S-1.x_y", name)
    assert len(made) <= MAX_WORDS
    assert all(key.count(" ") == 1 and student_id_of(key) == "S-1.x_y" for _, key in made)


@given(st.text(max_size=200), st.integers(1, 40))
def test_whatever_begins_a_word_leads_to_its_partition(name: str, size: int) -> None:
    for place, key in keys("S-1", name):
        word, _, _ = key.partition(" ")
        assert partition(word[:size]) == place


def test_each_wanted_beginning_must_begin_some_word() -> None:
    assert has_words("Zoë O'Brien", ("ob", "zo"))
    assert not has_words("Zoë O'Brien", ("brien",))
    assert has_words("anyone", ())
