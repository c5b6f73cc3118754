"""A TrackAndTrace that believes everything, for shops without keys outside of production: it only remembers.

What it was told stands in a table of the sandbox, on connections of its own, as if it were another company's.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TypeAlias

import asyncpg

from faded_skies.domains.traceability.ports import (
    Delivery,
    DeliveryChange,
    DeliveryVoid,
    Done,
    Facility,
    Failure,
    Found,
    LedgerSale,
    Outcome,
    Package,
    Receipt,
    ReceiptChange,
    ReceiptVoid,
    Sale,
    Thing,
)
from faded_skies.platform.outbound import refuse_inside_transaction

_TABLE = """
SELECT pg_advisory_xact_lock(hashtextextended('faded-skies sandbox schema', 0));
CREATE SCHEMA IF NOT EXISTS sandbox;
CREATE TABLE IF NOT EXISTS sandbox.told (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number text NOT NULL UNIQUE,
    kind text NOT NULL,
    total_cents bigint NOT NULL,
    told_at timestamptz NOT NULL DEFAULT now()
);
"""
_TELL = """
INSERT INTO sandbox.told (number, kind, total_cents) VALUES ($1, $2, $3)
ON CONFLICT (number) DO UPDATE SET kind = EXCLUDED.kind RETURNING id
"""
_CHANGE = "UPDATE sandbox.told SET total_cents = $2 WHERE id = $1"
_VOID = "UPDATE sandbox.told SET kind = 'Void' WHERE id = $1"
_FIND = "SELECT id FROM sandbox.told WHERE number = $1"
_SALES = """
SELECT id, number, total_cents FROM sandbox.told
WHERE kind IN ('Receipt', 'LedgerSale', 'Delivery') AND told_at >= $1 AND told_at < $2 ORDER BY id
"""

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

_WITH_PRICES = (Receipt, LedgerSale, Delivery)


class MetrcDouble:
    """Takes every report and gives it an id."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool
        self._is_ready = False

    async def _ready(self) -> "asyncpg.Pool[asyncpg.Record]":
        refuse_inside_transaction("The double of Metrc")
        if not self._is_ready:
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(_TABLE)
            self._is_ready = True
        return self._pool

    async def tell(self, things: Sequence[Thing]) -> Outcome:
        """Remember all of them."""
        pool = await self._ready()
        async with pool.acquire() as connection, connection.transaction():
            return Done([await _remember(connection, thing) for thing in things])

    async def find(self, thing: Thing) -> Found | Failure | None:
        """Return whether it was told."""
        found = await (await self._ready()).fetchval(_FIND, thing.number)
        return None if found is None else Found(found)

    async def list_packages(self) -> Sequence[Package] | Failure | None:
        """Return that it holds none to compare with."""
        return None

    async def list_sales(self, since: datetime, until: datetime) -> Sequence[Sale] | Failure:
        """Return the sales that were told in the span."""
        rows = await (await self._ready()).fetch(_SALES, since, until)
        return [Sale(row["id"], row["number"], row["total_cents"]) for row in rows]

    async def facilities(self) -> Sequence[Facility] | Failure:
        """Return a place that may do everything."""
        return [Facility("DOUBLE", "The built-in double", can_sell=True, can_deliver=True, has_ledgers=True)]


async def _remember(connection: Connection, thing: Thing) -> int:
    match thing:
        case ReceiptChange(receipt_id=told, receipt=sale) | DeliveryChange(delivery_id=told, delivery=sale):
            await connection.execute(_CHANGE, told, _total(sale))
        case ReceiptVoid(receipt_id=told) | DeliveryVoid(delivery_id=told):
            await connection.execute(_VOID, told)
    made: int = await connection.fetchval(_TELL, thing.number, type(thing).__name__, _total(thing))
    return made


def _total(thing: Thing) -> int:
    return sum(good.price_cents for good in thing.goods) if isinstance(thing, _WITH_PRICES) else 0


@asynccontextmanager
async def open_double(database_url: str) -> AsyncIterator[MetrcDouble]:
    """Keep the double's connections open until the end; it makes none before it is asked."""
    pool = await asyncpg.create_pool(
        database_url,
        min_size=0,
        max_size=4,
        server_settings={"application_name": "metrc-double", "jit": "off"},
    )
    try:
        yield MetrcDouble(pool)
    finally:
        await pool.close()
