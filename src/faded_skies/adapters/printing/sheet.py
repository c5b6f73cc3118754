"""The child that prints: a sheet as JSON on stdin, a PDF on stdout. The same sheet is the same bytes.

Letter paper, one inch and a half of it for margins. Source Sans Pro has the letters of all languages that are
written in Latin, Greek or Cyrillic; of others it draws a box.
"""

import sys
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson
from fpdf import FPDF, FontFace
from fpdf.enums import TableBordersLayout

FONT = "Source Sans Pro"
GREY, BLACK, LINE = (95, 95, 95), (17, 17, 17), (205, 205, 205)
MARGIN_MM, FOOT_MM = 16, 14
NAME_MM = 38


class Page(FPDF):
    """A page with its foot: what it belongs to, and which of how many it is."""

    def __init__(self, foot: str) -> None:
        super().__init__(format="letter", unit="mm")
        self._foot = foot
        self.set_margins(MARGIN_MM, MARGIN_MM, MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=FOOT_MM + 6)
        folder = _fonts()
        self.add_font(FONT, "", folder / "SourceSansPro-Regular.ttf")
        self.add_font(FONT, "B", folder / "SourceSansPro-Semibold.ttf")

    def footer(self) -> None:
        self.set_y(-FOOT_MM)
        self.set_font(FONT, "", 8)
        self.set_text_color(*GREY)
        self.cell(0, 4, self._foot, align="L")
        self.set_x(MARGIN_MM)
        self.cell(0, 4, f"Page {self.page_no()} of {{nb}}", align="R")


def _fonts() -> Path:
    # Looked for and not imported: the package's own code lists every font when it is.
    spec = find_spec("font_source_sans_pro")
    assert spec is not None  # noqa: S101 - a dependency of ours
    assert spec.origin is not None  # noqa: S101 - it is a package of files
    return Path(spec.origin).parent / "files"


def print_sheet(sheet: dict[str, Any]) -> bytes:
    """Return the PDF of a sheet."""
    page = Page(sheet["foot"])
    made_at = datetime.fromisoformat(sheet["made_at"])
    page.set_creation_date(made_at)
    page.set_title(sheet["title"])
    page.set_producer("Faded Skies")
    page.set_lang("en-US")
    page.add_page()
    page.set_text_color(*BLACK)
    page.set_font(FONT, "B", 20)
    page.multi_cell(0, 9, sheet["title"], align="L", new_x="LMARGIN", new_y="NEXT")
    page.set_font(FONT, "", 10.5)
    page.set_text_color(*GREY)
    page.multi_cell(0, 5.5, sheet["subtitle"], align="L", new_x="LMARGIN", new_y="NEXT")
    page.ln(3)
    for group in sheet["facts"]:
        _facts(page, group)
    for table in sheet["tables"]:
        _table(page, table)
    page.set_font(FONT, "", 10)
    for note in sheet["notes"]:
        page.multi_cell(0, 5, note, align="L", new_x="LMARGIN", new_y="NEXT")
    return bytes(page.output())


def _facts(page: Page, pairs: list[list[str]]) -> None:
    for name, text in pairs:
        top, number = page.get_y(), page.page_no()
        page.set_font(FONT, "", 10)
        page.set_text_color(*GREY)
        page.cell(NAME_MM, 5.2, name)
        page.set_text_color(*BLACK)
        page.multi_cell(0, 5.2, text, align="L", new_x="LMARGIN", new_y="NEXT")
        if page.page_no() == number and page.get_y() < top + 5.2:
            page.set_y(top + 5.2)
    page.ln(4)


def _table(page: Page, told: dict[str, Any]) -> None:
    page.set_font(FONT, "B", 12)
    page.set_text_color(*BLACK)
    page.cell(0, 7, told["title"], new_x="LMARGIN", new_y="NEXT")
    page.set_font(FONT, "", 9.5)
    page.set_draw_color(*LINE)
    numbers = set(told["numbers"])
    with page.table(
        col_widths=tuple(told["shares"]),
        text_align=tuple("RIGHT" if place in numbers else "LEFT" for place in range(len(told["columns"]))),
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        headings_style=FontFace(emphasis="BOLD", color=BLACK),
        line_height=4.6,
        padding=(1.1, 1.2),
    ) as table:
        for cells in (told["columns"], *told["rows"]):
            row = table.row()
            for text in cells:
                row.cell(text)
    page.ln(5)


if __name__ == "__main__":
    sys.stdout.buffer.write(print_sheet(orjson.loads(sys.stdin.buffer.read())))
