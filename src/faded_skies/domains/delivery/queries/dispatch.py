"""SQL of giving orders out: what waits, who is there, and what was decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from faded_skies.domains.delivery.models.dispatch import Decision
from faded_skies.domains.delivery.models.trips import HeldPaper
from faded_skies.domains.delivery.rules.routes import Choice
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.ids import new_id

MOST_WAITING = 500
"""Orders that one round looks at, the oldest first."""

REST = timedelta(minutes=15)
"""A driver who did not answer is not offered the same order again for so long."""

_AUTOMATIC_SHOP = "SELECT latitude, longitude FROM shop WHERE automatic_dispatch"
# An offer is what dispatch gave and nobody has answered, neither by saying so nor by planning a trip with it.
_GOODS = """
SELECT o.id, o.driver_id, (o.delivery_address->>'latitude')::float8 AS latitude,
       (o.delivery_address->>'longitude')::float8 AS longitude, o.delivery_address->>'city' AS city,
       o.subtotal_cents AS value_cents, w.mg AS weight_mg,
       o.tender <> 'cash' OR o.amount_due_cents = o.paid_cents AS is_prepaid,
       coalesce(o.eta_at, o.created_at) AS due_at,
       o.status = 'out_for_delivery' AS is_on_the_road,
       s.order_id IS NOT NULL AND s.assigned_by IS NULL AND s.accepted_at IS NULL
           AND o.status IN ('confirmed', 'preparing') AND NOT EXISTS (
               SELECT FROM trip_stops p JOIN trips t ON t.id = p.trip_id
               WHERE p.order_id = o.id AND t.driver_id = o.driver_id AND t.ended_at IS NULL
           ) AS is_offer,
       ARRAY(SELECT r.driver_id FROM assignment_refusals r
             WHERE r.order_id = o.id AND (r.kind = 'declined' OR r.at > now() - $1::interval)) AS not_to
FROM orders o
LEFT JOIN stops s ON s.order_id = o.id AND s.driver_id = o.driver_id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(i.net_weight_mg * i.quantity), 0)::bigint AS mg FROM order_items i WHERE i.order_id = o.id
) w
"""
_LIST_WAITING = f"""{_GOODS}
WHERE o.driver_id IS NULL AND o.status IN ('confirmed', 'preparing') ORDER BY o.created_at, o.id LIMIT $2
"""
_LIST_CARRIED = f"""{_GOODS}
WHERE o.driver_id = ANY($2::uuid[]) AND o.status IN ('confirmed', 'preparing', 'out_for_delivery')
ORDER BY s.expected_at NULLS LAST, s.assigned_at, o.id
"""
_LIST_THESE = f"{_GOODS} WHERE o.id = ANY($2::uuid[]) AND o.status IN ('confirmed', 'preparing')"
_ON_SHIFT = """
SELECT s.driver_id, u.date_of_birth AS born_on, v.enclosed AS is_enclosed, v.max_orders, s.planned_end_at,
       EXISTS (
           SELECT FROM trips t WHERE t.driver_id = s.driver_id AND t.departed_at IS NOT NULL AND t.ended_at IS NULL
       ) AS is_out,
       p.latitude, p.longitude,
       ARRAY(SELECT ROW(kind, expires_on) FROM driver_papers WHERE driver_id = s.driver_id) AS driver_papers,
       ARRAY(SELECT ROW(kind, expires_on) FROM vehicle_papers WHERE vehicle_id = s.vehicle_id) AS vehicle_papers
