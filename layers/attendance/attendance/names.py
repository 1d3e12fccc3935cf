"""How a student is found by a part of the name, without reading every student.

Each student has a few items beside the roster rows, under partitions of their own: the sort key of each begins with
one word of the name, so that a search is one Query.
"""

import re
import unicodedata

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


def partition(word: str) -> str:
    """The partition of the rosters table with the words that begin alike; no course_id starts with #."""
    return f"#names {word[0]}"


def keys(student_id: str, name: str) -> tuple[tuple[str, str], ...]:
    """Partition and sort key of each of a student's words; the id behind a word keeps two of one name apart."""
    return tuple((partition(word), f"{word} {student_id}") for word in search_words(name))


def student_id_of(sort_key: str) -> str:
    """The id in a sort key; neither a word nor an id holds a space."""
    return sort_key.rpartition(" ")[2]


def has_words(name: str, wanted: tuple[str, ...]) -> bool:
    """Whether each wanted beginning is the beginning of some word of the name."""
    words = search_words(name)
    return all(any(word.startswith(beginning) for word in words) for beginning in wanted)
