"""What must be true when everything has come to rest, each violation a sentence."""

from uuid import UUID

from faded_skies.bootstrap import Application
from faded_skies.platform.db import Database
from faded_skies.reports.verifying import verify
from faults.stories import JSON, Record

# Each charge at the sandbox beside our attempt; either may be missing.
_CHARGES = """
SELECT o.order_number, i.id, i.status, c.status AS charged, i.amount_cents, c.amount_cents AS charged_cents,
       i.refunded_cents, c.refunded_cents AS returned_cents
FROM payment_intents i FULL JOIN sandbox.charges c ON c.intent_id = i.id LEFT JOIN orders o ON o.id = i.order_id
WHERE i.id IS NULL
   OR c.id IS NULL AND i.status NOT IN ('cancelled', 'failed')
   OR c.id IS NOT NULL AND (
        c.amount_cents <> i.amount_cents OR c.refunded_cents <> i.refunded_cents
        OR (c.status = 'succeeded') <> (i.status IN ('succeeded', 'surplus'))
        OR c.status NOT IN ('succeeded', 'declined', 'cancelled'))
   OR i.status = 'surplus' AND i.refunded_cents <> i.amount_cents
"""
# What the vendor has kept of each order, and how often it was paid.
_ORDERS = """
SELECT o.order_number, o.status, o.tender, o.paid_cents - o.refunded_cents AS ours, o.amount_due_cents,
       coalesce(sum(c.amount_cents - c.refunded_cents) FILTER (WHERE c.status = 'succeeded'), 0)::int AS kept,
       count(*) FILTER (WHERE i.status = 'succeeded') AS successes
FROM orders o LEFT JOIN payment_intents i ON i.order_id = o.id LEFT JOIN sandbox.charges c ON c.intent_id = i.id
GROUP BY o.id
HAVING o.tender <> 'cash' AND o.paid_cents - o.refunded_cents <>
            coalesce(sum(c.amount_cents - c.refunded_cents) FILTER (WHERE c.status = 'succeeded'), 0)
    OR count(*) FILTER (WHERE i.status = 'succeeded') > 1
    OR o.status IN ('pending', 'payment_failed')
    OR o.status IN ('cancelled', 'returned') AND o.paid_cents <> o.refunded_cents
    OR o.status IN ('confirmed', 'preparing') AND o.tender <> 'cash' AND o.paid_cents <> o.amount_due_cents
"""
_STOCK = """
SELECT p.name, s.quantity, m.moved,
       (SELECT coalesce(sum(i.quantity), 0) FROM order_items i JOIN orders o ON o.id = i.order_id
        WHERE i.product_id = p.id AND o.status NOT IN ('cancelled')) AS sold,
       (SELECT coalesce(sum(b.change), 0) FROM stock_movements b
        WHERE b.product_id = p.id AND b.reason = 'restocked') AS back
FROM products p JOIN stock_levels s ON s.product_id = p.id
CROSS JOIN LATERAL (SELECT sum(change) AS moved FROM stock_movements WHERE product_id = p.id) m
"""
_LEFT = {
    "jobs wait or are held": "SELECT count(*) FROM pgqueuer",
    "jobs were started and not ended": "SELECT count(*) FROM job_starts",
    "deliveries were kept and not worked": "SELECT count(*) FROM webhook_events WHERE handled_at IS NULL",
    "refunds are not settled": "SELECT count(*) FROM refunds WHERE status = 'pending'",
    "carts became two orders": """
        SELECT count(*) FROM (
            SELECT FROM orders WHERE status <> 'cancelled' GROUP BY cart_id HAVING count(*) > 1
        ) twice
    """,
}
_FIND = """
SELECT o.order_number, o.total_cents, o.amount_due_cents,
       (SELECT jsonb_object_agg(product_id, quantity) FROM order_items WHERE order_id = o.id) AS items
FROM orders o WHERE id = $1
"""


async def violations(application: Application, record: Record, *, opening_stock: int) -> list[str]:
    """Return everything that is not as it must be."""
    db = application.ports.db
    return [
        *record.unexplained,
        *[str(one) async for verdict in verify(db) for one in verdict.shown],
        *[f"the vendor and we disagree on a charge: {dict(row)}" for row in await db.fetch(_CHARGES)],
        *[
            f"order {row['order_number']} is not paid once and settled: {dict(row)}"
            for row in await db.fetch(_ORDERS)
        ],
        *await _stock(db, opening_stock),
        *await _left(db),
        *[problem for told in record.answers.values() for problem in await _kept_word(db, told)],
    ]


async def _stock(db: Database, opening: int) -> list[str]:
    return [
        f"stock of {row['name']} does not add up: {dict(row)}"
        for row in await db.fetch(_STOCK)
        if row["quantity"] != row["moved"] or row["quantity"] != opening - row["sold"] + row["back"]
    ]


async def _left(db: Database) -> list[str]:
    counts = {what: await db.fetchval(statement) for what, statement in _LEFT.items()}
    return [f"{count} {what}" for what, count in counts.items() if count]


async def _kept_word(db: Database, told: JSON) -> list[str]:
    """Every order that a client was told of exists as it was told."""
    row = await db.fetchrow(_FIND, UUID(told["id"]))
    if row is None:
        return [f"order {told['orderNumber']} was promised and is gone"]
    promised = (
        round(told["totalAmount"] * 100),
        round(told["payment"]["amountDue"] * 100),
        {item["productId"]: item["quantity"] for item in told["items"]},
    )
    have = (row["total_cents"], row["amount_due_cents"], row["items"])
    return (
        [] if promised == have else [f"order {row['order_number']} is not as it was told: {promised}, {have}"]
    )
