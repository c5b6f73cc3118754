"""Tables for spreadsheets: no cell is a formula however the file is split, and every text comes back."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from faded_skies.platform.spreadsheets import plain_cell, safe_cell, write_lines

SIGNS = tuple("=+-@\uff1d\uff0b\uff0d\uff20")

hostile = st.text(st.sampled_from("=+-@\uff1d\uff0b\uff0d\uff20\t\r\n;,'\"a1 "), max_size=12)
text = hostile | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
tables = st.lists(st.lists(text, min_size=1, max_size=4), max_size=4)


@given(text)
@example("'=x")
@example("\n=x")
@example("\t'=x;'\"=y")
def test_no_text_is_a_formula_and_each_comes_back(cell: str) -> None:
    safe = safe_cell(cell)
    assert not safe.startswith((*SIGNS, "\t", "\r", "\n"))
    assert plain_cell(safe) == cell
    assert plain_cell(safe_cell(safe)) == safe


@given(tables)
@example([["id", "x;=HYPERLINK(1);y"]])
@example([["id", 'x;"=1']])
@example([["id", "x\r\n\uff1d1"]])
@example([["a;"], ["=1"]])
def test_no_cell_is_a_formula_where_it_is_split_at_commas_semicolons_or_tabs(table: list[list[str]]) -> None:
    sheet = write_lines(table)
    for separator in ",;\t":
        for row in csv.reader(io.StringIO(sheet, newline=""), delimiter=separator):
            for cell in row:
                assert not cell.lstrip("\t\r\n").startswith(SIGNS), separator
    read = csv.reader(io.StringIO(sheet, newline=""), strict=True)
    assert [[plain_cell(cell) for cell in row] for row in read] == table


@pytest.mark.parametrize("plain", ["", "Haze 3.5 g", "a - b", "a; b", "don't", "x=1", "one\ntwo", "a,-b"])
def test_what_is_no_formula_stays(plain: str) -> None:
    assert safe_cell(plain) == plain


def test_every_cell_is_quoted_numbers_stay_and_nothing_is_empty() -> None:
    assert write_lines([["=1", -1, -2.5, None, True]]) == '"\'=1","-1","-2.5","","True"\r\n'
