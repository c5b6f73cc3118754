"""SQL of events: storing them, and the facts of a purchase."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from faded_skies.domains.analytics.models import NewEvent, Purchase
from faded_skies.platform.db import Tx

# An event that is there already is not passed on again either. In one order of ids: two batches never wait for each
# other both ways.
_INSERT = """
WITH told AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::jsonb[], $6::timestamptz[], $7::uuid[])
        AS t (id, user_id, visitor_id, event, properties, occurred_at, subject)
), stored AS (
    INSERT INTO analytics_events (id, user_id, visitor_id, event, properties, occurred_at)
    SELECT id, user_id, visitor_id, event, properties, occurred_at FROM told ORDER BY id
    ON CONFLICT (id) DO NOTHING
    RETURNING id
)
INSERT INTO analytics_forwards (event_id, vendor, subject)
SELECT t.id, v.vendor, t.subject FROM stored s JOIN told t USING (id) CROSS JOIN unnest($8::text[]) AS v (vendor)
"""
_PURCHASE = """
SELECT o.id AS order_id, o.user_id, o.order_number, o.total_cents, o.tax_cents, o.delivery_fee_cents,
       coalesce(sum(i.quantity), 0)::int AS units, o.tender, o.delivery_address ->> 'city' AS city
FROM orders o LEFT JOIN order_items i ON i.order_id = o.id WHERE o.id = $1 GROUP BY o.id
"""
_PRUNE = """
DELETE FROM analytics_events WHERE id IN (
    SELECT id FROM analytics_events WHERE occurred_at < $1 ORDER BY occurred_at LIMIT $2
)
"""


async def insert_events(tx: Tx, events: Sequence[NewEvent], *, vendors: Sequence[str]) -> None:
    """Store events, and note for these vendors those that are new."""
    await tx.execute(
        _INSERT,
        [event.id for event in events],
        [event.user_id for event in events],
        [event.visitor_id for event in events],
        [event.name for event in events],
        [dict(event.properties) for event in events],
        [event.occurred_at for event in events],
        [event.subject for event in events],
        list(vendors),
    )


async def find_purchase(tx: Tx, order_id: UUID) -> Purchase | None:
    row = await tx.fetchrow(_PURCHASE, order_id)
    return None if row is None else Purchase(**row)


async def prune(tx: Tx, *, before: datetime, most: int) -> int:
    """Forget up to so many events that are older; returns how many."""
    return await tx.execute(_PRUNE, before, most)
