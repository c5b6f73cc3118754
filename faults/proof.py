"""What must be true when everything has come to rest, each violation a sentence."""

from uuid import UUID

from faded_skies.platform.db import Database, Row
from faded_skies.reports.verifying import verify
from faults.patient import JSON, Record

# Each charge at the sandbox beside our attempt; either may be missing.
_CHARGES = """
SELECT o.order_number, i.id, i.status, c.status AS charged, i.amount_cents, c.amount_cents AS charged_cents,
       i.refunded_cents, c.refunded_cents AS returned_cents,
       (SELECT coalesce(sum(amount_cents), 0)::int FROM sandbox.refunds r WHERE r.charge_id = c.id) AS refunds_cents
FROM payment_intents i FULL JOIN sandbox.charges c ON c.intent_id = i.id LEFT JOIN orders o ON o.id = i.order_id
WHERE i.id IS NULL
   OR c.id IS NULL AND i.status NOT IN ('cancelled', 'failed')
   OR c.id IS NOT NULL AND (
        c.amount_cents <> i.amount_cents OR c.refunded_cents <> i.refunded_cents
        OR (c.status = 'succeeded') <> (i.status IN ('succeeded', 'surplus'))
        OR c.status NOT IN ('succeeded', 'declined', 'cancelled')
        OR c.refunded_cents > CASE WHEN c.status = 'succeeded' THEN c.amount_cents ELSE 0 END
        OR c.refunded_cents <> (SELECT coalesce(sum(amount_cents), 0) FROM sandbox.refunds r WHERE r.charge_id = c.id))
   OR (i.status = 'surplus' OR i.status = 'succeeded' AND i.order_id IS NULL) AND i.refunded_cents <> i.amount_cents
"""
# What the vendor has kept of each order, and how often it was paid.
_ORDERS = """
SELECT o.order_number, o.status, o.tender, o.paid_cents, o.refunded_cents, o.amount_due_cents,
       coalesce(sum(c.amount_cents - c.refunded_cents) FILTER (WHERE c.status = 'succeeded'), 0)::int AS kept_cents,
       count(*) FILTER (WHERE i.status = 'succeeded') AS successes
FROM orders o LEFT JOIN payment_intents i ON i.order_id = o.id LEFT JOIN sandbox.charges c ON c.intent_id = i.id
GROUP BY o.id
HAVING coalesce(sum(c.amount_cents - c.refunded_cents) FILTER (WHERE c.status = 'succeeded'), 0) <>
            CASE o.tender WHEN 'cash' THEN 0 ELSE o.paid_cents - o.refunded_cents END
    OR count(*) FILTER (WHERE i.status = 'succeeded') > 1
    OR o.status IN ('pending', 'payment_failed')
    OR o.status IN ('cancelled', 'returned') AND o.paid_cents <> o.refunded_cents
    OR o.status = 'delivered' AND o.paid_cents <> o.amount_due_cents
    OR o.status IN ('confirmed', 'preparing', 'out_for_delivery')
       AND o.paid_cents <> CASE o.tender WHEN 'cash' THEN 0 ELSE o.amount_due_cents END
"""
_STOCK = """
SELECT * FROM (
    SELECT p.name, s.quantity,
           (SELECT sum(change) FROM stock_movements m WHERE m.product_id = p.id) AS moved,
           (SELECT coalesce(sum(i.quantity), 0) FROM order_items i JOIN orders o ON o.id = i.order_id
            WHERE i.product_id = p.id AND o.status <> 'cancelled') AS sold,
           (SELECT coalesce(sum(b.change), 0) FROM stock_movements b
            WHERE b.product_id = p.id AND b.reason = 'restocked') AS back
    FROM products p JOIN stock_levels s ON s.product_id = p.id
) stock WHERE quantity <> moved OR quantity <> $1::int - sold + back
"""
# What a person has is what they were given, less what their orders kept, plus a coin for each dollar paid and kept.
_COINS = """
SELECT * FROM (
    SELECT a.user_id, a.balance, a.debt,
           (SELECT coalesce(sum(coins_used - coins_returned), 0)::int FROM orders o
            WHERE o.user_id = a.user_id) AS spent,
           (SELECT coalesce(sum(greatest(0, paid_cents - refunded_cents - tip_cents) / 100), 0)::int FROM orders o
            WHERE o.user_id = a.user_id AND o.status = 'delivered') AS earned
    FROM rewards_accounts a
) coins WHERE balance - debt <> $1::int - spent + earned
"""
_COINS_OF_THE_DEAD = """
SELECT order_number, coins_used, coins_returned FROM orders
WHERE status IN ('cancelled', 'returned') AND coins_used <> coins_returned
"""
_DRAWERS = """
SELECT * FROM (
    SELECT d.id, d.status, d.float_cents, d.collected_cents, d.counted_cents, d.received_cents,
           (SELECT coalesce(sum(amount_due_cents), 0)::int FROM orders o
            WHERE o.driver_id = d.driver_id AND o.tender = 'cash' AND o.status = 'delivered') AS doors_cents
    FROM cash_drawers d
) drawers
WHERE status <> 'signed_off' OR collected_cents <> doors_cents
   OR counted_cents <> float_cents + doors_cents OR received_cents <> counted_cents
"""
_JOBS = "SELECT entrypoint, status::text, count(*)::int AS jobs FROM pgqueuer GROUP BY entrypoint, status"
_LEFT = {
    "jobs were started and not ended": "SELECT count(*) FROM job_starts",
    "deliveries were kept and not worked": "SELECT count(*) FROM webhook_events WHERE handled_at IS NULL",
    "refunds are not settled": "SELECT count(*) FROM refunds WHERE status <> 'succeeded'",
    "carts became two orders": """
        SELECT count(*) FROM (
            SELECT FROM orders WHERE status <> 'cancelled' GROUP BY cart_id HAVING count(*) > 1
        ) twice
    """,
}
_AS_THEY_ARE = """
SELECT o.id, o.order_number, o.status, o.total_cents, o.amount_due_cents,
       (SELECT jsonb_object_agg(product_id, quantity) FROM order_items WHERE order_id = o.id) AS items,
       (SELECT count(*) FROM audit_log a
        WHERE a.object_type = 'order' AND a.object_id = o.id AND a.action = 'order.refunded') AS refunds
FROM orders o
"""
# What may have become of an order that was confirmed, when its customer did not cancel it.
_ALIVE = {"confirmed", "preparing", "out_for_delivery", "delivered", "returned"}


