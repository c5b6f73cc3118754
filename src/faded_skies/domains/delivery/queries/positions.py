"""SQL of where drivers were: the orders that positions may name, and the history by days."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import asyncpg

from faded_skies.domains.delivery.models.road import Destination, Position
from faded_skies.domains.delivery.queries.live import Row
from faded_skies.platform.db import Database, Tx

_DESTINATIONS = """
SELECT o.driver_id, o.id, o.status, (o.delivery_address->>'latitude')::float8,
       (o.delivery_address->>'longitude')::float8, o.delivery_address->>'city', o.eta_at, o.eta_source, s.assigned_at
FROM unnest($1::uuid[], $2::uuid[]) AS named (driver_id, order_id)
JOIN orders o ON o.id = named.order_id AND o.driver_id = named.driver_id
LEFT JOIN stops s ON s.order_id = o.id
"""
_LAST_POSITION = """
SELECT order_id, latitude AS lat, longitude AS lng,
       heading::numeric(5, 2)::float8 AS heading, speed::numeric(5, 2)::float8 AS speed,
       (extract(epoch FROM recorded_at) * 1000)::bigint AS timestamp
FROM driver_locations
WHERE driver_id = $1 AND recorded_at > now() - interval '25 hours' AND NOT suspect
ORDER BY recorded_at DESC LIMIT 1
"""
# Made once for each connection, empty after each commit: a new one every second would bloat the catalogue.
_INCOMING = """
CREATE TEMPORARY TABLE IF NOT EXISTS incoming_positions (
    driver_id uuid, recorded_ms bigint, order_id uuid,
    latitude double precision, longitude double precision, heading real, speed real, suspect boolean
) ON COMMIT DELETE ROWS
"""
_INCOMING_COLUMNS = (
    "driver_id",
    "recorded_ms",
    "order_id",
    "latitude",
    "longitude",
    "heading",
    "speed",
    "suspect",
)
_STORE_INCOMING = """
INSERT INTO driver_locations (driver_id, recorded_at, order_id, latitude, longitude, heading, speed, suspect)
SELECT driver_id, timestamptz 'epoch' + recorded_ms * interval '1 ms',
       order_id, latitude, longitude, heading, speed, suspect
FROM incoming_positions
ORDER BY driver_id, recorded_ms
ON CONFLICT DO NOTHING
"""
_LIST_PARTITIONS = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'driver_locations'::regclass AND c.relname ~ '^driver_locations_[0-9]{8}$'
ORDER BY c.relname
"""
_FORGET_STRAYS = "DELETE FROM driver_locations_other WHERE recorded_at < $1"
# Partitions come and go under an exclusive lock: rather try again next hour than make everyone wait.
_HURRY = "SET LOCAL lock_timeout = '2s'"
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('delivery.partitions', 7))"


async def list_destinations(
    db: Database, named: Collection[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID | None], Destination]:
    """Return the orders of these pairs of a driver and an order that the driver has."""
    rows = await db.fetch(_DESTINATIONS, [driver for driver, _ in named], [order for _, order in named])
    return {(row[0], row[1]): Destination(*row[1:]) for row in (tuple(row) for row in rows)}


async def find_stored_position(db: Database, driver_id: UUID) -> Position | None:
    row = await db.fetchrow(_LAST_POSITION, driver_id)
    return None if row is None else Position(**row)


async def store_positions(tx: Tx, rows: Sequence[Row]) -> None:
    """Store positions of drivers; one that is there already stays as it is."""
    await tx.execute(_INCOMING)
    await tx.connection.copy_records_to_table("incoming_positions", columns=_INCOMING_COLUMNS, records=rows)
    await tx.execute(_STORE_INCOMING)


async def make_partition(tx: Tx, day: date) -> bool:
    """Make the partition of a UTC day. False: strays of that day lie in the default partition already."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    try:
        async with tx.savepoint():
            await tx.execute(
                f"CREATE TABLE IF NOT EXISTS {_partition(day)} PARTITION OF driver_locations "
                f"FOR VALUES FROM ('{start.isoformat()}') TO ('{(start + timedelta(days=1)).isoformat()}')"
            )
    except asyncpg.CheckViolationError:
        return False
    return True


async def drop_before(tx: Tx, day: date) -> list[str]:
    """Forget positions before a UTC day; returns the partitions that were dropped."""
    first = _partition(day)
    old = [row["relname"] for row in await tx.fetch(_LIST_PARTITIONS) if row["relname"] < first]
    for name in old:
        await tx.execute(f"DROP TABLE {name}")
    await tx.execute(_FORGET_STRAYS, datetime(day.year, day.month, day.day, tzinfo=UTC))
    return old


def _partition(day: date) -> str:
    return f"driver_locations_{day:%Y%m%d}"


async def lock_partitions(tx: Tx) -> None:
    """Hold the right to change partitions for this transaction."""
    await tx.execute(_HURRY)
    await tx.fetchval(_ONE_AT_A_TIME)
