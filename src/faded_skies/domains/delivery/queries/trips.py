"""SQL of trips, their stops, their log and their manifests."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from faded_skies.domains.delivery.models.trips import LogLine, Manifest, Trip, TripStop
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.ids import new_id

_TRIP = "id, driver_id, vehicle_id, people, ends_itself, created_at, departed_at, ended_at"
_T = ", ".join(f"t.{name}" for name in _TRIP.split(", "))
# A driver has one open trip: who asks for another gets this one, and holds it.
_OPEN = f"""
INSERT INTO trips (id, driver_id, people, ends_itself) VALUES ($1, $2, $3, $4)
ON CONFLICT (driver_id) WHERE ended_at IS NULL DO UPDATE SET driver_id = EXCLUDED.driver_id
RETURNING {_TRIP}
"""
_FIND = f"SELECT {_TRIP} FROM trips WHERE id = $1 AND ($2::uuid IS NULL OR driver_id = $2)"
_LOCK = f"SELECT {_TRIP} FROM trips WHERE id = $1 FOR NO KEY UPDATE"
_OPEN_OF = "SELECT id FROM trips WHERE driver_id = $1 AND departed_at IS NOT NULL AND ended_at IS NULL"
_LOCK_OPEN_OF = f"SELECT {_TRIP} FROM trips WHERE driver_id = $1 AND ended_at IS NULL FOR NO KEY UPDATE"
_SET_PLAN = "UPDATE trips SET people = $2, ends_itself = false WHERE id = $1"
_DROP_STOPS = "DELETE FROM trip_stops WHERE trip_id = $1"
_ADD_STOPS = """
INSERT INTO trip_stops (trip_id, order_id, place)
SELECT $1, order_id, place + coalesce((SELECT max(place) FROM trip_stops WHERE trip_id = $1), 0)
FROM unnest($2::uuid[]) WITH ORDINALITY AS n (order_id, place)
ON CONFLICT (trip_id, order_id) DO UPDATE SET outcome = NULL, ended_at = NULL, place = EXCLUDED.place
"""
_DEPART = f"""
UPDATE trips SET departed_at = coalesce(departed_at, $2), vehicle_id = coalesce(vehicle_id, $3) WHERE id = $1
RETURNING {_TRIP}
"""
_END = f"UPDATE trips SET ended_at = $2 WHERE id = $1 RETURNING {_TRIP}"
_STOPS = """
SELECT s.order_id, s.place, s.outcome, s.ended_at, o.order_number, o.status AS order_status,
       o.driver_id AS order_driver_id, o.delivery_address, l.arrived_at, c.id AS customer_id,
       c.full_name AS customer_name, c.phone AS customer_phone,
       o.eta_at,
       EXISTS (SELECT FROM stock_movements m WHERE m.order_id = o.id AND m.reason = 'restocked') AS items_back
FROM trip_stops s
JOIN orders o ON o.id = s.order_id
JOIN users c ON c.id = o.user_id
LEFT JOIN stops l ON l.order_id = o.id AND l.driver_id = $2
WHERE s.trip_id = $1 ORDER BY s.place
"""
_STOP_IDS = "SELECT order_id FROM trip_stops WHERE trip_id = $1 ORDER BY place"
_TRIP_OF = """
SELECT t.id FROM trip_stops s JOIN trips t ON t.id = s.trip_id
WHERE s.order_id = $1 AND t.driver_id = $2 AND s.outcome IS NULL AND t.departed_at IS NOT NULL AND t.ended_at IS NULL
"""
_CLOSE_STOP = """
UPDATE trip_stops SET outcome = $3, ended_at = $4 WHERE trip_id = $1 AND order_id = $2 AND outcome IS NULL
"""
# Stops that nothing closed: an older release moved their orders while this one was being rolled out.
_CATCH_UP = """
UPDATE trip_stops s
SET outcome = CASE WHEN o.status IN ('delivered', 'returned') THEN o.status ELSE 'handed_on' END,
    ended_at = o.updated_at
FROM orders o
WHERE s.trip_id = $1 AND o.id = s.order_id AND s.outcome IS NULL
  AND (o.status IN ('delivered', 'returned') OR o.driver_id <> $2)
