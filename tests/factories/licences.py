"""Licences of nobody: barcodes as the editions of AAMVA's standard write them, and as real cards break them."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

LF, RS, CR = "\n", "\x1e", "\r"
FIRST_WITH_FLAGS = 4


@dataclass(frozen=True)
class Card:
    """A made-up card; `order` is how its dates are written, None as its country and version ask for."""

    number: str = "T48210377"
    family: str = "RIVERA"
    first: str = "MAYA"
    middle: str = "ELENA"
    suffix: str = ""
    born: str = "1990-04-17"
    issued: str = "2023-05-02"
    expires: str = "2031-04-17"
    state: str = "TX"
    country: str = "USA"
    iin: str = "636015"
    version: int = 9
    family_cut: str = "N"
    first_cut: str = "N"
    middle_cut: str = "N"
    order: str | None = None
    own_type: str = "DL"

    def but(self, **changes: Any) -> "Card":
        return replace(self, **changes)


def day(text: str, order: str) -> str:
    """Write YYYY-MM-DD as MMDDCCYY or CCYYMMDD; anything else stays."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return text
    year, month, of_month = text.split("-")
    return f"{month}{of_month}{year}" if order == "MDY" else f"{year}{month}{of_month}"


def elements(card: Card) -> list[str]:
    """The lines of the card's own subfile, ids first."""
    order = card.order or ("MDY" if card.country == "USA" and card.version > 1 else "YMD")
    born, issued, expires = (day(text, order) for text in (card.born, card.issued, card.expires))
    if card.version == 1:
        names = [f"DAA{card.family},{card.first},{card.middle},{card.suffix}"]
    elif card.version < FIRST_WITH_FLAGS:
        names = [f"DCS{card.family}", f"DCT{card.first},{card.middle}", f"DCU{card.suffix}"]
    else:
        names = [
            f"DCS{card.family}",
            f"DDE{card.family_cut}",
            f"DAC{card.first}",
            f"DDF{card.first_cut}",
            f"DAD{card.middle}",
            f"DDG{card.middle_cut}",
            f"DCU{card.suffix}",
        ]
    return [
        f"DAQ{card.number}",
        *names,
        f"DBD{issued}",
        f"DBB{born}",
        f"DBA{expires}",
        "DBC2",
        "DAU064 in",
        "DAYBRO",
        "DAG100 MADE UP STREET",
        "DAIAUSTIN",
        f"DAJ{card.state}",
        "DAK787010000  ",
        "DCF00000000000000000000",
        *([f"DCG{card.country}"] if card.version > 1 else []),
        "DDAF",
    ]


def header(card: Card, *, entries: int, designators: str) -> str:
    jurisdiction_version = "" if card.version == 1 else "00"
    return f"@{LF}{RS}{CR}ANSI {card.iin}{card.version:02}{jurisdiction_version}{entries:02}{designators}"


def barcode(card: Card, *, extra: str = "", offsets: str | None = None) -> str:
    """Write the card's barcode.

    `extra` is a state's own subfile, beginning with its type; `offsets` stand in place of the right ones.
    """
    own = card.own_type + LF.join(elements(card)) + CR
    subfiles = [own, *([extra + CR] if extra else [])]
    bare = len(header(card, entries=len(subfiles), designators="")) + 10 * len(subfiles)
    designators = ""
    for subfile in subfiles:
        designators += subfile[:2] + (offsets or f"{bare:04}{len(subfile):04}")
        bare += len(subfile)
    return header(card, entries=len(subfiles), designators=designators) + "".join(subfiles)
