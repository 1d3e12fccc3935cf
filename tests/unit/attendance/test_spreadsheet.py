"""Files for spreadsheets hold what was given, and no cell runs as a formula."""

import csv
import io
import zipfile
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attendance import keys, spreadsheet
from attendance.csvfile import neutral
from attendance.model import MACHINE, Correction, Status
from attendance.register import RegisterRow
from attendance.rows_log import LogRow
from attendance.spreadsheet import HEADER, Cell, cells, csv_parts, write_xlsx

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =cmd|' /C calc'!A0", "\n=1", "=HYPERLINK(1)"]
SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sheets_of(content: bytes) -> list[list[list[str]]]:
    """The texts of each sheet's cells, row by row; a cell that is not there is left out."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = sorted(name for name in archive.namelist() if name.startswith("xl/worksheets/sheet"))
        trees = [ElementTree.fromstring(archive.read(name)) for name in names]  # noqa: S314 (our own file)
    assert not [tree for tree in trees if tree.find(f".//{SPACE}f") is not None], "a formula"
    return [
        [["".join(cell.itertext()) for cell in row.iter(f"{SPACE}c")] for row in tree.iter(f"{SPACE}row")]
        for tree in trees
    ]


def workbook(*lines: list[Cell]) -> list[list[list[str]]]:
    file = io.BytesIO()
    write_xlsx(file, ("name", "number"), lines)
    return sheets_of(file.getvalue())


def test_a_row_has_a_cell_under_each_name_of_the_header() -> None:
    said = Correction(Status.PRESENT, late=True, left_early=False, reason="was there", actor="t@b.c", at="2026-03-02")
    row = RegisterRow("s1", "Zoë", Status.PRESENT, 97.5, late=True, decided=Status.ABSENT, correction=said, version=1)
    found = dict(zip(HEADER, cells(LogRow(keys.place("physics", "2026-03-02_b"), row, MACHINE)), strict=True))
    assert found == {
        "course_id": "physics",
        "date": "2026-03-02",
        "session_id": "2026-03-02_b",
        "student_id": "s1",
        "student_name": "Zoë",
        "status": "present",
        "similarity": 97.5,
        "first_seen_ms": None,
        "last_seen_ms": None,
        "sightings": 0,
        "margin": None,
        "late": "yes",
        "left_early": "",
        "decided": "absent",
        "corrected_by": "t@b.c",
        "reason": "was there",
        "source": "person",
    }


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_text_in_both_files(text: str) -> None:
    (table,) = csv.reader(io.StringIO("".join(csv_parts([text], [])), newline=""))
    assert table == [f"'{text}"]
    assert workbook([text, 1])[0][1][0].startswith("'")


@pytest.mark.parametrize("cell", ["Ann", "O'Neill", "李", "", None, -1, 99.5, "a=b"])
def test_everything_else_stays_as_it_is(cell: Cell) -> None:
    assert neutral(cell) == cell


@given(st.text())
def test_no_text_begins_like_a_formula_after_it(text: str) -> None:
    assert not str(neutral(text)).lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_numbers_are_numbers_and_nothing_stays_nothing() -> None:
    assert workbook(["Ann", -1.5], [None, 3]) == [[["name", "number"], ["Ann", "-1.5"], ["3"]]]


@given(st.lists(st.tuples(st.text(), st.none() | st.integers()), max_size=20), st.integers(1, 4))
def test_csv_reads_back_as_what_was_written_however_it_is_parted(
    lines: list[tuple[str, int | None]], at_once: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spreadsheet, "LINES_AT_ONCE", at_once)
        content = "".join(csv_parts(("name", "number"), lines))
    head, *found = csv.reader(io.StringIO(content, newline=""))
    assert head == ["name", "number"]
    assert [number for _, number in found] == ["" if number is None else str(number) for _, number in lines]
    assert [text.removeprefix("'") for text, _ in found] == [text.removeprefix("'") for text, _ in lines]


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=50))
def test_xlsx_reads_back_as_what_was_written(text: str) -> None:
    (written, number) = workbook([text, 1])[0][1]
    assert (written.removeprefix("'"), number) == (text.removeprefix("'"), "1")


def test_what_one_sheet_cannot_hold_goes_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "MAX_XLSX_ROWS", 2)
    lines: list[list[Cell]] = [[f"n{number}", number] for number in range(5)]
    found = workbook(*lines)
    assert [len(sheet) for sheet in found] == [3, 3, 2]
    assert all(sheet[0] == ["name", "number"] for sheet in found)
    assert [row[0] for sheet in found for row in sheet[1:]] == [f"n{number}" for number in range(5)]


def test_a_table_without_rows_has_its_header() -> None:
    assert workbook() == [[["name", "number"]]]
    assert "".join(csv_parts(("name",), [])) == "name\r\n"
