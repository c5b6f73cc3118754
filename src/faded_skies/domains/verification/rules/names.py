"""Whether two writings of a name are the same person's.

Case, accents, apostrophes, hyphens, blanks, suffixes and the order of family and given names do not count; middle
names may be missing or initials. Other names do: a nickname is another name, and a person decides about it.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from enum import Enum

from faded_skies.domains.verification.rules.licence import Cut, Licence

SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "v", "1st", "2nd", "3rd", "4th", "5th"})
_ALIKE = {"2nd": "ii", "3rd": "iii", "4th": "iv", "5th": "v"}
# Letters that Unicode does not take apart, as passports write them (ICAO Doc 9303, part 3, section 6).
_LETTERS = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ł": "l",
        "þ": "th",
        "\u0131": "i",
        "ħ": "h",
    }
)
_APOSTROPHES = re.compile("['`.\u2018\u2019\u00b4\u02bc]")
_LEAST_CUT = 8
"""Letters of a name that was cut short; a shorter rest could be the beginning of too many names."""


class NameFit(Enum):
    """How the licence's name fits the account's; CUT_SHORT fits as far as the card had room."""

    SAME = "same"
    CUT_SHORT = "cut_short"
    DIFFERS = "differs"


def fit(full_name: str, licence: Licence) -> NameFit:
    """Compare the name as the customer wrote it with the licence's."""
    family, family_suffix = _without_suffix(words(licence.family_name))
    theirs = _suffix(licence.suffix.lower()) if licence.suffix else family_suffix
    fits = set()
    for given, surname, ours in _readings(full_name):
        of_family = _joined(surname, family, licence.family_cut)
        if of_family is not NameFit.DIFFERS and not (ours and theirs and ours != theirs):
            fits.add(_worst(of_family, _given(given, licence)))
    return next((best for best in (NameFit.SAME, NameFit.CUT_SHORT) if best in fits), NameFit.DIFFERS)


def words(name: str) -> list[str]:
    """Return the words of a name in plain small letters."""
    apart = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", name.casefold()).translate(_LETTERS))
    letters = "".join(char for char in apart if not unicodedata.combining(char))
    return re.findall(r"[^\W_]+", letters)


def _readings(full_name: str) -> Iterator[tuple[list[str], list[str], str | None]]:
    """Yield every way to part a name into given names, family name and suffix."""
    family, comma, given = full_name.partition(",")
    if comma and words(given):
        rest, suffix = _without_suffix(words(given))
        surname, other = _without_suffix(words(family))
        if rest:
            yield rest, surname, suffix or other
            return
    parts, suffix = _without_suffix(words(full_name))
    for at in range(len(parts) + 1):
        yield parts[:at], parts[at:], suffix
        yield parts[at:], parts[:at], suffix


def _without_suffix(parts: list[str]) -> tuple[list[str], str | None]:
    if len(parts) > 1 and parts[-1] in SUFFIXES:
        return parts[:-1], _suffix(parts[-1])
    return parts, None


def _suffix(text: str) -> str:
    return _ALIKE.get(text, text)


def _joined(ours: Sequence[str], theirs: Sequence[str], cut: Cut) -> NameFit:
    """Compare two names without their gaps: O'Brien is OBRIEN, Mary Ann is MARYANN."""
    mine, card = "".join(ours), "".join(theirs)
    if mine == card and mine:
        return NameFit.SAME
    if cut is not Cut.WHOLE and len(card) >= _LEAST_CUT and mine.startswith(card):
        return NameFit.CUT_SHORT
    return NameFit.DIFFERS


def _given(ours: Sequence[str], licence: Licence) -> NameFit:
    first, middle = words(licence.first_name), words(licence.middle_names)
    theirs = [*first, *middle]
    if not ours or not theirs:
        return NameFit.SAME if not ours and not theirs else NameFit.DIFFERS
    cut = licence.middle_cut is not Cut.WHOLE
    for at in range(1, len(ours) + 1):
        for upto in range(1, len(theirs) + 1):
            # Only a first name that ends here can have been cut here.
            ends = upto == len(first)
            of_first = _joined(ours[:at], theirs[:upto], licence.first_cut if ends else Cut.WHOLE)
            if of_first is not NameFit.DIFFERS and _middle_fits(ours[at:], theirs[upto:], cut=cut):
                return of_first
    return NameFit.DIFFERS


def _middle_fits(ours: Sequence[str], theirs: Sequence[str], *, cut: bool) -> bool:
    """Tell whether the shorter list stands within the longer one, in its order, initials for names."""
    fewer, more = sorted((ours, theirs), key=len)
    position = 0
    for name in fewer:
        while position < len(more) and not _alike(name, more[position], cut=cut):
            position += 1
        if position == len(more):
            return "".join(ours) == "".join(theirs)
        position += 1
    return True


def _alike(one: str, other: str, *, cut: bool) -> bool:
    short, long = sorted((one, other), key=len)
    return long.startswith(short) if cut or len(short) == 1 else short == long


def _worst(one: NameFit, other: NameFit) -> NameFit:
    order = (NameFit.DIFFERS, NameFit.CUT_SHORT, NameFit.SAME)
    return min(one, other, key=order.index)
