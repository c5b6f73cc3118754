"""A Geocoder and Gazetteer that needs no network: it knows the middle of every ZIP code and its towns' names."""

import asyncio
from collections.abc import Collection, Sequence

from faded_skies.adapters.zipcodes.table import ZipTable, parsed
from faded_skies.domains.places.ports import Located, Place
from faded_skies.platform.outbound import refuse_inside_transaction

_MOST_TOWNS = 1_000  # answers kept; to look through the table takes 50 ms


class ZipcodeGeocoder:
    """Locates an address at the middle of its ZIP code, and a town at the middle of its ZIP codes."""

    def __init__(self, table: ZipTable) -> None:
        self._table = table
        self._towns: dict[tuple[str, frozenset[str]], tuple[float, float] | None] = {}

    async def locate(self, place: Place) -> Located | None:
        """Return the middle of the ZIP code; None when there is no such code in use."""
        refuse_inside_transaction("The geocoder")
        found = await self._table.find(place.zip_code[:5])
        if found is None:
            return None
        street = " ".join(part for part in (place.address_line1, place.address_line2) if part)
        return Located(
            latitude=found.latitude,
            longitude=found.longitude,
            precision="zip",
            formatted_address=f"{street}, {place.city}, {place.state} {place.zip_code}",
            cities=found.cities,
            state=found.state,
            zip_code=found.code,
        )

    async def county(self, zip_code: str) -> str | None:
        """Return the county that most of a ZIP code lies in; None where none is known."""
        found = await self._table.find(zip_code[:5])
        return (found.county or None) if found else None

    async def town(self, city: str, *, states: Collection[str]) -> tuple[float, float] | None:
        """Return the middle of a town in one of the states; None when there is none of this name."""
        refuse_inside_transaction("The gazetteer")
        key = city.strip().casefold(), frozenset(states)
        if key not in self._towns:
            middle = await asyncio.to_thread(_middle, await self._table.lines(), *key)
            if len(self._towns) >= _MOST_TOWNS:
                self._towns.clear()
            self._towns[key] = middle
        return self._towns[key]


def _middle(lines: Sequence[str], city: str, states: frozenset[str]) -> tuple[float, float] | None:
    named = [
        one
        for one in parsed(lines)
        if one.state in states and any(name.casefold() == city for name in one.cities)
    ]
    # A ZIP code that carries another town's name first is mostly that other town.
    usual = [one for one in named if one.cities[0].casefold() == city] or named
    if not usual:
        return None
    return sum(one.latitude for one in usual) / len(usual), sum(one.longitude for one in usual) / len(usual)
