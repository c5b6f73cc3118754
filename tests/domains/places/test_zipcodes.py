"""The offline geocoder: what it knows, what it costs, and that it does not hold up a transaction."""

import asyncio
import sys
from collections.abc import Sequence

import pytest

from faded_skies.adapters.zipcodes import table as zip_table
from faded_skies.adapters.zipcodes.geocoder import ZipcodeGeocoder
from faded_skies.adapters.zipcodes.table import ZipTable, find_line, read_table
from faded_skies.domains.places.ports import Place
from faded_skies.platform.db import Database
from faded_skies.platform.outbound import NetworkInsideTransactionError

HOME = Place("2417 Kinney Ave", None, "Austin", "TX", "78704-1234")


async def test_an_address_is_found_at_the_middle_of_its_zip_code() -> None:
    located = await ZipcodeGeocoder(ZipTable()).locate(HOME)

    assert located is not None
    assert (located.latitude, located.longitude, located.precision) == (30.2428, -97.7658, "zip")
    assert (located.cities[0], located.state) == ("Austin", "TX")
    assert located.formatted_address == "2417 Kinney Ave, Austin, TX 78704-1234"


@pytest.mark.parametrize("zip_code", ["00000", "99999", "|3024", "7870"])
async def test_a_zip_code_that_does_not_exist_is_nowhere(zip_code: str) -> None:
    place = Place("1 Main St", None, "Austin", "TX", zip_code)

    assert await ZipcodeGeocoder(ZipTable()).locate(place) is None


async def test_the_table_is_read_once_and_small(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Sequence[str]] = []
    table = read_table()

    def read() -> Sequence[str]:
        reads.append(table)
        return table

    monkeypatch.setattr(zip_table, "read_table", read)
    one = ZipcodeGeocoder(ZipTable())
    assert reads == []

    await asyncio.gather(*(one.locate(HOME) for _ in range(5)))

    assert len(reads) == 1
    assert sum(sys.getsizeof(line) for line in reads[0]) + sys.getsizeof(reads[0]) < 8_000_000
    assert len(reads[0]) > 40_000


async def test_it_is_not_asked_inside_a_transaction(db: Database) -> None:
    async with db.transaction():
        with pytest.raises(NetworkInsideTransactionError):
            await ZipcodeGeocoder(ZipTable()).locate(HOME)


def test_a_line_is_found_by_its_whole_code() -> None:
    table = ("78701|1|2|TX|Austin", "78704|3|4|TX|Austin")

    assert find_line(table, "78704") == "78704|3|4|TX|Austin"
    assert find_line(table, "8704") is None
    assert find_line(table, "99999") is None
