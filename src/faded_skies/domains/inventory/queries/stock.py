"""SQL of stock levels and movements."""

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from faded_skies.domains.inventory.models import LowStock, StockLevel, StockMovement
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.ids import new_id

# Rows are locked in the order of their ids, so two orders of the same products wait and never deadlock.
_LOCK = """
SELECT product_id, quantity FROM stock_levels
WHERE product_id = ANY($1::uuid[]) ORDER BY product_id FOR NO KEY UPDATE
"""
# What comes back is owed first. Only goods that go off sale ($8) may be more than there are; else the check refuses.
_MOVE = """
WITH moved AS (
    UPDATE stock_levels s SET
        quantity = CASE WHEN m.change < 0 AND NOT $8 THEN s.quantity + m.change
                        ELSE greatest(s.quantity - s.owed + m.change, 0) END,
        owed = CASE WHEN m.change < 0 AND NOT $8 THEN s.owed
                    ELSE greatest(s.owed - s.quantity - m.change, 0) END,
        updated_at = now()
    FROM unnest($1::uuid[], $2::uuid[], $3::int[]) AS m (id, product_id, change)
    WHERE s.product_id = m.product_id
    RETURNING m.id, m.product_id, m.change
)
INSERT INTO stock_movements (id, product_id, change, reason, order_id, actor_id, return_id, note)
SELECT id, product_id, change, $4, $5, $6, $7, $9 FROM moved
"""
_TAKEN = """
SELECT product_id, -sum(change)::int AS quantity FROM stock_movements
WHERE order_id = $1 GROUP BY product_id HAVING sum(change) < 0 ORDER BY product_id
"""
_OPEN = """
WITH opened AS (
    INSERT INTO stock_levels (product_id, quantity)
    SELECT product_id, quantity FROM unnest($1::uuid[], $2::int[]) AS n (product_id, quantity)
)
INSERT INTO stock_movements (id, product_id, change, reason)
SELECT id, product_id, quantity, 'opening'
FROM unnest($3::uuid[], $1::uuid[], $2::int[]) AS n (id, product_id, quantity)
WHERE quantity > 0
"""


_LEVEL = "SELECT quantity, owed FROM stock_levels WHERE product_id = $1"
_MOVEMENTS = """
SELECT m.id, m.change, m.reason, m.note, m.order_id, m.actor_id, a.full_name AS actor_name, m.created_at
FROM stock_movements m LEFT JOIN users a ON a.id = m.actor_id
WHERE m.product_id = $1 ORDER BY m.created_at DESC, m.id DESC LIMIT $2 OFFSET $3
"""
_COUNT_MOVEMENTS = "SELECT count(*) FROM stock_movements WHERE product_id = $1"
_WANTED_LOW = """
FROM stock_levels s JOIN products p ON p.id = s.product_id AND p.is_active JOIN categories c ON c.id = p.category_id
WHERE s.quantity < $1
"""
_LOW = f"""
SELECT p.id AS product_id, p.name, c.slug AS category, s.quantity, s.owed
{_WANTED_LOW} ORDER BY s.quantity, lower(p.name), p.id LIMIT $2 OFFSET $3
"""
_COUNT_LOW = f"SELECT count(*) {_WANTED_LOW}"


async def lock_levels(tx: Tx, product_ids: Sequence[UUID]) -> dict[UUID, int]:
    rows = await tx.fetch(_LOCK, list(product_ids))
    return {row["product_id"]: row["quantity"] for row in rows}


async def move_stock(
    tx: Tx,
    changes: dict[UUID, int],
    *,
    reason: str,
    order_id: UUID | None,
    actor_id: UUID | None,
    return_id: UUID | None = None,
    may_owe: bool = False,
    note: str | None = None,
) -> int:
    """Change the levels and record why; returns how many products were touched.

    With `may_owe` orders may be left counting on goods that are not on sale any more.
    """
    return await tx.execute(
        _MOVE,
        [new_id() for _ in changes],
        list(changes),
        list(changes.values()),
        reason,
        order_id,
        actor_id,
        return_id,
        may_owe,
        note,
    )


async def list_taken(tx: Tx, order_id: UUID) -> dict[UUID, int]:
    """Return what the order took and has not given back."""
    rows = await tx.fetch(_TAKEN, order_id)
    return {cast("UUID", row["product_id"]): row["quantity"] for row in rows}


async def find_level(db: Database | Tx, product_id: UUID) -> StockLevel | None:
    row = await db.fetchrow(_LEVEL, product_id)
    return None if row is None else StockLevel(**dict(row))


async def list_movements(
    db: Database | Tx, product_id: UUID, *, limit: int, offset: int
) -> tuple[list[StockMovement], int]:
    rows = await db.fetch(_MOVEMENTS, product_id, limit, offset)
    return [StockMovement(**dict(row)) for row in rows], await db.fetchval(_COUNT_MOVEMENTS, product_id)


async def list_low(db: Database, *, below: int, limit: int, offset: int) -> tuple[list[LowStock], int]:
    rows = await db.fetch(_LOW, below, limit, offset)
    total = await db.count(_COUNT_LOW, below, rows=len(rows), limit=limit, offset=offset)
    return [LowStock(**dict(row)) for row in rows], total


async def open_levels(tx: Tx, levels: dict[UUID, int]) -> None:
    await tx.execute(_OPEN, list(levels), list(levels.values()), [new_id() for _ in levels])
