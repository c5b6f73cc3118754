"""Reports as CSV, as spreadsheets open it."""

from collections.abc import Iterable

from faded_skies.platform.spreadsheets import write_lines


def as_csv(rows: Iterable[Iterable[object]]) -> bytes:
    """Return rows of a table, every cell quoted. Texts that a spreadsheet would take for formulas are escaped."""
    return write_lines(rows).encode()