async def violations(db: Database, record: Record, *, opening_stock: int, opening_coins: int) -> list[str]:
    """Return everything that is not as it must be."""
    return [
        *record.unexplained,
        *[str(one) async for verdict in verify(db) for one in verdict.shown],
        *await _named(db, "the vendor and we disagree on a charge", _CHARGES),
        *await _named(db, "an order is not paid once and settled", _ORDERS),
        *await _named(db, "stock does not add up", _STOCK, opening_stock),
        *await _named(db, "a person's coins do not add up", _COINS, opening_coins),
        *await _named(db, "a dead order keeps coins", _COINS_OF_THE_DEAD),
        *await _named(db, "a drawer does not add up", _DRAWERS),
        *await _named(db, "jobs wait or are held", _JOBS),
        *await _left(db),
        *await _broken_words(db, record),
    ]


async def _named(db: Database, what: str, statement: str, *values: int) -> list[str]:
    return [f"{what}: {_say(row)}" for row in await db.fetch(statement, *values)]


def _say(row: Row) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items())


async def _left(db: Database) -> list[str]:
    counts = {what: await db.fetchval(statement) for what, statement in _LEFT.items()}
    return [f"{count} {what}" for what, count in counts.items() if count]


async def _broken_words(db: Database, record: Record) -> list[str]:
    """Return what clients were told and is not so: orders, their ends, and how often was refunded."""
    rows = {str(row["id"]): row for row in await db.fetch(_AS_THEY_ARE)}
    known = record.orders.keys() | record.declined
    return [
        *[f"order {row['order_number']} was told to nobody" for key, row in rows.items() if key not in known],
        *[f"order {key} was told to be declined and is gone" for key in record.declined - rows.keys()],
        *[problem for told in record.orders.values() for problem in _broken_word(told, rows.get(told["id"]))],
        *[
            f"order {row['order_number']} was refunded {row['refunds']} times, "
            f"staff was told of {record.refunds[key]}"
            for key, row in rows.items()
            if row["refunds"] != record.refunds[key]
        ],
    ]


def _broken_word(told: JSON, row: Row | None) -> list[str]:
    if row is None:
        return [f"order {told['orderNumber']} ({UUID(told['id'])}) was promised and is gone"]
    promised = (
        round(told["totalAmount"] * 100),
        round(told["payment"]["amountDue"] * 100),
        {item["productId"]: item["quantity"] for item in told["items"]},
    )
    have = (row["total_cents"], row["amount_due_cents"], row["items"])
    problems = [] if promised == have else [f"order {row['order_number']} was told as {promised}, is {have}"]
    if not _kept(told["status"], row["status"]):
        problems.append(f"order {row['order_number']} was told to be {told['status']}, is {row['status']}")
    return problems


def _kept(told: str, status: str) -> bool:
    if told == "confirmed":
        return status in _ALIVE
    return told in {"pending", "payment_failed"} or told == status
