"""No exported cell runs as a formula."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.csvfile import neutral
from cli.export import HEADER, write_csv


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =cmd|' /C calc'!A0", "\n=1"])
def test_a_formula_becomes_text(text: str) -> None:
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize("cell", ["Ann", "O'Neill", "李", "", None, -1, 99.5, "a=b"])
def test_everything_else_stays_as_it_is(cell: object) -> None:
    assert neutral(cell) == cell


@given(st.text())
def test_no_text_begins_like_a_formula_after_it(text: str) -> None:
    assert not str(neutral(text)).lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_the_file_reads_back_as_what_was_written() -> None:
    file = io.StringIO()
    name = 'Neill, "Zoë"'
    assert (
        write_csv(file, iter([["c", "2026-03-02", "2026-03-02", "s1", name, "absent", None, None, None, 0, None]])) == 1
    )
    head, row = list(csv.reader(io.StringIO(file.getvalue())))
    assert tuple(head) == HEADER
    assert row[4] == name
    assert row[6] == ""
