"""How a student is found by a part of the name, without reading every student.

Each student has a few items beside the roster rows, under a partition of their own: the sort key of each begins with
one word of the name, so that a search is one Query.
"""

import re
import unicodedata

PARTITION = "#names"
"""The partition of the rosters table that holds the words; no course_id starts with #."""
MAX_WORDS = 8
"""Words kept of one name: they are written in the one transaction that also writes the rosters."""

_MAX_WORD = 40
_WORD = re.compile(r"\w+")
_APOSTROPHES = str.maketrans("", "", "'\N{RIGHT SINGLE QUOTATION MARK}\N{MODIFIER LETTER APOSTROPHE}`")
"""Left out, so that O'Brien is found as obrien, whichever of them was typed."""


def search_words(name: str) -> tuple[str, ...]:
    """The words of a name as they are searched: lower case, without accents, each once, in order."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    words = _WORD.findall(plain.translate(_APOSTROPHES))
    return tuple(dict.fromkeys(word[:_MAX_WORD] for word in words))[:MAX_WORDS]


def sort_keys(student_id: str, name: str) -> tuple[str, ...]:
    """The sort keys of a student's words; the id behind them keeps two students of one name apart."""
    return tuple(f"{word} {student_id}" for word in search_words(name))


def student_id_of(sort_key: str) -> str:
    """The id in a sort key; neither a word nor an id holds a space."""
    return sort_key.rpartition(" ")[2]


def has_words(name: str, wanted: tuple[str, ...]) -> bool:
    """Whether each wanted beginning is the beginning of some word of the name."""
    words = search_words(name)
    return all(any(word.startswith(beginning) for word in words) for beginning in wanted)
