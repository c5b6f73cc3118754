"""Reads the text of the PDF417 barcode on North American licences and identity cards.

The standard is AAMVA's DL/ID Card Design Standard, Annex D: a header, then subfiles whose elements are three letters
and a value, one a line. Real cards and scanners break every rule of it, so nothing here trusts an offset, a length, a
separator or a date's order; what stays in doubt is refused and goes to a person.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from faded_skies.domains.verification.errors import NotALicence, UnreadableLicence
from faded_skies.domains.verification.rules.issuers import (
    COUNTRY_OF_IIN,
    COUNTRY_OF_ISSUER,
    ISSUER_OF_IIN,
)
from faded_skies.domains.verification.rules.licence import Country, Cut, Licence
from faded_skies.domains.verification.rules.names import SUFFIXES

# "AAMVA" instead of "ANSI " stands on early cards of Maryland. Version 1 has no jurisdiction version: two digits fewer.
_HEADER = re.compile(r"(?:ANSI|AAMVA)[^0-9A-Z]{0,3}([0-9]{6})([0-9]{2})(?:[0-9]{2}){0,2}")
_DESIGNATOR = re.compile(r"\s*([A-Z]{2})[0-9 ]{4,9}(?![0-9])")

# Control characters, and what scanners put in their place.
_BREAKS = re.compile(r"(?:[\x00-\x1f\x7f-\x9f|␊␍␞]|<(?:LF|CR|RS|GS|FS|US)>|\\[nr]|\\x1[ce])+")

_OWN_TYPES = ("DL", "ID", "EN")
_OWN = re.compile(r"(?:DL|ID|EN)(?=D[A-D][A-Z])")
_ELEMENT = re.compile(r"D[A-D][A-Z]")

# Where no separator is left, an id may also be part of a name: as few as possible, none that only version 1 has.
_UNBROKEN = re.compile(r"(D(?:A[CDGHIJKQUWXYZ]|B[ABCDGN]|C[ABDEFGIJKSTU]|D[A-L]))")

_READ = frozenset(
    "DAA DAB DAC DAD DAE DAF DAJ DAQ DBA DBB DBD DBJ DCG DCS DCT DCU DDE DDF DDG".split()  # noqa: SIM905 - a table
)
_NOTHING = frozenset({"NONE", "UNAVL", "UNAVAIL", "UNAVAILABLE", "N/A"})
_COUNTRIES: Mapping[str, Country] = {"USA": "USA", "US": "USA", "CAN": "CAN", "MEX": "MEX"}

_NEEDED = (("DAQ", "DBJ"), ("DCS", "DAB", "DAA"), ("DBB",))

_FIRST_YEAR = 1900
_LONGEST_YEARS = 50
"""How far ahead a licence may expire: Arizona's were good until the 65th birthday."""
_MOST_NUMBER, _MOST_NAME = 40, 130
"""Characters; AAMVA has room for 25, and for 40 in each of three names."""


def parse_licence(barcode: str | bytes, *, today: date) -> Licence:
    """Read a barcode. Only the licence's own subfile counts: a state's extra one (ZC, ZV …) may use the same ids.

    The age comes from the birth date alone, never from the dates on which its owner turns 18, 19 or 21.
    Raises NotALicence when it is some other barcode, UnreadableLicence when number, family name or birth date are
    missing, said twice differently, or impossible.
    """
    text = _decoded(barcode)
    header = _HEADER.search(text)
    if header is None:
        raise NotALicence
    iin, version = header[1], int(header[2])
    start, types = _after_designators(text, header.end())
    said = _elements(text[start:], extra={kind for kind in types if kind not in _OWN_TYPES})
    number = re.sub(r"[^A-Z0-9]", "", (said.get("DAQ") or said.get("DBJ", "")).upper())
    if not 0 < len(number) <= _MOST_NUMBER:
        raise UnreadableLicence("The barcode does not tell the number of the document.")
    family, first, middle, suffix = _names(said)
    if not family:
        raise UnreadableLicence("The barcode does not tell the family name.")
    if len(family) + len(first) + len(middle) > _MOST_NAME:
        raise UnreadableLicence("The barcode holds a longer name than the standard has room for.")
    born, expires_on, issued_on = (_day(said.get(name, ""), today=today) for name in ("DBB", "DBA", "DBD"))
    if born is None:
        raise UnreadableLicence("The barcode does not tell the date of birth.")
    _refuse_impossible(born, expires_on, issued_on, today=today)
    # DAJ is where the holder lives, which may change while the number stays: in the United States the header says who
    # issued the card. Elsewhere it does not always (British Columbia's have been seen under Ontario's).
    state, by_header = said.get("DAJ", "").upper(), ISSUER_OF_IIN.get(iin)
    issuer = state if state in COUNTRY_OF_ISSUER else by_header
    if by_header is not None and COUNTRY_OF_ISSUER[by_header] == "USA":
        issuer = by_header
    country = _COUNTRIES.get(said.get("DCG", "").upper()) or COUNTRY_OF_IIN.get(iin)
    return Licence(
        number=number,
        issuer=issuer,
        country=country or (COUNTRY_OF_ISSUER[issuer] if issuer else None),
        family_name=family,
        first_name=first,
        middle_names=middle,
        suffix=suffix,
        family_cut=_cut(said.get("DDE")),
        first_cut=_cut(said.get("DDF")),
        middle_cut=_cut(said.get("DDG")),
        date_of_birth=born,
        expires_on=expires_on,
        issued_on=issued_on,
        iin=iin,
        version=version,
        document_type="state_id" if "ID" in types and "DL" not in types else "drivers_license",
    )


