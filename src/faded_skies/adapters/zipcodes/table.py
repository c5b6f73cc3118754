"""The ZIP codes of the United States as 41,000 sorted lines (6 MB): code, latitude, longitude, state, county, cities.

The table is made when first needed, by a short-lived child (0.4 s).
"""

import asyncio
import subprocess
import sys
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_DUMP = Path(__file__).with_name("dump.py")
_LONGEST = 60  # seconds; a machine that needs more is broken


@dataclass(frozen=True, slots=True)
class Zip:
    """A ZIP code, its middle in degrees, its county ("" where none is known), and its towns, the usual one first."""

    code: str
    latitude: float
    longitude: float
    state: str
    county: str
    cities: tuple[str, ...]


class ZipTable:
    """The table, read once for all who use it."""

    def __init__(self) -> None:
        self._lines: Sequence[str] = ()
        self._loading = asyncio.Lock()

    async def lines(self) -> Sequence[str]:
        async with self._loading:
            if not self._lines:
                self._lines = await asyncio.to_thread(read_table)
            return self._lines

    async def find(self, zip_code: str) -> Zip | None:
        """Return a ZIP code of five digits, None when it is not in use."""
        line = find_line(await self.lines(), zip_code)
        return None if line is None else parse(line)


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


def parse(line: str) -> Zip:
    code, latitude, longitude, state, county, *cities = line.split("|")
    return Zip(code, float(latitude), float(longitude), state, county, tuple(cities))


def parsed(table: Sequence[str]) -> Iterator[Zip]:
    return map(parse, table)