FROM driver_shifts s
JOIN users u ON u.id = s.driver_id AND u.role = 'driver' AND u.account_status = 'active'
LEFT JOIN vehicles v ON v.id = s.vehicle_id
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
_KEEP = """
INSERT INTO dispatch_decisions (id, order_id, driver_id, why, plan_id, stop, expected_at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::int[], $7::timestamptz[])
"""
# That an order still waits for the same reason is no news; nor is what was decided of one that somebody has by now.
_KEEP_WAITING = """
WITH free AS (
    SELECT id FROM orders
    WHERE id = ANY($2::uuid[]) AND driver_id IS NULL AND status IN ('confirmed', 'preparing')
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
)
INSERT INTO dispatch_decisions (id, order_id, why)
SELECT n.id, n.order_id, n.why
FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS n (id, order_id, why)
JOIN free ON free.id = n.order_id
WHERE n.why IS DISTINCT FROM (
    SELECT CASE WHEN d.driver_id IS NULL THEN d.why END FROM dispatch_decisions d
    WHERE d.order_id = n.order_id ORDER BY d.decided_at DESC, d.id DESC LIMIT 1
)
"""
# Whoever writes several stops takes their rows by the ids of their orders, so that two never wait for each other.
_OFFER = """
INSERT INTO stops (order_id, driver_id) SELECT order_id, $2 FROM unnest($1::uuid[]) AS n (order_id) ORDER BY order_id
ON CONFLICT (order_id) DO UPDATE
SET driver_id = EXCLUDED.driver_id, assigned_by = NULL, assigned_at = now(), accepted_at = NULL, arrived_at = NULL,
    expected_at = NULL
"""
_EXPECT = """
WITH held AS (
    SELECT order_id FROM stops WHERE order_id = ANY($2::uuid[]) AND driver_id = $1
    ORDER BY order_id FOR NO KEY UPDATE
)
UPDATE stops s SET expected_at = n.expected_at
FROM held JOIN unnest($2::uuid[], $3::timestamptz[]) AS n (order_id, expected_at) ON n.order_id = held.order_id
WHERE s.order_id = held.order_id AND s.driver_id = $1
"""
_CONDITIONS = "($1::uuid IS NULL OR d.order_id = $1) AND ($2::uuid IS NULL OR d.driver_id = $2)"
_COUNT = f"SELECT count(*)::int FROM dispatch_decisions d WHERE {_CONDITIONS}"
_LIST = f"""
SELECT d.id, d.order_id, o.order_number, d.driver_id, d.why, d.plan_id, d.stop, d.expected_at, d.decided_at,
       count(*) OVER ()::int AS total
FROM dispatch_decisions d JOIN orders o ON o.id = d.order_id
WHERE {_CONDITIONS}
ORDER BY d.decided_at DESC, d.id DESC LIMIT $3 OFFSET $4
"""
_PRUNE = "DELETE FROM dispatch_decisions WHERE decided_at < now() - $1::interval"


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order that is not over, in cents and mg, with who has it.

    `is_offer`: dispatch gave it, and they have not answered.
    """

    id: UUID
    driver_id: UUID | None
    latitude: float
    longitude: float
    city: str
    value_cents: int
    weight_mg: int
    is_prepaid: bool
    due_at: datetime
    is_on_the_road: bool
    is_offer: bool
    not_to: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class OnShift:
    """A driver on a shift with what the law asks of them, and where they were last during it.

    `is_enclosed` is of their vehicle, None where they have none. `is_out`: on a trip that has departed.
    """

    driver_id: UUID
    born_on: date | None
    is_enclosed: bool | None
    max_orders: int | None
    planned_end_at: datetime | None
    is_out: bool
    latitude: float | None
    longitude: float | None
    driver_papers: Sequence[HeldPaper]
    vehicle_papers: Sequence[HeldPaper]


async def find_automatic_shop(source: Database | Tx) -> tuple[float, float] | None:
    """Return where the shop is, if it gives orders out by itself."""
    row = await source.fetchrow(_AUTOMATIC_SHOP)
    return None if row is None else (row["latitude"], row["longitude"])


async def list_waiting(db: Database) -> list[OpenOrder]:
    """Return orders that nobody has, the oldest first."""
    return [_open_order(row) for row in await db.fetch(_LIST_WAITING, REST, MOST_WAITING)]


async def list_carried(source: Database | Tx, driver_ids: Sequence[UUID]) -> list[OpenOrder]:
    """Return what these drivers have, each driver's orders by their way."""
    return [_open_order(row) for row in await source.fetch(_LIST_CARRIED, REST, list(driver_ids))]