def _decoded(barcode: str | bytes) -> str:
    if isinstance(barcode, str):
        return barcode
    try:
        return barcode.decode()
    except UnicodeDecodeError:
        return barcode.decode("latin-1")  # what the standard asks for


def _after_designators(text: str, position: int) -> tuple[int, list[str]]:
    """Return where the subfiles begin, and the types that the header announces."""
    types = []
    while found := _DESIGNATOR.match(text, position):
        types.append(found[1])
        position = found.end()
    return position, types


def _elements(body: str, *, extra: Iterable[str]) -> dict[str, str]:
    own = list(_own_lines(_BREAKS.split(body)))
    said = _collected((line[:3], line[3:]) for line in own if _ELEMENT.match(line))
    if all(any(name in said for name in names) for names in _NEEDED):
        return said
    return _collected(_without_breaks(" ".join(own), extra))


def _own_lines(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines of the licence's own subfile, without its type."""
    ours = True
    for raw in lines:
        line = raw.strip()
        if line in _OWN_TYPES or _OWN.match(line):
            ours, line = True, line[2:]
        elif line.startswith("Z"):
            ours = False
        if ours and line:
            yield line


def _without_breaks(text: str, extra: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Cut text whose separators are lost, or were made blanks, at every known id."""
    for kind in extra:
        # A subfile opens with its type, and its ids begin with the type again: ZCZCA….
        found = re.search(rf"{kind}(?={kind}|{_ELEMENT.pattern})", text)
        text = text[: found.start()] if found else text
    _, *parts = _UNBROKEN.split(text)
    yield from zip(parts[::2], parts[1::2], strict=True)


def _collected(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    said: dict[str, str] = {}
    for name, raw in pairs:
        value = " ".join(raw.split()).strip(" .,;:^~*?")
        if name not in _READ or value.upper() in _NOTHING or not value:
            continue
        if said.setdefault(name, value) != value:
            raise UnreadableLicence("The barcode says two different things about the same person.")
    return said


def _names(said: Mapping[str, str]) -> tuple[str, str, str, str | None]:
    """Return family name, first name, middle names and suffix, from whichever elements the version has."""
    family = said.get("DCS") or said.get("DAB", "")
    first, middle = said.get("DAC", ""), said.get("DAD", "")
    written = [said.get("DCU"), said.get("DAE"), said.get("DAF")]
    if not family:
        whole = said.get("DAA", "")
        parts = whole.split(",") if "," in whole else whole.split(maxsplit=2)
        family, first, middle, *rest = [part.strip() for part in (*parts, "", "", "")][: max(3, len(parts))]
        written.extend(rest)
    if not first:
        first, *others = re.split(r"[\s,]+", said.get("DCT", ""))
        middle = middle or " ".join(others)
    suffixes = (text.upper().replace(".", "") for text in written if text)
    return family, first, middle, next((text for text in suffixes if text.lower() in SUFFIXES), None)


def _cut(flag: str | None) -> Cut:
    return Cut(flag) if flag in {"N", "T"} else Cut.UNKNOWN


def _day(text: str, *, today: date) -> date | None:
    """Read a date of either order; None when it is neither.

    The United States write MMDDCCYY, Canada, Mexico and version 1 CCYYMMDD, and cards break the rule. Nothing is lost
    by trying both: years begin with 19 or 20 and months do not, so no eight digits are a day in both orders.
    """
    digits = re.sub(r"[^0-9]", "", text)
    if len(digits) != len("MMDDCCYY"):
        return None
    for year, month, day in (
        (digits[4:], digits[:2], digits[2:4]),
        (digits[:4], digits[4:6], digits[6:]),
    ):
        if _FIRST_YEAR <= int(year) <= today.year + _LONGEST_YEARS:
            try:
                return date(int(year), int(month), int(day))
            except ValueError:
                continue
    return None


def _refuse_impossible(born: date, expires_on: date | None, issued_on: date | None, *, today: date) -> None:
    # Guam's day begins before ours: a card of today may be dated tomorrow.
    in_order = [born, *(day for day in (issued_on, expires_on) if day)]
    if in_order != sorted(set(in_order)) or (issued_on or born) > today + timedelta(days=1):
        raise UnreadableLicence("The dates in the barcode cannot all be right.")
