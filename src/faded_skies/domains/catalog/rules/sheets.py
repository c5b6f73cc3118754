"""Products as a file for spreadsheets: CSV (RFC 4180), every cell quoted, no cell a formula. Pure.

A spreadsheet takes a cell that begins with = + - @ (or their wide forms), a tab or a line break for a formula (OWASP,
CSV Injection); an apostrophe in front makes it text. The import takes it off, so what was exported comes back the same.
Quoting every cell keeps a `;` from beginning a cell where spreadsheets split at it.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence

COLUMNS = (
    "id",
    "category",
    "name",
    "description",
    "price",
    "originalPrice",
    "productClass",
    "netWeightMg",
    "thcMg",
    "thcContent",
    "cbdContent",
    "strainType",
    "effects",
    "labTested",
    "labResultsUrl",
    "isFeatured",
    "isActive",
    "barredTenders",
)
MOST_ROWS = 20_000
BETWEEN = ", "

_BEGINS = r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"
_FORMULA = re.compile(f"'*{_BEGINS}")
_ESCAPED = re.compile(f"'+{_BEGINS}")


class UnreadableSheetError(Exception):
    """The file as a whole is of no use; the text says what to do, `row` where."""

    def __init__(self, row: int, message: str) -> None:
        self.row = row
        super().__init__(message)


def safe_cell(text: str) -> str:
    """Return the text as no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def plain_cell(cell: str) -> str:
    """Return the text that `safe_cell` made this of."""
    return cell[1:] if _ESCAPED.match(cell) else cell


def write_line(cells: Sequence[str]) -> str:
    """Return a line of a sheet, with its end."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow([safe_cell(cell) for cell in cells])
    return out.getvalue()


def read_rows(text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield each row with its number as a spreadsheet counts it, by column; empty rows are passed over.

    Columns may come in any order, and those left out stay as they are. Raises UnreadableSheetError.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        heading = [plain_cell(cell).strip() for cell in next(reader, [])]
        _check_heading(heading)
        number = 1
        for number, cells in enumerate(reader, start=2):
            if number > MOST_ROWS + 1:
                raise UnreadableSheetError(
                    number, f"A file can have {MOST_ROWS:,} products. Divide it into several."
                )
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(heading):
                raise UnreadableSheetError(
                    number,
                    f"This row has {len(cells)} cells and the heading {len(heading)}. Quote cells that hold commas.",
                )
            yield number, dict(zip(heading, map(plain_cell, cells), strict=True))
    except csv.Error as error:
        raise UnreadableSheetError(
            reader.line_num, f"This is not CSV here ({error}). Save the file as CSV with commas, in UTF-8."
        ) from None


def _check_heading(heading: Sequence[str]) -> None:
    if not heading:
        raise UnreadableSheetError(1, "The file is empty. Its first row names the columns.")
    strange = [name for name in heading if name not in COLUMNS]
    if strange:
        raise UnreadableSheetError(
            1, f"There is no column {strange[0][:50]!r}. The columns are {', '.join(COLUMNS)}."
        )
    if len(set(heading)) < len(heading):
        raise UnreadableSheetError(1, "A column is named twice. Remove one of the two.")
    missing = [name for name in ("category", "name") if name not in heading]
    if missing:
        raise UnreadableSheetError(1, f"The column {missing[0]} is missing: products are found by it.")
