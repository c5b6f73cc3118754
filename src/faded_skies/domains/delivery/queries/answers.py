"""SQL of drivers' answers to what they were given."""

from collections.abc import Sequence
from datetime import timedelta
from typing import cast
from uuid import UUID

from faded_skies.domains.delivery.models.dispatch import Answer, Assignment, Refusal, RefusalKind
from faded_skies.platform.db import Database, Row, Tx

_ACCEPT = """
WITH held AS (
    SELECT order_id FROM stops WHERE order_id = ANY($1::uuid[]) AND driver_id = $2 AND accepted_at IS NULL
    ORDER BY order_id FOR NO KEY UPDATE
)
UPDATE stops s SET accepted_at = now()
FROM held WHERE s.order_id = held.order_id AND s.driver_id = $2 AND s.accepted_at IS NULL
RETURNING s.order_id
"""
_ACCEPTED = "SELECT order_id, 'accepted', accepted_at FROM stops WHERE order_id = $1 AND driver_id = $2"
_DECLINED = """
SELECT order_id, 'declined', at FROM assignment_refusals
WHERE order_id = $1 AND driver_id = $2 AND kind = 'declined'
"""
_DROP_STOP = "DELETE FROM stops WHERE order_id = $1"
_PUT_REFUSAL = """
INSERT INTO assignment_refusals (order_id, driver_id, kind, reason) VALUES ($1, $2, $3, $4)
ON CONFLICT (order_id, driver_id) DO UPDATE SET kind = EXCLUDED.kind, reason = EXCLUDED.reason, at = EXCLUDED.at
"""
_IS_PLANNED = """
SELECT EXISTS (
    SELECT FROM trip_stops s JOIN trips t ON t.id = s.trip_id
    WHERE s.order_id = $1 AND t.driver_id = $2 AND t.departed_at IS NULL AND t.ended_at IS NULL
)
"""
_FREED_BY_TIME = """
FROM stops s JOIN orders o ON o.id = s.order_id
WHERE o.status IN ('confirmed', 'preparing') AND o.driver_id = s.driver_id AND s.accepted_at IS NULL
  AND s.assigned_at < now() - $1::interval
"""
_LIST_UNANSWERED = f"SELECT s.order_id {_FREED_BY_TIME} ORDER BY s.assigned_at LIMIT 500"
_IS_UNANSWERED = f"SELECT EXISTS (SELECT {_FREED_BY_TIME} AND s.order_id = $2)"
_LIST_ASSIGNMENTS = """
SELECT s.order_id, s.driver_id, s.assigned_by IS NULL, s.assigned_at, s.accepted_at
FROM stops s JOIN orders o ON o.id = s.order_id AND o.driver_id = s.driver_id WHERE s.order_id = ANY($1::uuid[])
"""
_LIST_REFUSALS = """
SELECT order_id, driver_id, kind, reason, at FROM assignment_refusals
WHERE order_id = ANY($1::uuid[]) ORDER BY at, driver_id
"""
_PRUNE = "DELETE FROM assignment_refusals WHERE at < now() - $1::interval"


async def accept(tx: Tx, order_ids: Sequence[UUID], driver_id: UUID) -> list[UUID]:
    """Note that the driver takes these of their orders; returns those that are new."""
    return [row["order_id"] for row in await tx.fetch(_ACCEPT, list(order_ids), driver_id)]


async def get_acceptance(tx: Tx, order_id: UUID, driver_id: UUID) -> Answer:
    return Answer(*cast("Row", await tx.fetchrow(_ACCEPTED, order_id, driver_id)))


async def find_decline(tx: Tx, order_id: UUID, driver_id: UUID) -> Answer | None:
    """Return the driver's last no to this order."""
    row = await tx.fetchrow(_DECLINED, order_id, driver_id)
    return None if row is None else Answer(*row)


async def drop_stop(tx: Tx, order_id: UUID) -> None:
    await tx.execute(_DROP_STOP, order_id)


async def put_refusal(
    tx: Tx, *, order_id: UUID, driver_id: UUID, kind: RefusalKind, reason: str | None
) -> None:
    await tx.execute(_PUT_REFUSAL, order_id, driver_id, kind, reason)


async def is_planned(tx: Tx, order_id: UUID, driver_id: UUID) -> bool:
    """Tell whether the driver has the order on a trip that has not departed."""
    found: bool = await tx.fetchval(_IS_PLANNED, order_id, driver_id)
    return found


async def list_unanswered(db: Database, within: timedelta) -> list[UUID]:
    """Return orders whose drivers have not answered for so long, before departure."""
    return [row["order_id"] for row in await db.fetch(_LIST_UNANSWERED, within)]


async def is_unanswered(tx: Tx, order_id: UUID, within: timedelta) -> bool:
    found: bool = await tx.fetchval(_IS_UNANSWERED, within, order_id)
    return found


async def list_assignments(db: Database, order_ids: Sequence[UUID]) -> dict[UUID, Assignment]:
    rows = await db.fetch(_LIST_ASSIGNMENTS, list(order_ids))
    return {row["order_id"]: Assignment(*row) for row in rows}


async def list_refusals(db: Database, order_ids: Sequence[UUID]) -> dict[UUID, list[Refusal]]:
    found: dict[UUID, list[Refusal]] = {order_id: [] for order_id in order_ids}
    for row in await db.fetch(_LIST_REFUSALS, list(order_ids)):
        found[row["order_id"]].append(Refusal(*row))
    return found


async def prune(tx: Tx, older_than: timedelta) -> int:
    return await tx.execute(_PRUNE, older_than)
