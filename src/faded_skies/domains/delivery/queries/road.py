"""SQL of shifts, stops, positions and handovers, and where live positions lie in Valkey."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from faded_skies.domains.delivery.errors import VehicleInUse
from faded_skies.domains.delivery.models.road import Destination, Handover, Position, Shift, Stop
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.ids import new_id
from faded_skies.platform.valkey import Valkey

LIVE_SECONDS = 60
"""How long a live position is kept."""

POSITIONS = "driver:positions"
"""Positions on their way to the database, one entry for each call."""

MOST_WAITING = 100_000
"""About how many calls may wait for the database; beyond it the oldest are lost, not the memory."""

# A position that arrives late must not put the car back.
_REMEMBER = """
local held = redis.call('GET', KEYS[1])
if held and cjson.decode(held).lastUpdate >= tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[3])
return 1
"""

_OPEN_SHIFT = """
INSERT INTO driver_shifts (id, driver_id, vehicle_id, planned_end_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (driver_id) WHERE ended_at IS NULL
DO UPDATE SET vehicle_id = coalesce(EXCLUDED.vehicle_id, driver_shifts.vehicle_id),
    planned_end_at = coalesce(EXCLUDED.planned_end_at, driver_shifts.planned_end_at)
RETURNING id, vehicle_id, started_at, ended_at, planned_end_at
"""
_END_SHIFT = """
UPDATE driver_shifts SET ended_at = now() WHERE driver_id = $1 AND ended_at IS NULL
RETURNING id, vehicle_id, started_at, ended_at, planned_end_at
"""
_LAST_SHIFT = """
SELECT id, vehicle_id, started_at, ended_at, planned_end_at FROM driver_shifts
WHERE driver_id = $1 ORDER BY started_at DESC, id DESC LIMIT 1
"""
_HAS_CASH_ORDER_OUT = """
SELECT EXISTS (
    SELECT FROM orders
    WHERE driver_id = $1 AND status = 'out_for_delivery' AND tender = 'cash' AND amount_due_cents > paid_cents
)
"""
_HAS_DRIVER = """
SELECT EXISTS (SELECT FROM users WHERE id = $1 AND role = 'driver' AND account_status = 'active')
"""
_DATE_OF_BIRTH = "SELECT date_of_birth FROM users WHERE id = $1"
_STOPS = """
SELECT o.id AS order_id, o.order_number, o.status, o.delivery_address, o.special_instructions,
       split_part(c.full_name, ' ', 1) AS customer_first_name, c.phone AS customer_phone,
       CASE WHEN o.tender = 'cash' THEN o.amount_due_cents - o.paid_cents ELSE 0 END AS cash_due_cents,
       (SELECT jsonb_agg(jsonb_build_object('productId', i.product_id, 'name', i.name, 'quantity', i.quantity)
                         ORDER BY i.line)
        FROM order_items i WHERE i.order_id = o.id) AS items,
       s.assigned_at, s.accepted_at, s.arrived_at,
       coalesce((SELECT automatic_dispatch FROM shop), false) AS is_dispatched
FROM orders o
JOIN stops s ON s.order_id = o.id
JOIN users c ON c.id = o.user_id
WHERE o.driver_id = $1 AND o.status IN ('confirmed', 'preparing', 'out_for_delivery')
ORDER BY s.expected_at NULLS LAST, s.assigned_at, o.id
"""
_PUT_STOP = """
INSERT INTO stops (order_id, driver_id, assigned_by) VALUES ($1, $2, $3)
ON CONFLICT (order_id) DO UPDATE
SET driver_id = EXCLUDED.driver_id, assigned_by = EXCLUDED.assigned_by, assigned_at = now(),
    accepted_at = NULL, arrived_at = NULL, expected_at = NULL
"""
_ARRIVED_AT = "SELECT arrived_at FROM stops WHERE order_id = $1"
_ARRIVE = "UPDATE stops SET arrived_at = now() WHERE order_id = $1 AND arrived_at IS NULL"
_INSERT_HANDOVER = """
INSERT INTO handovers (
    order_id, driver_id, method, document_type, document_expires_on, of_age, name_matches, signature,
    cash_received_cents
) VALUES ($1, $2, $7, $3, $4, true, true, $5, $6)
"""
_DESTINATIONS = """
SELECT id, status, (delivery_address->>'latitude')::float8, (delivery_address->>'longitude')::float8,
       delivery_address->>'city', eta_at, eta_source
FROM orders WHERE id = ANY($1::uuid[]) AND driver_id = $2
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
    driver_id uuid, recorded_at timestamptz, order_id uuid,
    latitude double precision, longitude double precision, heading real, speed real, suspect boolean
) ON COMMIT DELETE ROWS
"""
_STORE_INCOMING = """
INSERT INTO driver_locations (driver_id, recorded_at, order_id, latitude, longitude, heading, speed, suspect)
SELECT driver_id, recorded_at, order_id, latitude, longitude, heading, speed, suspect FROM incoming_positions
ORDER BY driver_id, recorded_at
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


