"""Reading rosters as people's spreadsheets write them, and as nobody should."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.csvfile import MAX_TABLE_BYTES, TableFileError
from attendance.importing import RosterLine, conflicting_lines, parse_roster
from cli.students import read_roster

HEAD = "student_id,student_name,photo\n"


def _read(folder: Path, content: bytes) -> list[RosterLine]:
    file = folder / "roster.csv"
    file.write_bytes(content)
    return read_roster(file)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "BOM"])
@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_roster_is_read_however_a_spreadsheet_wrote_it(tmp_path: Path, mark: bytes, separator: str, end: str) -> None:
    rows = (("Student_ID ", "student_name", "photo"), ("s1", " Zoë O'Neill ", "a.jpg"), ("", "", ""), ("s2", "李", "b"))
    text = end.join(separator.join(row) for row in rows)
    assert _read(tmp_path, mark + text.encode()) == [
        RosterLine(2, "s1", "Zoë O'Neill", "a.jpg"),
        RosterLine(4, "s2", "李", "b"),
    ]


def test_a_quoted_name_may_hold_the_separator() -> None:
    assert parse_roster(HEAD + 's1,"Neill, Zoë",a.jpg')[0].student_name == "Neill, Zoë"


def test_other_columns_are_ignored_in_any_order() -> None:
    line = parse_roster("photo;mark;student_name;student_id\na.jpg;1;Ann;s1")[0]
    assert (line.student_id, line.student_name, line.photo) == ("s1", "Ann", "a.jpg")


def test_a_line_with_too_few_or_too_many_cells_is_kept_for_the_report() -> None:
    short, long = parse_roster(HEAD + "s1\ns2,Ann,a.jpg,more,cells")
    assert short == RosterLine(2, "s1", "", "")
    assert long.photo == "a.jpg"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "student_id, student_name and photo"),
        (b"student_id,photo\ns1,a", "lacks student_name"),
        (HEAD.encode(), "names no student"),
        (HEAD.encode() + b",,\n , ,\n", "names no student"),
        ((HEAD + "s1,Zo\xeb,a.jpg").encode("latin-1"), "UTF-8"),
        (HEAD.encode("utf-16"), "UTF-8"),
        ((HEAD + 's1,"Ann,a.jpg').encode(), "not a line of a table"),
        ((HEAD + "s1," + "x" * 200_000 + ",a.jpg").encode(), "not a line of a table"),
        (b"\x89PNG\r\n\x1a\n\x00", "UTF-8"),
        (b"x" * (MAX_TABLE_BYTES + 1), "20 MB"),
    ],
    ids=[
        "empty",
        "missing column",
        "head only",
        "blank lines",
        "latin-1",
        "utf-16",
        "open quote",
        "huge cell",
        "png",
        "huge",
    ],
)
def test_what_is_no_roster_is_refused_with_what_to_do(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(TableFileError, match=words):
        _read(tmp_path, content)


def test_a_folder_is_no_roster(tmp_path: Path) -> None:
    with pytest.raises(TableFileError, match="cannot be read"):
        read_roster(tmp_path)


def test_one_name_in_two_spellings_is_one_name() -> None:
    names = ("J\N{LATIN SMALL LETTER O WITH DIAERESIS}rg  M", "Jo\N{COMBINING DIAERESIS}rg M")
    lines = [RosterLine(number, "s1", name, f"{number}.jpg") for number, name in enumerate(names, start=2)]
    assert conflicting_lines(lines) == set()


def test_one_id_with_two_names_is_a_conflict_and_with_two_photos_is_not() -> None:
    lines = parse_roster(HEAD + "s1,Ann,a.jpg\ns1,Ann,b.jpg\ns1,Bob,c.jpg\ns2,Ann,d.jpg")
    assert conflicting_lines(lines) == {4}


@given(st.text())
def test_no_text_at_all_breaks_the_reader(text: str) -> None:
    try:
        lines = parse_roster(HEAD + text)
    except TableFileError:
        return
    assert all(line.number >= 2 for line in lines)