"""
_COUNT_OPEN = "SELECT count(*)::int FROM trip_stops WHERE trip_id = $1 AND outcome IS NULL"
# Where the driver was in the last ten minutes, as far as it has reached the database.
_LOG = """
INSERT INTO stop_log (id, trip_id, order_id, driver_id, kind, code, note, latitude, longitude)
SELECT $1, $2, $3, $4, $5, $6, $7, p.latitude, p.longitude
FROM (SELECT) one LEFT JOIN LATERAL (
    SELECT latitude, longitude FROM driver_locations
    WHERE driver_id = $4 AND NOT suspect AND recorded_at > now() - interval '10 minutes'
    ORDER BY recorded_at DESC LIMIT 1
) p ON true
"""
_READ_LOG = """
SELECT order_id, kind, code, note, latitude, longitude, at FROM stop_log WHERE trip_id = $1 ORDER BY at, id
"""
_CONDITIONS = """
    ($1::uuid IS NULL OR t.driver_id = $1) AND ($2::boolean IS NULL OR (t.ended_at IS NULL) = $2)
    AND ($3::timestamptz IS NULL OR t.created_at >= $3) AND ($4::timestamptz IS NULL OR t.created_at < $4)
"""
_COUNT = f"SELECT count(*) FROM trips t WHERE {_CONDITIONS}"
_LIST = f"""
SELECT {_T}, u.full_name AS driver_name, count(*) OVER ()::int AS total
FROM trips t JOIN users u ON u.id = t.driver_id
WHERE {_CONDITIONS}
ORDER BY t.created_at DESC, t.id DESC LIMIT $5 OFFSET $6
"""
_DRIVER_NAME = "SELECT full_name FROM users WHERE id = $1"
# Each line as its packages, and what of it has no tag.
_GOODS = """
SELECT i.order_id, i.product_id, i.name, i.product_class, u.units AS quantity, i.net_weight_mg, i.unit_price_cents,
       i.unit_price_cents * u.units AS total_price_cents, u.tag AS package_tag
FROM order_items i, LATERAL (
    SELECT l.tag, k.quantity AS units, k.packed_at FROM order_packages k JOIN lots l ON l.id = k.lot_id
    WHERE k.order_id = i.order_id AND k.product_id = i.product_id
    UNION ALL
    SELECT NULL, i.quantity - coalesce(sum(k.quantity), 0)::int, NULL FROM order_packages k
    WHERE k.order_id = i.order_id AND k.product_id = i.product_id
    HAVING i.quantity > coalesce(sum(k.quantity), 0)
) u
WHERE i.order_id = ANY($1::uuid[]) ORDER BY i.order_id, i.line, u.packed_at NULLS LAST, u.tag
"""
# Ordered and paid before departure: nothing is to collect at the door.
_PAID = "SELECT id FROM orders WHERE id = ANY($1::uuid[]) AND amount_due_cents = paid_cents"
_MANIFEST = "id, trip_id, number, version, content, license_wrapped, digest, made_at"
_NEXT_NUMBER = "SELECT nextval('manifest_numbers')"
_SKIP_NUMBERS = "SELECT setval('manifest_numbers', last_value + $1) FROM manifest_numbers"
_INSERT_MANIFEST = f"INSERT INTO manifests ({_MANIFEST}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
_LAST_MANIFEST = f"SELECT {_MANIFEST} FROM manifests WHERE trip_id = $1 ORDER BY version DESC LIMIT 1"
_A_MANIFEST = f"SELECT {_MANIFEST} FROM manifests WHERE trip_id = $1 AND version = $2"


async def open_trip(tx: Tx, *, driver_id: UUID, people: int, ends_itself: bool) -> tuple[Trip, bool]:
    """Return the driver's open trip, held, and whether it is new."""
    trip_id = new_id()
    row = cast("Row", await tx.fetchrow(_OPEN, trip_id, driver_id, people, ends_itself))
    return Trip(*row), row["id"] == trip_id


async def find_trip(source: Database | Tx, trip_id: UUID, *, driver_id: UUID | None) -> Trip | None:
    """Return a trip, if it is the driver's where one is named."""
    return _trip(await source.fetchrow(_FIND, trip_id, driver_id))


async def lock_trip(tx: Tx, trip_id: UUID) -> Trip:
    return Trip(*cast("Row", await tx.fetchrow(_LOCK, trip_id)))


async def find_and_lock_open_of(tx: Tx, driver_id: UUID) -> Trip | None:
    """Return the trip that the driver has planned or is on, held."""
    return _trip(await tx.fetchrow(_LOCK_OPEN_OF, driver_id))


async def find_open_of(tx: Tx, driver_id: UUID) -> UUID | None:
    """Return the id of the trip that the driver is on."""
    found: UUID | None = await tx.fetchval(_OPEN_OF, driver_id)
    return found


async def find_trip_of(tx: Tx, order_id: UUID, driver_id: UUID) -> UUID | None:
    """Return the id of the driver's trip that has the order on board."""
    found: UUID | None = await tx.fetchval(_TRIP_OF, order_id, driver_id)
    return found


def _trip(row: Row | None) -> Trip | None:
    return None if row is None else Trip(*row)


