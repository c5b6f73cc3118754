"""Products as a file for spreadsheets; the import takes off what the export added, so it comes back the same. Pure."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from faded_skies.platform.spreadsheets import plain_cell, write_lines

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
MOST_ROWS = 5_000
BETWEEN = ", "


class UnreadableSheetError(Exception):
    """The file as a whole is of no use; the text says what to do, `row` where."""

    def __init__(self, row: int, message: str) -> None:
        self.row = row
        super().__init__(message)


def write_line(cells: Sequence[str]) -> str:
    """Return a line of a sheet, with its end."""
    return write_lines([cells])


def read_rows(text: str) -> Iterator[tuple[int, Mapping[str, str] | str]]:
    """Yield each row with its number as a spreadsheet counts it, by column; empty rows are passed over.

    Of a row whose cells are not those of the heading it says so instead. Columns may come in any order, and those
    left out stay as they are. Raises UnreadableSheetError.
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
                yield (
                    number,
                    f"This row has {len(cells)} cells and the heading {len(heading)}. Quote cells that hold commas.",
                )
                continue
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