async def open_shift(
    tx: Tx, *, driver_id: UUID, vehicle_id: UUID | None, planned_end_at: datetime | None
) -> tuple[Shift, bool]:
    """Return the driver's open shift and whether it is new. Raises VehicleInUse."""
    shift_id = new_id()
    try:
        row = await tx.fetchrow(_OPEN_SHIFT, shift_id, driver_id, vehicle_id, planned_end_at)
    except asyncpg.UniqueViolationError:
        raise VehicleInUse from None
    assert row is not None  # noqa: S101 - the statement inserts or updates one row
    return Shift(*row), row["id"] == shift_id


async def end_shift(tx: Tx, driver_id: UUID) -> Shift | None:
    """Return the shift that ended; None when none was open."""
    return _shift(await tx.fetchrow(_END_SHIFT, driver_id))


async def find_last_shift(tx: Tx, driver_id: UUID) -> Shift | None:
    return _shift(await tx.fetchrow(_LAST_SHIFT, driver_id))


async def has_cash_order_out(tx: Tx, driver_id: UUID) -> bool:
    """Tell whether the driver has an order on the road whose cash is due."""
    found: bool = await tx.fetchval(_HAS_CASH_ORDER_OUT, driver_id)
    return found


def _shift(row: Row | None) -> Shift | None:
    return None if row is None else Shift(*row)


async def has_driver(tx: Tx, driver_id: UUID) -> bool:
    """Tell whether this person drives for us and their account is active."""
    found: bool = await tx.fetchval(_HAS_DRIVER, driver_id)
    return found


async def get_date_of_birth(tx: Tx, user_id: UUID) -> date | None:
    born: date | None = await tx.fetchval(_DATE_OF_BIRTH, user_id)
    return born


async def list_stops(db: Database, driver_id: UUID) -> list[Stop]:
    return [Stop(*row) for row in await db.fetch(_STOPS, driver_id)]


async def put_stop(tx: Tx, *, order_id: UUID, driver_id: UUID, assigned_by: UUID | None) -> None:
    """Put the order at the end of the driver's list, taking it off another's; nobody assigned what dispatch did."""
    await tx.execute(_PUT_STOP, order_id, driver_id, assigned_by)


async def find_arrival(tx: Tx, order_id: UUID) -> datetime | None:
    """Return when the order's driver said that they are at the door."""
    at: datetime | None = await tx.fetchval(_ARRIVED_AT, order_id)
    return at


async def mark_arrived(tx: Tx, order_id: UUID) -> bool:
    """Tell whether this is the first arrival."""
    return await tx.execute(_ARRIVE, order_id) == 1


async def insert_handover(tx: Tx, handover: Handover) -> None:
    await tx.execute(
        _INSERT_HANDOVER,
        handover.order_id,
        handover.driver_id,
        handover.document_type,
        handover.document_expires_on,
        handover.signature,
        handover.cash_received_cents,
        handover.method,
    )


async def list_destinations(
    db: Database, *, driver_id: UUID, order_ids: Collection[UUID]
) -> dict[UUID, Destination]:
    """Return those of the orders that this driver has."""
    rows = await db.fetch(_DESTINATIONS, list(order_ids), driver_id)
    return {row["id"]: Destination(*row) for row in rows}


async def push_positions(
    valkey: Valkey, driver_id: UUID, positions: Sequence[Position], *, suspects: Collection[int]
) -> Position | None:
    """Remember the latest of the positions and queue them all for the database, in one round trip.

    `suspects` are the places of those that are queued only. Returns the latest; None when a newer one was known.
    """
    # A field of its own: the previous release reads these entries too.
    entry: dict[Any, Any] = {"driver": str(driver_id), "positions": orjson.dumps(positions)}
    if suspects:
        entry["suspects"] = orjson.dumps(list(suspects))
    sound = [one for place, one in enumerate(positions) if place not in suspects]
    if not sound:
        await valkey.xadd(POSITIONS, entry, maxlen=MOST_WAITING, approximate=True)
        return None
    latest = max(sound, key=lambda position: position.timestamp)
    live = orjson.dumps(
        {
            "lat": latest.lat,
            "lng": latest.lng,
            "heading": latest.heading,
            "speed": latest.speed,
            "orderId": latest.order_id,
            "lastUpdate": latest.timestamp,
        }
    )
    async with valkey.pipeline(transaction=False) as pipe:
        pipe.xadd(POSITIONS, entry, maxlen=MOST_WAITING, approximate=True)
        pipe.eval(_REMEMBER, 1, _live_key(driver_id), live, str(latest.timestamp), str(LIVE_SECONDS))
        _, newest = await pipe.execute()
    return latest if newest else None


async def claim_minute(valkey: Valkey, driver_id: UUID) -> bool:
    """Tell whether this is the first claim for the driver within a minute."""
    return bool(await valkey.set(f"driver:eta:{driver_id}", 1, nx=True, ex=60))


async def find_live_position(valkey: Valkey, driver_id: UUID) -> Position | None:
    """Return the driver's position of the last minute."""
    held = await valkey.get(_live_key(driver_id))
    if held is None:
        return None
    live = orjson.loads(held)
    return Position(
        order_id=None if live["orderId"] is None else UUID(live["orderId"]),
        lat=live["lat"],
        lng=live["lng"],
        heading=live["heading"],
        speed=live["speed"],
        timestamp=live["lastUpdate"],
    )


