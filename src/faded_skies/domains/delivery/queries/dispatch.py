"""SQL of giving orders out: what waits, who is there, and what was decided."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from faded_skies.domains.delivery.models.dispatch import Decision
from faded_skies.domains.delivery.rules.dispatch import Choice, Waiting
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.ids import new_id

MOST_WAITING = 500
"""Orders that one round looks at, the oldest first."""

REST = timedelta(minutes=15)
"""A driver who did not answer is not offered the same order again for so long."""

_AUTOMATIC_SHOP = "SELECT latitude, longitude FROM shop WHERE automatic_dispatch"
_WAITING = """
SELECT o.id, (o.delivery_address->>'latitude')::float8 AS latitude,
       (o.delivery_address->>'longitude')::float8 AS longitude, o.subtotal_cents,
       (SELECT coalesce(sum(i.net_weight_mg * i.quantity), 0)::bigint FROM order_items i WHERE i.order_id = o.id)
           AS weight_mg,
       ARRAY(SELECT r.driver_id FROM assignment_refusals r
             WHERE r.order_id = o.id AND (r.kind = 'declined' OR r.at > now() - $1::interval)) AS not_to
FROM orders o
WHERE o.driver_id IS NULL AND o.status IN ('confirmed', 'preparing')
"""
_LIST_WAITING = _WAITING + " ORDER BY o.created_at, o.id LIMIT $2"
_FIND_WAITING = _WAITING + " AND o.id = $2"
_ON_SHIFT = """
SELECT s.driver_id, coalesce(v.enclosed, false) AS is_enclosed, v.max_orders, l.orders, l.value_cents, l.weight_mg,
       l.is_out OR EXISTS (
           SELECT FROM trips t WHERE t.driver_id = s.driver_id AND t.departed_at IS NOT NULL AND t.ended_at IS NULL
       ) AS is_out,
       p.latitude, p.longitude
FROM driver_shifts s
JOIN users u ON u.id = s.driver_id AND u.role = 'driver' AND u.account_status = 'active'
LEFT JOIN vehicles v ON v.id = s.vehicle_id
CROSS JOIN LATERAL (
    SELECT count(*)::int AS orders, coalesce(bool_or(o.status = 'out_for_delivery'), false) AS is_out,
           coalesce(sum(o.subtotal_cents), 0)::bigint AS value_cents,
           coalesce(sum(w.mg), 0)::bigint AS weight_mg
    FROM orders o
    CROSS JOIN LATERAL (
        SELECT sum(i.net_weight_mg * i.quantity) AS mg FROM order_items i WHERE i.order_id = o.id
    ) w
    WHERE o.driver_id = s.driver_id AND o.status IN ('confirmed', 'preparing', 'out_for_delivery')
) l
LEFT JOIN LATERAL (
    SELECT latitude, longitude FROM driver_locations
    WHERE driver_id = s.driver_id AND recorded_at >= s.started_at AND NOT suspect ORDER BY recorded_at DESC LIMIT 1
) p ON true
WHERE s.ended_at IS NULL
"""
_LIST_ON_SHIFT = _ON_SHIFT + " ORDER BY s.driver_id"
_FIND_ON_SHIFT = _ON_SHIFT + " AND s.driver_id = $1"
# Whoever gives this driver something waits for whoever is just giving them something else.
_LOCK_SHIFT = "SELECT id FROM driver_shifts WHERE driver_id = $1 AND ended_at IS NULL FOR NO KEY UPDATE"
_LEFT_BEHIND = """
FROM stops s JOIN orders o ON o.id = s.order_id AND o.driver_id = s.driver_id
WHERE o.status IN ('confirmed', 'preparing') AND s.assigned_by IS NULL
  AND NOT EXISTS (SELECT FROM driver_shifts d WHERE d.driver_id = s.driver_id AND d.ended_at IS NULL)
