"""SQL of what is to be told: lanes, the facts of trips and orders, and reports put at the end."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from faded_skies.domains.traceability.models import (
    NewReport,
    Report,
    StopFacts,
    TripFacts,
)
from faded_skies.domains.traceability.queries.reports import REPORT, report_of
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.ids import new_id

_LOCK_LANE = "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 21))"
_LANE = f"SELECT {REPORT} FROM trace_reports WHERE lane = $1 ORDER BY sequence"
# The caller holds the lane, so the next place in it is free.
_ADD = """
INSERT INTO trace_reports (
    id, lane, sequence, trip_id, order_id, lot_id, step, external_number, payload, happened_at, warn_at, due_at, state,
    last_error, history, alone
)
SELECT $1, $2, coalesce((SELECT max(sequence) FROM trace_reports WHERE lane = $2), 0) + 1, $3, $4, $5, $6, $7, $8, $9,
       $10, $11, CASE WHEN $12::text IS NULL THEN 'waiting' ELSE 'rejected' END, $12,
       CASE WHEN $12::text IS NULL THEN '[]'::jsonb ELSE jsonb_build_array(
           jsonb_build_object('at', $13::timestamptz, 'what', 'rejected', 'detail', $12::text)) END, $14
ON CONFLICT (external_number) DO NOTHING
RETURNING id
"""
_TRIP = "SELECT id, driver_id, vehicle_id, departed_at, ended_at FROM trips WHERE id = $1"
_STOPS = """
SELECT s.order_id, s.place, s.outcome, s.ended_at,
       (SELECT l.code FROM stop_log l WHERE l.trip_id = s.trip_id AND l.order_id = s.order_id AND l.kind = 'returned'
        ORDER BY l.at DESC LIMIT 1) AS code
FROM trip_stops s WHERE s.trip_id = $1 ORDER BY s.place
"""
# Where it was handed on comes before where it went.
_TRIPS_OF = """
SELECT s.trip_id FROM trip_stops s JOIN trips t ON t.id = s.trip_id
WHERE s.order_id = $1 AND t.departed_at IS NOT NULL ORDER BY s.ended_at NULLS LAST, s.trip_id
"""
_VEHICLE_OF = "SELECT vehicle_id FROM driver_shifts WHERE driver_id = $1 AND ended_at IS NULL"
_LINES = """
SELECT i.order_id, i.product_id, i.name, i.product_class, i.quantity, i.unit_price_cents,
       o.delivery_address ->> 'city' AS city, o.delivery_address ->> 'state' AS state,
       o.delivery_address ->> 'zipCode' AS zip
FROM order_items i JOIN orders o ON o.id = i.order_id
WHERE i.order_id = ANY($1::uuid[]) ORDER BY i.order_id, i.line
"""
# A delivery became a sale where its end says that goods were taken; an order may have been on several trips.
_SALE = f"""
SELECT {REPORT} FROM trace_reports r
WHERE order_id = $1 AND (step IN ('receipt', 'ledger_sale') OR step = 'delivery_create' AND EXISTS (
    SELECT FROM trace_reports c
    WHERE c.order_id = $1 AND c.lane = r.lane AND c.step = 'delivery_complete' AND c.payload -> 'goods' <> '[]'))
ORDER BY created_at DESC, id DESC LIMIT 1
"""
_TRIP_OF_SALE = "SELECT trip_id FROM trip_stops WHERE order_id = $1 AND outcome = 'delivered'"
_BACK = """
SELECT i.product_id, i.refunded_quantity, coalesce(sum(m.change), 0)::int AS units
FROM order_items i
LEFT JOIN stock_movements m ON m.order_id = i.order_id AND m.product_id = i.product_id AND m.reason = 'restocked'
WHERE i.order_id = $1 GROUP BY i.product_id, i.refunded_quantity
"""
_WITHDRAW = """
UPDATE trace_reports SET state = 'cancelled', history = history || jsonb_build_array(jsonb_build_object(
    'at', $2::timestamptz, 'what', 'withdrawn', 'detail', 'The trip left without it.'))
WHERE id = $1 AND state IN ('waiting', 'rejected') AND NOT unsure
"""
_DELIVERED_AT = "SELECT delivered_at FROM orders WHERE id = $1"


async def lock_lane(tx: Tx, lane: UUID) -> list[Report]:
    """Hold the right to queue in a lane for this transaction; returns what is in it."""
    await tx.execute(_LOCK_LANE, str(lane))
    return [report_of(row) for row in await tx.fetch(_LANE, lane)]


async def add_report(tx: Tx, new: NewReport, *, now: datetime) -> UUID | None:
    """Queue a report at the end of its lane; None when the same fact was queued before."""
    made: UUID | None = await tx.fetchval(
        _ADD,
        new_id(),
        new.lane,
        new.trip_id,
        new.order_id,
        new.lot_id,
        new.step,
        new.external_number,
        new.payload,
        new.happened_at,
        new.warn_at,
        new.due_at,
        new.error,
        now,
        new.alone,
    )
    return made


async def find_trip(source: Database | Tx, trip_id: UUID) -> TripFacts | None:
    row = await source.fetchrow(_TRIP, trip_id)
    return None if row is None else TripFacts(*row)


async def list_stops(tx: Tx, trip_id: UUID) -> list[StopFacts]:
    return [StopFacts(*row) for row in await tx.fetch(_STOPS, trip_id)]


async def list_trips_of(db: Database, order_id: UUID) -> list[UUID]:
    """Return the trips that left and that the order is or was on, where it went last at the end."""
    return [row["trip_id"] for row in await db.fetch(_TRIPS_OF, order_id)]


async def find_vehicle_of_shift(tx: Tx, driver_id: UUID) -> UUID | None:
    found: UUID | None = await tx.fetchval(_VEHICLE_OF, driver_id)
    return found


async def list_lines(tx: Tx, order_ids: Sequence[UUID]) -> list[Row]:
    """Return the lines of orders as they were sold, with where they go."""
    return await tx.fetch(_LINES, list(order_ids))


async def get_delivered_at(tx: Tx, order_id: UUID) -> datetime | None:
    found: datetime | None = await tx.fetchval(_DELIVERED_AT, order_id)
    return found


async def find_sale(tx: Tx, order_id: UUID) -> Report | None:
    """Return the report by which an order's sale was told."""
    row = await tx.fetchrow(_SALE, order_id)
    return None if row is None else report_of(row)


async def find_trip_of_sale(tx: Tx, order_id: UUID) -> UUID | None:
    found: UUID | None = await tx.fetchval(_TRIP_OF_SALE, order_id)
    return found


async def list_back(tx: Tx, order_id: UUID) -> list[Row]:
    """Return of each product how many units were refunded, and how many are in the shop again."""
    return await tx.fetch(_BACK, order_id)


async def withdraw(tx: Tx, report_id: UUID, *, at: datetime) -> bool:
    """Cancel a report that nobody was told; False where it was told, or may have been."""
    return await tx.execute(_WITHDRAW, report_id, at) == 1