async def list_these(tx: Tx, order_ids: Sequence[UUID]) -> list[OpenOrder]:
    """Return those of the orders that have not departed and are not over."""
    return [_open_order(row) for row in await tx.fetch(_LIST_THESE, REST, list(order_ids))]


def _open_order(row: Row) -> OpenOrder:
    values = dict(row)
    return OpenOrder(**values | {"not_to": frozenset(values["not_to"])})


async def list_on_shift(db: Database) -> list[OnShift]:
    return [_on_shift(row) for row in await db.fetch(_LIST_ON_SHIFT)]


async def lock_shift(tx: Tx, driver_id: UUID) -> bool:
    """Hold the driver's open shift against others who give them something; False when there is none."""
    return await tx.fetchval(_LOCK_SHIFT, driver_id) is not None


async def lock_on_shift(tx: Tx, driver_id: UUID) -> OnShift | None:
    """Return a driver as they stand now, held against others who give them something; None off a shift."""
    if not await lock_shift(tx, driver_id):
        return None
    row = await tx.fetchrow(_FIND_ON_SHIFT, driver_id)
    return None if row is None else _on_shift(row)


def _on_shift(row: Row) -> OnShift:
    values = dict(row)
    papers = {name: [HeldPaper(*one) for one in values[name]] for name in ("driver_papers", "vehicle_papers")}
    return OnShift(**values | papers)


async def list_left_behind(db: Database) -> list[UUID]:
    """Return orders that dispatch gave to drivers who have ended their shift since."""
    return [row["order_id"] for row in await db.fetch(_LIST_LEFT_BEHIND)]


async def is_left_behind(tx: Tx, order_id: UUID) -> bool:
    found: bool = await tx.fetchval(_IS_LEFT_BEHIND, order_id)
    return found


async def keep(tx: Tx, choices: Sequence[Choice], *, plan_id: UUID) -> None:
    """Keep choices that were carried out, with their reasons and the plan they belong to."""
    await tx.execute(
        _KEEP,
        [new_id() for _ in choices],
        [one.order_id for one in choices],
        [one.driver_id for one in choices],
        [one.why for one in choices],
        [plan_id for _ in choices],
        [one.stop for one in choices],
        [one.expected_at for one in choices],
    )


async def keep_waiting(tx: Tx, choices: Sequence[Choice]) -> None:
    """Keep why orders wait that still do; that one goes on waiting for the same reason is kept once."""
    await tx.execute(
        _KEEP_WAITING,
        [new_id() for _ in choices],
        [one.order_id for one in choices],
        [one.why for one in choices],
    )


async def offer(tx: Tx, order_ids: Sequence[UUID], driver_id: UUID) -> None:
    """Put orders onto the driver's list, taking them off others'; nobody assigned them and nobody has accepted yet."""
    await tx.execute(_OFFER, list(order_ids), driver_id)


async def set_expected(
    tx: Tx, driver_id: UUID, order_ids: Sequence[UUID], expected_at: Sequence[datetime]
) -> None:
    """Note when the driver is expected at which door; their list has that order."""
    await tx.execute(_EXPECT, driver_id, list(order_ids), list(expected_at))


async def list_decisions(
    db: Database, *, order_id: UUID | None, driver_id: UUID | None, limit: int, offset: int
) -> tuple[list[Decision], int]:
    """Return a page of decisions, the latest first, and how many there are."""
    rows = await db.fetch(_LIST, order_id, driver_id, limit, offset)
    total = rows[0]["total"] if rows else await db.fetchval(_COUNT, order_id, driver_id)
    return [Decision(*tuple(row)[:-1]) for row in rows], total


async def prune(tx: Tx, older_than: timedelta) -> int:
    return await tx.execute(_PRUNE, older_than)