async def set_plan(tx: Tx, trip_id: UUID, *, people: int) -> None:
    """Make a trip one that its driver planned, with so many people in the vehicle."""
    await tx.execute(_SET_PLAN, trip_id, people)


async def put_stops(tx: Tx, trip_id: UUID, order_ids: Sequence[UUID]) -> None:
    """Make these the stops of a planned trip, in this order."""
    await tx.execute(_DROP_STOPS, trip_id)
    await add_stops(tx, trip_id, order_ids)


async def add_stops(tx: Tx, trip_id: UUID, order_ids: Sequence[UUID]) -> None:
    await tx.execute(_ADD_STOPS, trip_id, list(order_ids))


async def list_stop_ids(source: Database | Tx, trip_id: UUID) -> list[UUID]:
    return [row["order_id"] for row in await source.fetch(_STOP_IDS, trip_id)]


async def list_trip_stops(source: Database | Tx, trip: Trip) -> list[TripStop]:
    return [TripStop(*row) for row in await source.fetch(_STOPS, trip.id, trip.driver_id)]


async def set_departed(tx: Tx, trip_id: UUID, at: datetime, *, vehicle_id: UUID | None) -> Trip:
    return Trip(*cast("Row", await tx.fetchrow(_DEPART, trip_id, at, vehicle_id)))


async def set_ended(tx: Tx, trip_id: UUID, at: datetime) -> Trip:
    return Trip(*cast("Row", await tx.fetchrow(_END, trip_id, at)))


async def close_stop(tx: Tx, trip_id: UUID, order_id: UUID, *, outcome: str, at: datetime) -> None:
    await tx.execute(_CLOSE_STOP, trip_id, order_id, outcome, at)


async def catch_up(tx: Tx, trip: Trip) -> None:
    await tx.execute(_CATCH_UP, trip.id, trip.driver_id)


async def count_open_stops(tx: Tx, trip_id: UUID) -> int:
    count: int = await tx.fetchval(_COUNT_OPEN, trip_id)
    return count


async def log(
    tx: Tx,
    *,
    driver_id: UUID,
    kind: str,
    trip_id: UUID | None,
    order_id: UUID | None = None,
    code: str | None = None,
    note: str | None = None,
) -> None:
    """Write a line of the log, with where the driver was if that is known."""
    await tx.execute(_LOG, new_id(), trip_id, order_id, driver_id, kind, code, note)


async def list_log(source: Database | Tx, trip_id: UUID) -> list[LogLine]:
    return [LogLine(*row) for row in await source.fetch(_READ_LOG, trip_id)]


async def list_trips(
    db: Database,
    *,
    driver_id: UUID | None,
    is_open: bool | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    offset: int,
) -> tuple[list[tuple[Trip, str]], int]:
    """Return a page of trips with their drivers' names, the latest first, and how many there are."""
    rows = await db.fetch(_LIST, driver_id, is_open, since, until, limit, offset)
    found = [(Trip(*tuple(row)[:-2]), row["driver_name"]) for row in rows]
    total = rows[0]["total"] if rows else await db.fetchval(_COUNT, driver_id, is_open, since, until)
    return found, total


async def get_driver_name(source: Database | Tx, driver_id: UUID) -> str:
    name: str = await source.fetchval(_DRIVER_NAME, driver_id)
    return name


async def list_goods(source: Database | Tx, order_ids: Sequence[UUID]) -> list[Row]:
    """Return the lines of orders as they were sold, one for each package."""
    return await source.fetch(_GOODS, list(order_ids))


async def list_paid(tx: Tx, order_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the orders on which nothing is due any more."""
    return {row["id"] for row in await tx.fetch(_PAID, list(order_ids))}


async def next_manifest_number(tx: Tx) -> int:
    number: int = await tx.fetchval(_NEXT_NUMBER)
    return number


async def skip_manifest_numbers(tx: Tx, count: int) -> None:
    """Leave so many manifest numbers unused."""
    await tx.execute(_SKIP_NUMBERS, count)


async def insert_manifest(tx: Tx, manifest: Manifest) -> None:
    await tx.execute(
        _INSERT_MANIFEST,
        manifest.id,
        manifest.trip_id,
        manifest.number,
        manifest.version,
        manifest.content,
        manifest.license_wrapped,
        manifest.digest,
        manifest.made_at,
    )


async def find_manifest(
    source: Database | Tx, trip_id: UUID, *, version: int | None = None
) -> Manifest | None:
    """Return a version of a trip's manifest, the last one unless told otherwise."""
    row = (
        await source.fetchrow(_LAST_MANIFEST, trip_id)
        if version is None
        else await source.fetchrow(_A_MANIFEST, trip_id, version)
    )
    return None if row is None else Manifest(*row)
