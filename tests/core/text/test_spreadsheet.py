"""No cell of ours is a formula, and each can be read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text.spreadsheet import format_row, guard_cell, unguard_cell

FORMULAS = ["=1+1", "+15551234567", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1", "'=1"]


@pytest.mark.parametrize("cell", FORMULAS)
def test_what_a_spreadsheet_would_carry_out_becomes_a_text(cell: str) -> None:
    assert guard_cell(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "Ana", "1+1", "'tis", "*", " a"])
def test_other_texts_stay(cell: str) -> None:
    assert guard_cell(cell) == unguard_cell(cell) == cell


@given(st.text(alphabet="=+-@\t\r\n ' a1"))
def test_a_cell_comes_back_as_it_was(cell: str) -> None:
    assert unguard_cell(guard_cell(cell)) == cell


def test_a_row_has_numbers_and_nothing_too() -> None:
    assert format_row(["=1", -2, None, 'a "b", c']) == '\'=1,-2,,"a ""b"", c"\r\n'
