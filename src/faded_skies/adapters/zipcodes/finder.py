"""An AddressFinder that needs no network: it completes the town and the ZIP code, and keeps the street as typed.

It cannot know streets, so it offers nothing before the town or the ZIP code is begun.
"""

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from faded_skies.adapters.zipcodes.table import Zip, ZipTable, find_line, parse, parsed
from faded_skies.domains.places.ports import FoundAddress, Suggestion
from faded_skies.platform.geo import distance_m
from faded_skies.platform.outbound import refuse_inside_transaction

MOST = 8
REACH_M = 160_000
"""How far round the shop towns are offered; a ZIP code written out is found anywhere."""

OWN = "zip."
"""How our place ids begin; no id of Google's has a dot."""

_LEAST_TOWN, _LEAST_ZIP, _WHOLE_ZIP = 3, 3, 5
_MOST_WORDS = 7  # of the longest towns, the state and the ZIP code

# The last word of a street is no beginning of a town: Ave is not Avery.
_STREETS = {
    *("ave", "blvd", "cir", "ct", "cv", "dr", "hwy", "ln", "loop", "pass", "path", "pkwy", "pl", "plz"),
    *("rd", "row", "run", "sq", "st", "ter", "trl", "way"),
}


@dataclass(frozen=True, slots=True)
class _Tail:
    """The end of what was typed, read as a town, a state and the beginning of a ZIP code."""

    street: str
    town: str
    state: str | None
    digits: str


class ZipcodeFinder:
    """Completes addresses by town and ZIP code."""

    def __init__(self, table: ZipTable) -> None:
        self._table = table
        self._near: tuple[float, float] | None = None
        self._region: Sequence[Zip] = ()
        self._states: frozenset[str] = frozenset()

    async def suggest(
        self, text: str, *, near: tuple[float, float] | None, session: str | None
    ) -> list[Suggestion]:
        """Return the towns and ZIP codes that the end of the text may mean, the nearest first."""
        refuse_inside_transaction("The address finder")
        del session  # nobody counts
        lines = await self._table.lines()
        if not self._states:
            self._states = await asyncio.to_thread(_states, lines)
        if near != self._near:
            self._region = await asyncio.to_thread(_region, lines, near) if near else ()
            self._near = near
        for tail in _tails(text, self._states):
            if found := _matches(tail, lines, self._region):
                return [_suggestion(tail.street, town, place) for town, place in found[:MOST]]
        return []

    async def find(self, place_id: str, *, session: str | None) -> FoundAddress | None:
        """Return the address that one of our ids holds; None for any other."""
        refuse_inside_transaction("The address finder")
        del session
        held = _unpack(place_id)
        if held is None:
            return None
        street, town, code = held
        place = await self._table.find(code)
        if place is None or town not in place.cities:
            return None
        return FoundAddress(
            address_line1=street or None,
            city=town,
            state=place.state,
            zip_code=code,
            latitude=place.latitude,
            longitude=place.longitude,
            precision="zip",
            formatted_address=_written(street, town, place),
        )


def _region(lines: Sequence[str], near: tuple[float, float]) -> Sequence[Zip]:
    distances = ((distance_m(*near, one.latitude, one.longitude), one) for one in parsed(lines))
    within = sorted(((metres, one.code, one) for metres, one in distances if metres <= REACH_M))
    return [one for _, _, one in within]


def _states(lines: Sequence[str]) -> frozenset[str]:
    return frozenset(one.state for one in parsed(lines))


def _tails(text: str, states: frozenset[str]) -> Iterator[_Tail]:
    """Read the end of the text in every way that makes sense, the longest end first."""
    words = text.split()
    for start, first in enumerate(words):
        if start < len(words) - _MOST_WORDS:
            continue
        before = words[:start]
        open_end = bool(before) and not before[-1].endswith(",")
        rest = [word.strip(",") for word in words[start:]]
        rest = [word for word in rest if word]
        digits = rest.pop() if rest and _is_zip(rest[-1]) else ""
        state = rest.pop().upper() if len(rest) > 1 and rest[-1].upper() in states else None
        town = " ".join(rest)
        if not town and len(digits) < _LEAST_ZIP:
            continue
        if town and (len(town) < _LEAST_TOWN or not town[0].isalpha()):
            continue
        if open_end and first.lower().strip(".,") in _STREETS:
            continue
        yield _Tail(" ".join(before).rstrip(", "), town, state, digits)


def _is_zip(word: str) -> bool:
    return word.isascii() and word[:5].isdigit() and (len(word) <= _WHOLE_ZIP or word[5] == "-")


def _matches(tail: _Tail, lines: Sequence[str], region: Sequence[Zip]) -> list[tuple[str, Zip]]:
    code = tail.digits[:_WHOLE_ZIP]
    whole = find_line(lines, code) if len(code) == _WHOLE_ZIP else None
    among = [parse(whole)] if whole else region
    found = []
    for place in among:
        town = _town_of(place, tail.town)
        if town and place.code.startswith(code) and tail.state in {None, place.state}:
            found.append((town, place))
    wanted = tail.town.casefold()
    return sorted(found, key=lambda pair: bool(wanted) and pair[0].casefold() != wanted)


def _town_of(place: Zip, begun: str) -> str | None:
    if not begun:
        return place.cities[0]
    return next((town for town in place.cities if town.casefold().startswith(begun.casefold())), None)


def _suggestion(street: str, town: str, place: Zip) -> Suggestion:
    packed = urlsafe_b64encode(orjson.dumps([street, town, place.code])).decode().rstrip("=")
    return Suggestion(_written(street, town, place), OWN + packed)


def _unpack(place_id: str) -> tuple[str, str, str] | None:
    if not place_id.startswith(OWN):
        return None
    packed = place_id.removeprefix(OWN)
    try:
        held = orjson.loads(urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    except ValueError:
        return None
    if not isinstance(held, list) or len(held) != 3 or not all(isinstance(part, str) for part in held):  # noqa: PLR2004 - as packed
        return None
    street, town, code = held
    return (street, town, code) if len(code) == _WHOLE_ZIP and "\x00" not in street else None


def _written(street: str, town: str, place: Zip) -> str:
    return ", ".join(part for part in (street, town, f"{place.state} {place.code}") if part)
