"""A printed page as values, and the same page as HTML. Everything that came from people is escaped."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_STYLE = """
body{font:14px/1.4 system-ui,sans-serif;color:#111;max-width:48rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}p.sub{color:#555;margin:.2rem 0 1.2rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:0 0 1.2rem}
dt{color:#555}dd{margin:0;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%;margin:0 0 1.2rem}caption{text-align:left;font-weight:600;padding:.3rem 0}
th,td{text-align:left;padding:.3rem .6rem .3rem 0;border-bottom:1px solid #ddd;vertical-align:top}
th.n,td.n{text-align:right;padding-right:0;padding-left:.6rem}
@media print{body{margin:0;max-width:none}tr{break-inside:avoid}}
"""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under their columns. `numbers` are the places of columns that are set to the right.

    `shares` are the widths of the columns, in any unit.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    shares: Sequence[int]
    numbers: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Sheet:
    """One paper: `facts` are pairs of a name and a text, in groups; `foot` stands under every page."""

    title: str
    subtitle: str
    facts: Sequence[Sequence[tuple[str, str]]]
    tables: Sequence[Table]
    notes: Sequence[str]
    foot: str
    made_at: str
    """RFC 3339; the file carries this moment, so that the same paper is the same bytes."""


def html_of(sheet: Sheet) -> str:
    """Return the sheet as one HTML page that asks for nothing from anywhere."""
    parts = [
        "<!doctype html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(sheet.title)}</title>',
        f"<style>{_STYLE}</style></head><body>",
        f'<h1>{escape(sheet.title)}</h1><p class="sub">{escape(sheet.subtitle)}</p>',
    ]
    for group in sheet.facts:
        pairs = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in group)
        parts.append(f"<dl>{pairs}</dl>")
    parts.extend(_table(table) for table in sheet.tables)
    parts.extend(f"<p>{escape(note)}</p>" for note in sheet.notes)
    parts.append(f'<p class="sub">{escape(sheet.foot)}</p></body></html>')
    return "\n".join(parts)


def _table(table: Table) -> str:
    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(
            f"<{tag}{' class=n' if place in table.numbers else ''}>{escape(text)}</{tag}>"
            for place, text in enumerate(row)
        )

    rows = "".join(f"<tr>{cells('td', row)}</tr>" for row in table.rows)
    head = f"<thead><tr>{cells('th', table.columns)}</tr></thead>"
    return f"<table><caption>{escape(table.title)}</caption>{head}<tbody>{rows}</tbody></table>"
