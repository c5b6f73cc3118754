"""What an address may look like, which ZIP code fits which city, and how near to it a pin must be."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

MOST_ADDRESSES = 50
MOST_LINE, MOST_NOTE = 255, 500
PIN_REACH_M = {"rooftop": 500, "street": 2_000, "zip": 30_000}
"""How far a pin may be from where the map has the address, in metres, by how exactly the map knows it.

A known house: its gate, its other entrance, or the right block of a complex. A point reckoned from the numbers of a
street: the length of a rural block, and the error of reckoning. The middle of a ZIP code: the largest of Austin's
reach about 20 km.
"""

_ALIKE = 0.8
_STATE = re.compile(r"[A-Za-z]{2}")
_ZIP_CODE = re.compile(r"[0-9]{5}(-[0-9]{4})?")
_SHORT = {"saint": "st", "mount": "mt", "fort": "ft", "north": "n", "south": "s", "east": "e", "west": "w"}


def name_problem(text: str) -> str | None:
    return None if len(text) <= 100 else "Name this address in up to 100 characters."  # noqa: PLR2004 - guide's rule


def line1_problem(text: str) -> str | None:
    if 5 <= len(text) <= MOST_LINE:  # noqa: PLR2004 - the guide's rule
        return None
    return f"Write the street and number in 5 to {MOST_LINE} characters."


def line2_problem(text: str) -> str | None:
    return None if len(text) <= MOST_LINE else f"Write this line in up to {MOST_LINE} characters."


def city_problem(text: str) -> str | None:
    return None if 2 <= len(text) <= 100 else "Write the city in 2 to 100 characters."  # noqa: PLR2004 - guide's rule


def state_problem(text: str) -> str | None:
    return None if _STATE.fullmatch(text) else "Write the state as two letters, such as TX."


def zip_code_problem(text: str) -> str | None:
    if _ZIP_CODE.fullmatch(text):
        return None
    return "Write the ZIP code as five digits, or nine with a dash: 78701 or 78701-1234."


def instructions_problem(text: str) -> str | None:
    return None if len(text) <= MOST_NOTE else f"Keep the instructions within {MOST_NOTE} characters."


def city_fits(city: str, cities: Iterable[str]) -> bool:
    """Tell whether a city is one of those of a ZIP code, however it is abbreviated and with a slip of the finger."""
    given = _plain(city)
    return any(SequenceMatcher(None, given, _plain(known)).ratio() >= _ALIKE for known in cities)


def _plain(city: str) -> str:
    return " ".join(_SHORT.get(word, word) for word in re.findall(r"[^\W_]+", city.lower().replace("'", "")))
