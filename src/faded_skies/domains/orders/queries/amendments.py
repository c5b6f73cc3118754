"""SQL of changes to an order."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from faded_skies.domains.orders.models import Amendment, Item, Order, Revision
from faded_skies.domains.orders.queries.lines import columns_of
from faded_skies.domains.orders.queries.reading import COLUMNS, JOINS, order_of
from faded_skies.domains.orders.rules import Resettled
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.ids import new_id

_REVISE = f"""
WITH revised AS (
    UPDATE orders SET
        subtotal_cents = $2, tax_cents = $3, taxes = $4, total_cents = $5, coins_used = $6, amount_due_cents = $7,
        payment_status = $8, rules_hash = $9, paid_cents = $10, updated_at = now()
    WHERE id = $1
    RETURNING *
)
SELECT {COLUMNS} FROM revised o {JOINS}
"""
_DROP_LINES = "DELETE FROM order_items WHERE order_id = $1 AND product_id <> ALL($2::uuid[])"
# A line that stays keeps its number, and whatever refers to it.
_PUT_LINES = """
INSERT INTO order_items (
    order_id, line, product_id, name, product_class, quantity, unit_price_cents, total_price_cents,
    net_weight_mg, thc_mg, tax_state_cents, tax_cannabis_cents, tax_local_cents
)
SELECT $1, l.line + (SELECT coalesce(max(line), 0) FROM order_items WHERE order_id = $1),
       l.product_id, l.name, l.product_class, l.quantity, l.unit_price, l.total, l.weight, l.thc,
       l.state, l.cannabis, l.local
FROM unnest(
    $2::uuid[], $3::text[], $4::text[], $5::int[], $6::int[], $7::int[], $8::int[], $9::int[], $10::int[],
    $11::int[], $12::int[]
) WITH ORDINALITY AS l (
    product_id, name, product_class, quantity, unit_price, total, weight, thc, state, cannabis, local, line
)
ON CONFLICT (order_id, product_id) DO UPDATE SET
    quantity = EXCLUDED.quantity, unit_price_cents = EXCLUDED.unit_price_cents,
    total_price_cents = EXCLUDED.total_price_cents, tax_state_cents = EXCLUDED.tax_state_cents,
    tax_cannabis_cents = EXCLUDED.tax_cannabis_cents, tax_local_cents = EXCLUDED.tax_local_cents
"""
_AMENDMENT_COLUMNS = """
id, order_id, proposed_by, by_customer, status, reason, lines, before, after, restock, revision, expires_at,
created_at, settled_at
"""
_INSERT_AMENDMENT = f"""
INSERT INTO order_amendments (
    id, order_id, proposed_by, by_customer, status, reason, lines, before, after, restock, revision, expires_at,
    settled_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, CASE WHEN $5 = 'applied' THEN now() END)
RETURNING {_AMENDMENT_COLUMNS}
"""
_FIND_AMENDMENT = f"SELECT {_AMENDMENT_COLUMNS} FROM order_amendments WHERE order_id = $1 AND id = $2"
_FIND_WAITING_AMENDMENT = (
    f"SELECT {_AMENDMENT_COLUMNS} FROM order_amendments WHERE order_id = $1 AND status IN ('open', 'paying')"
)
_LIST_AMENDMENTS = f"""
SELECT {_AMENDMENT_COLUMNS} FROM order_amendments WHERE order_id = $1 ORDER BY created_at DESC, id DESC LIMIT 100
"""
_SETTLE_AMENDMENT = f"""
UPDATE order_amendments SET status = $2, settled_at = now() WHERE id = $1 AND status IN ('open', 'paying')
RETURNING {_AMENDMENT_COLUMNS}
"""
_BEGIN_PAYING = f"""
UPDATE order_amendments SET status = 'paying', expires_at = $2 WHERE id = $1 AND status = 'open'
RETURNING {_AMENDMENT_COLUMNS}
"""
_EXPIRED_AMENDMENTS = """
SELECT order_id, id FROM order_amendments
WHERE status IN ('open', 'paying') AND expires_at < $1 ORDER BY expires_at LIMIT 100
"""


async def revise_order(
    tx: Tx,
    order: Order,
    revision: Revision,
    settled: Resettled,
    *,
    total_cents: int,
    payment_status: str,
    paid_cents: int,
) -> Order:
    """Write other goods and sums onto an order whose row the caller holds, and return it as it is then."""
    items = revision.items
    await tx.execute(_DROP_LINES, order.id, [item.product_id for item in items])
    await tx.execute(_PUT_LINES, order.id, *columns_of(items))
    row = await tx.fetchrow(
        _REVISE,
        order.id,
        revision.subtotal_cents,
        revision.tax_cents,
        revision.taxes,
        total_cents,
        settled.coins_used,
        settled.amount_due_cents,
        payment_status,
        revision.rules_hash,
        paid_cents,
    )
    return order_of(cast("Row", row))


def _amendment(row: Row) -> Amendment:
    values: dict[str, Any] = dict(row)
    kept = values.pop("revision")
    items = [Item(**{**item, "product_id": UUID(item["product_id"])}) for item in kept.pop("items")]
    return Amendment(**values, revision=Revision(items=items, **kept))


async def insert_amendment(
    tx: Tx,
    order_id: UUID,
    *,
    proposed_by: UUID,
    by_customer: bool,
    status: str,
    reason: str | None,
    lines: list[dict[str, Any]],
    before: dict[str, Any],
    after: dict[str, Any],
    restock: bool,
    revision: Revision,
    expires_at: datetime,
) -> Amendment:
    row = await tx.fetchrow(
        _INSERT_AMENDMENT,
        new_id(),
        order_id,
        proposed_by,
        by_customer,
        status,
        reason,
        lines,
        before,
        after,
        restock,
        asdict(revision),
        expires_at,
    )
    return _amendment(cast("Row", row))


async def find_amendment(tx: Tx, order_id: UUID, amendment_id: UUID) -> Amendment | None:
    row = await tx.fetchrow(_FIND_AMENDMENT, order_id, amendment_id)
    return None if row is None else _amendment(row)


async def find_waiting_amendment(tx: Tx, order_id: UUID) -> Amendment | None:
    """Return the change of an order that waits for its answer or its money; there is at most one."""
    row = await tx.fetchrow(_FIND_WAITING_AMENDMENT, order_id)
    return None if row is None else _amendment(row)


async def list_amendments(db: Database, order_id: UUID) -> list[Amendment]:
    return [_amendment(row) for row in await db.fetch(_LIST_AMENDMENTS, order_id)]


async def settle_amendment(tx: Tx, amendment_id: UUID, status: str) -> Amendment | None:
    """End a change that waits; None when it is over already."""
    row = await tx.fetchrow(_SETTLE_AMENDMENT, amendment_id, status)
    return None if row is None else _amendment(row)


async def begin_paying(tx: Tx, amendment_id: UUID, expires_at: datetime) -> Amendment:
    """Let an open proposal, whose order the caller holds, wait for its money."""
    row = await tx.fetchrow(_BEGIN_PAYING, amendment_id, expires_at)
    return _amendment(cast("Row", row))


async def list_expired_amendments(db: Database, now: datetime) -> list[tuple[UUID, UUID]]:
    """Return the orders and proposals whose time to consent is over."""
    return [(row["order_id"], row["id"]) for row in await db.fetch(_EXPIRED_AMENDMENTS, now)]
