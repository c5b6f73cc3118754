"""Reports as CSV (RFC 4180), as spreadsheets open it."""

import csv
import io
from collections.abc import Iterable

# A spreadsheet takes a text that begins so for a formula (owasp.org/www-community/attacks/CSV_Injection).
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def as_csv(rows: Iterable[Iterable[object]]) -> bytes:
    """Return rows of a table. Texts that a spreadsheet would take for formulas are quoted; numbers stay."""
    out = io.StringIO()
    csv.writer(out).writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue().encode()


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, int | float):
        return value
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULAS) else text