def _live_key(driver_id: UUID) -> str:
    return f"driver:location:{driver_id}"


async def find_stored_position(db: Database, driver_id: UUID) -> Position | None:
    row = await db.fetchrow(_LAST_POSITION, driver_id)
    return None if row is None else Position(**row)


async def store_positions(tx: Tx, positions: Sequence[tuple[UUID, Position, bool]]) -> None:
    """Store positions of drivers and whether they are suspect; one that is there already stays as it is."""
    await tx.execute(_INCOMING)
    await tx.connection.copy_records_to_table(
        "incoming_positions",
        columns=[
            "driver_id",
            "recorded_at",
            "order_id",
            "latitude",
            "longitude",
            "heading",
            "speed",
            "suspect",
        ],
        records=[
            (
                driver_id,
                _moment(one.timestamp),
                one.order_id,
                one.lat,
                one.lng,
                one.heading,
                one.speed,
                is_suspect,
            )
            for driver_id, one, is_suspect in positions
        ],
    )
    await tx.execute(_STORE_INCOMING)


def _moment(timestamp: int) -> datetime:
    return datetime.fromtimestamp(timestamp / 1000, UTC)


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


_HELD = {
    "handovers": """
SELECT h.order_id AS "orderId", h.method, h.document_type AS "documentType",
       h.document_expires_on AS "documentExpiresOn", h.of_age AS "ofAge", h.name_matches AS "nameMatches",
       h.signature, (h.cash_received_cents / 100.0)::float8 AS "cashReceived", h.handed_over_at AS "handedOverAt"
FROM handovers h JOIN orders o ON o.id = h.order_id WHERE o.user_id = $1 ORDER BY h.handed_over_at
""",
    "driverShifts": """
SELECT s.id, v.plate, s.started_at AS "startedAt", s.planned_end_at AS "plannedEndAt", s.ended_at AS "endedAt"
FROM driver_shifts s LEFT JOIN vehicles v ON v.id = s.vehicle_id WHERE s.driver_id = $1 ORDER BY s.started_at, s.id
""",
    "driverStops": """
SELECT s.order_id AS "orderId", s.assigned_at AS "assignedAt", s.accepted_at AS "acceptedAt",
       s.expected_at AS "expectedAt", s.arrived_at AS "arrivedAt",
       h.handed_over_at AS "handedOverAt"
FROM stops s LEFT JOIN handovers h ON h.order_id = s.order_id WHERE s.driver_id = $1 ORDER BY s.assigned_at
""",
    "driverRefusals": """
SELECT order_id AS "orderId", kind, reason, at FROM assignment_refusals WHERE driver_id = $1 ORDER BY at, order_id
""",
    "driverDispatches": """
SELECT order_id AS "orderId", why, plan_id AS "planId", stop, expected_at AS "expectedAt", decided_at AS "decidedAt"
FROM dispatch_decisions
WHERE driver_id = $1 ORDER BY decided_at, id
""",
    "driverTrips": """
SELECT t.id, v.plate, t.people, t.created_at AS "createdAt", t.departed_at AS "departedAt", t.ended_at AS "endedAt"
FROM trips t LEFT JOIN vehicles v ON v.id = t.vehicle_id WHERE t.driver_id = $1 ORDER BY t.created_at, t.id
""",
    "driverLog": """
SELECT kind, order_id AS "orderId", code, note, latitude, longitude, at FROM stop_log
WHERE driver_id = $1 ORDER BY at, id
""",
    "driverPapers": """
SELECT kind, expires_on AS "expiresOn" FROM driver_papers WHERE driver_id = $1 ORDER BY kind
""",
    "driverProfile": """
SELECT u.employee_no AS "employeeNo", p.license_wrapped IS NOT NULL AS "hasLicenseNumber"
FROM users u LEFT JOIN driver_profiles p ON p.driver_id = u.id WHERE u.id = $1 AND u.role <> 'customer'
""",
    "driverPositions": """
SELECT recorded_at AS "recordedAt", order_id AS "orderId", latitude, longitude, heading::float8 AS heading,
       speed::float8 AS speed, suspect
FROM driver_locations WHERE driver_id = $1 ORDER BY recorded_at
""",
}
_HAS_OPEN_SHIFT = "SELECT EXISTS (SELECT FROM driver_shifts WHERE driver_id = $1 AND ended_at IS NULL)"
_HAS_STOPS = """
SELECT EXISTS (
    SELECT FROM orders WHERE driver_id = $1 AND status IN ('confirmed', 'preparing', 'out_for_delivery')
)
"""


def held_on(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    return {name: tx.stream(statement, user_id) for name, statement in _HELD.items()}


async def is_on_duty(tx: Tx, driver_id: UUID) -> bool:
    return bool(await tx.fetchval(_HAS_OPEN_SHIFT, driver_id)) or bool(
        await tx.fetchval(_HAS_STOPS, driver_id)
    )
