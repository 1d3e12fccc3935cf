"""Tables for people's spreadsheets, and against what a spreadsheet would run."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from attendance.csvfile import read_table, write_table


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2)))
def test_no_cell_that_is_written_begins_like_a_formula(rows: list[list[str]]) -> None:
    for row in list(csv.reader(io.StringIO(write_table(("a", "b"), rows), newline="")))[1:]:
        assert not any(cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in row)


def test_optional_columns_are_read_where_they_are() -> None:
    (line,) = read_table("b,id,c\n1, x ,2\n", ["id"], ["a", "b"])
    assert (line.number, line.cells) == (2, {"id": "x", "b": "1"})
