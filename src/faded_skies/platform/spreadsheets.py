"""CSV (RFC 4180) that people open in spreadsheets: every cell quoted, no cell a formula. Pure.

A spreadsheet takes a cell that begins with = + - @ (or their wide forms), a tab or a line break for a formula (OWASP,
CSV Injection); an apostrophe in front makes it text. Where spreadsheets split at `;` instead of the comma, quotes
within a line are letters to them, so a `;`, a tab or a line break in a text begins a cell there: what follows it gets
an apostrophe too. `plain_cell` takes all of them off, so what was written comes back the same.
"""

import csv
import io
import re
from collections.abc import Iterable

_SIGNS = r"=+\-@\uff1d\uff0b\uff0d\uff20"
# A quote is doubled in the file: split at a `;`, the two are an empty quoted text with the rest behind it.
_BEGINS = rf"\A(?='*[{_SIGNS}\t\r\n])|[;\t\r\n]\"*(?='*[{_SIGNS}])"
_ESCAPED = rf"(\A)'(?='*[{_SIGNS}\t\r\n])|([;\t\r\n]\"*)'(?='*[{_SIGNS}])"
_FORMULA, _ESCAPE = re.compile(_BEGINS), re.compile(_ESCAPED)


def safe_cell(text: str) -> str:
    """Return the text as no spreadsheet takes for a formula."""
    return _FORMULA.sub(r"\g<0>'", text)


def plain_cell(cell: str) -> str:
    """Return the text that `safe_cell` made this of."""
    return _ESCAPE.sub(r"\g<1>\g<2>", cell)


def write_lines(rows: Iterable[Iterable[object]]) -> str:
    """Return lines of a table, each with its end. Numbers stay as they are, None is an empty cell."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: object) -> object:
    if value is None:
        return ""
    return value if isinstance(value, int | float) else safe_cell(str(value))
