"""A Geocoder that needs no network: it knows the middle of every ZIP code and the names of its cities.

The table is made at the first address by a short-lived child (0.4 s) and kept as 41,000 sorted lines (6 MB).
"""

import asyncio
import subprocess
import sys
from bisect import bisect_left
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from faded_skies.domains.places.ports import Located, Place
from faded_skies.platform.outbound import refuse_inside_transaction

_DUMP = Path(__file__).with_name("dump.py")
_LONGEST = 60  # seconds; a machine that needs more is broken


class ZipcodeGeocoder:
    """Locates an address at the middle of its ZIP code."""

    def __init__(self) -> None:
        self._table: Sequence[str] = ()
        self._loading = asyncio.Lock()

    async def locate(self, place: Place) -> Located | None:
        """Return the middle of the ZIP code; None when there is no such code in use."""
        refuse_inside_transaction("The geocoder")
        line = find_line(await self._loaded(), place.zip_code[:5])
        if line is None:
            return None
        _, latitude, longitude, state, *cities = line.split("|")
        street = " ".join(part for part in (place.address_line1, place.address_line2) if part)
        return Located(
            latitude=float(latitude),
            longitude=float(longitude),
            precision="zip",
            formatted_address=f"{street}, {place.city}, {place.state} {place.zip_code}",
            cities=tuple(cities),
            state=state,
        )

    async def _loaded(self) -> Sequence[str]:
        async with self._loading:
            if not self._table:
                self._table = await asyncio.to_thread(read_table)
            return self._table


@cache
def read_table() -> Sequence[str]:
    """Return the lines of the table, sorted. Raises CalledProcessError or TimeoutExpired."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-I", str(_DUMP)], check=True, timeout=_LONGEST, stdout=subprocess.PIPE
    )
    return tuple(sorted(done.stdout.decode().splitlines()))


def find_line(table: Sequence[str], zip_code: str) -> str | None:
    start = f"{zip_code}|"
    index = bisect_left(table, start)
    return table[index] if index < len(table) and table[index].startswith(start) else None