"""
_LIST_LEFT_BEHIND = f"SELECT s.order_id {_LEFT_BEHIND} LIMIT 500"
_IS_LEFT_BEHIND = f"SELECT EXISTS (SELECT {_LEFT_BEHIND} AND s.order_id = $1)"
# That an order still waits for the same reason is no news.
_KEEP = """
INSERT INTO dispatch_decisions (id, order_id, driver_id, why)
SELECT $1, $2, $3, $4
WHERE $3::uuid IS NOT NULL OR $4 IS DISTINCT FROM (
    SELECT CASE WHEN driver_id IS NULL THEN why END FROM dispatch_decisions
    WHERE order_id = $2 ORDER BY decided_at DESC, id DESC LIMIT 1
)
"""
_LIST = """
SELECT d.id, d.order_id, o.order_number, d.driver_id, d.why, d.decided_at, count(*) OVER ()::int AS total
FROM dispatch_decisions d JOIN orders o ON o.id = d.order_id
WHERE ($1::uuid IS NULL OR d.order_id = $1) AND ($2::uuid IS NULL OR d.driver_id = $2)
ORDER BY d.decided_at DESC, d.id DESC LIMIT $3 OFFSET $4
"""
_PRUNE = "DELETE FROM dispatch_decisions WHERE decided_at < now() - $1::interval"


@dataclass(frozen=True, slots=True)
class OnShift:
    """A driver on a shift with their load, in cents and mg, and where they were last during it."""

    driver_id: UUID
    is_enclosed: bool
    max_orders: int | None
    orders: int
    value_cents: int
    weight_mg: int
    is_out: bool
    latitude: float | None
    longitude: float | None


async def find_automatic_shop(db: Database) -> tuple[float, float] | None:
    """Return where the shop is, if it gives orders out by itself."""
    row = await db.fetchrow(_AUTOMATIC_SHOP)
    return None if row is None else (row["latitude"], row["longitude"])


async def list_waiting(db: Database) -> list[Waiting]:
    """Return orders that nobody has, the oldest first."""
    return [_waiting(row) for row in await db.fetch(_LIST_WAITING, REST, MOST_WAITING)]


async def find_waiting(tx: Tx, order_id: UUID) -> Waiting | None:
    row = await tx.fetchrow(_FIND_WAITING, REST, order_id)
    return None if row is None else _waiting(row)


def _waiting(row: Row) -> Waiting:
    return Waiting(
        order_id=row["id"],
        latitude=row["latitude"],
        longitude=row["longitude"],
        value_cents=row["subtotal_cents"],
        weight_mg=row["weight_mg"],
        not_to=frozenset(row["not_to"]),
    )


async def list_on_shift(db: Database) -> list[OnShift]:
    return [OnShift(*row) for row in await db.fetch(_LIST_ON_SHIFT)]


async def lock_on_shift(tx: Tx, driver_id: UUID) -> OnShift | None:
    """Return a driver as they stand now, held against others who give them something; None off a shift."""
    if await tx.fetchval(_LOCK_SHIFT, driver_id) is None:
        return None
    row = await tx.fetchrow(_FIND_ON_SHIFT, driver_id)
    return None if row is None else OnShift(*row)


async def list_left_behind(db: Database) -> list[UUID]:
    """Return orders that dispatch gave to drivers who have ended their shift since."""
    return [row["order_id"] for row in await db.fetch(_LIST_LEFT_BEHIND)]


async def is_left_behind(tx: Tx, order_id: UUID) -> bool:
    found: bool = await tx.fetchval(_IS_LEFT_BEHIND, order_id)
    return found


async def keep(tx: Tx, choice: Choice) -> None:
    """Keep a choice with its reason; that an order goes on waiting for the same reason is kept once."""
    await tx.execute(_KEEP, new_id(), choice.order_id, choice.driver_id, choice.why)


async def list_decisions(
    db: Database, *, order_id: UUID | None, driver_id: UUID | None, limit: int, offset: int
) -> tuple[list[Decision], int]:
    """Return a page of decisions, the latest first, and how many there are."""
    rows = await db.fetch(_LIST, order_id, driver_id, limit, offset)
    return [Decision(*tuple(row)[:-1]) for row in rows], rows[0]["total"] if rows else 0


async def prune(tx: Tx, older_than: timedelta) -> int:
    return await tx.execute(_PRUNE, older_than)
