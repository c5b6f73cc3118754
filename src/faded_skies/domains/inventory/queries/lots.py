"""SQL of lots, their units, and what was packed of them.

Lots are locked after stock levels, in the order of their ids.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from faded_skies.domains.inventory.models import Lab, Lot, LotMovement, NewLot, Package, Traced
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.ids import new_id

_COLUMNS = """
    l.id, l.product_id, p.name AS product_name, l.tag, l.received, l.quantity, l.lab_result, l.lab_name, l.tested_on,
    l.lab_url, l.expires_on, l.status, l.on_sale, l.note, l.received_at
"""
_LOCK = f"""
SELECT {_COLUMNS} FROM lots l JOIN products p ON p.id = l.product_id
WHERE l.id = ANY($1::uuid[]) ORDER BY l.id FOR NO KEY UPDATE OF l
"""
_IDS_OF_TAGS = "SELECT id, product_id FROM lots WHERE tag = ANY($1::text[])"
_EXPIRED = """
SELECT id FROM lots WHERE status = 'active' AND expires_on IS NOT NULL AND expires_on < $1 ORDER BY id LIMIT 500
"""
_OVER = """
SELECT id FROM lots
WHERE product_id = ANY($1::uuid[]) AND status = 'active' AND on_sale AND expires_on < $2 ORDER BY id
"""
_PRODUCT_OF = "SELECT product_id FROM lots WHERE id = $1"
_INSERT = """
INSERT INTO lots (
    id, product_id, tag, received, quantity, lab_result, lab_name, tested_on, lab_url, expires_on, status, on_sale, note
)
VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8, $9, 'active', $10, $11)
ON CONFLICT (tag) DO NOTHING
"""
_SET_STATUS = "UPDATE lots SET status = $2, on_sale = $3, updated_at = now() WHERE id = $1"
_SET_LAB = """
UPDATE lots SET lab_result = $2, lab_name = $3, tested_on = $4, lab_url = $5, on_sale = $6, updated_at = now()
WHERE id = $1
"""
_MOVE = """
WITH moved AS (
    UPDATE lots l SET quantity = l.quantity + m.change, updated_at = now()
    FROM unnest($1::uuid[], $2::uuid[], $3::int[]) AS m (id, lot_id, change)
    WHERE l.id = m.lot_id
    RETURNING m.id, m.lot_id, m.change
)
INSERT INTO lot_movements (id, lot_id, change, reason, order_id, actor_id, note)
SELECT id, lot_id, change, $4, $5, $6, $7 FROM moved
"""
_LIST = f"""
SELECT {_COLUMNS}, count(*) OVER ()::int AS total
FROM lots l JOIN products p ON p.id = l.product_id
WHERE ($1::uuid IS NULL OR l.product_id = $1) AND ($2::text IS NULL OR l.status = $2)
  AND ($3::text IS NULL OR l.tag = $3)
ORDER BY l.received_at DESC, l.id DESC LIMIT $4 OFFSET $5
"""
_FIND = f"SELECT {_COLUMNS} FROM lots l JOIN products p ON p.id = l.product_id WHERE l.id = $1"
_MOVEMENTS = """
SELECT change, reason, order_id, actor_id, note, created_at FROM lot_movements
WHERE lot_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1000
"""
_TRACE = """
SELECT o.id AS order_id, o.order_number, o.status, k.quantity, k.returned, k.packed_at
FROM order_packages k JOIN orders o ON o.id = k.order_id WHERE k.lot_id = $1 ORDER BY k.packed_at, o.id
"""
_PACKAGES = """
SELECT k.order_id, k.product_id, k.lot_id, l.tag, k.quantity, k.returned, k.packed_at
FROM order_packages k JOIN lots l ON l.id = k.lot_id WHERE k.order_id = ANY($1::uuid[]) ORDER BY k.packed_at, k.lot_id
"""
_PACK = """
INSERT INTO order_packages (order_id, product_id, lot_id, quantity, packed_by)
SELECT $1, product_id, lot_id, quantity, $5
FROM unnest($2::uuid[], $3::uuid[], $4::int[]) AS n (product_id, lot_id, quantity)
ON CONFLICT (order_id, lot_id) DO UPDATE SET quantity = order_packages.quantity + excluded.quantity
"""
_UNPACK = "DELETE FROM order_packages WHERE order_id = $1 AND lot_id = $2"
_RETURNED = """
UPDATE order_packages k SET returned = k.returned + n.units
FROM unnest($2::uuid[], $3::int[]) AS n (lot_id, units) WHERE k.order_id = $1 AND k.lot_id = n.lot_id
"""
_TRACKED = "SELECT DISTINCT product_id FROM lots WHERE product_id = ANY($1::uuid[])"
_UNTRACKED_UNITS = """
SELECT s.quantity - s.owed - coalesce((SELECT sum(l.quantity) FROM lots l WHERE l.product_id = $1 AND l.on_sale), 0)
    + coalesce((
        SELECT sum(i.quantity - coalesce((
            SELECT sum(k.quantity) FROM order_packages k WHERE k.order_id = i.order_id AND k.product_id = $1
        ), 0))
        FROM order_items i JOIN orders o ON o.id = i.order_id
        WHERE i.product_id = $1 AND o.status IN ('pending', 'payment_failed', 'confirmed', 'preparing')
    ), 0)
FROM stock_levels s WHERE s.product_id = $1
"""


async def lock_lots(tx: Tx, lot_ids: Sequence[UUID]) -> list[Lot]:
    return [Lot(**dict(row)) for row in await tx.fetch(_LOCK, list(lot_ids))]


async def find_ids_of_tags(tx: Tx, tags: Sequence[str]) -> dict[UUID, UUID]:
    """Return the lots of these tags, each with its product."""
    return {row["id"]: row["product_id"] for row in await tx.fetch(_IDS_OF_TAGS, list(tags))}


async def find_product_of(tx: Tx, lot_id: UUID) -> UUID | None:
    product_id: UUID | None = await tx.fetchval(_PRODUCT_OF, lot_id)
    return product_id


async def list_expired(db: Database, today: date) -> list[UUID]:
    """Return active lots whose last day is over."""
    return [row["id"] for row in await db.fetch(_EXPIRED, today)]


async def list_over(tx: Tx, product_ids: Sequence[UUID], today: date) -> list[UUID]:
    """Return lots of these products that are on sale and whose last day is over."""
    return [row["id"] for row in await tx.fetch(_OVER, list(product_ids), today)]


async def insert_lot(tx: Tx, lot: NewLot, *, on_sale: bool) -> bool:
    """Write a lot; False when another one has its tag."""
    lab = lot.lab
    return bool(
        await tx.execute(
            _INSERT,
            lot.id,
            lot.product_id,
            lot.tag,
            lot.quantity,
            lab.result,
            lab.name,
            lab.tested_on,
            lab.url,
            lot.expires_on,
            on_sale,
            lot.note,
        )
    )


async def set_status(tx: Tx, lot_id: UUID, status: str, *, on_sale: bool) -> None:
    await tx.execute(_SET_STATUS, lot_id, status, on_sale)


async def set_lab(tx: Tx, lot_id: UUID, lab: Lab, *, on_sale: bool) -> None:
    await tx.execute(_SET_LAB, lot_id, lab.result, lab.name, lab.tested_on, lab.url, on_sale)


async def move_units(
    tx: Tx,
    changes: Mapping[UUID, int],
    *,
    reason: str,
    order_id: UUID | None,
    actor_id: UUID | None,
    note: str | None = None,
) -> None:
    """Change what lies in lots and record why."""
    await tx.execute(
        _MOVE,
        [new_id() for _ in changes],
        list(changes),
        list(changes.values()),
        reason,
        order_id,
        actor_id,
        note,
    )


async def list_lots(
    db: Database, *, product_id: UUID | None, status: str | None, tag: str | None, limit: int, offset: int
) -> tuple[list[Lot], int]:
    rows = [dict(row) for row in await db.fetch(_LIST, product_id, status, tag, limit, offset)]
    total = rows[0]["total"] if rows else 0
    for row in rows:
        del row["total"]
    return [Lot(**row) for row in rows], total


async def find_lot(source: Database | Tx, lot_id: UUID) -> Lot | None:
    row = await source.fetchrow(_FIND, lot_id)
    return None if row is None else Lot(**dict(row))


async def list_movements(db: Database, lot_id: UUID) -> list[LotMovement]:
    return [LotMovement(**dict(row)) for row in await db.fetch(_MOVEMENTS, lot_id)]


async def list_traced(source: Database | Tx, lot_id: UUID) -> list[Traced]:
    return [Traced(**dict(row)) for row in await source.fetch(_TRACE, lot_id)]


async def list_packages(source: Database | Tx, *order_ids: UUID) -> list[Package]:
    return [Package(**dict(row)) for row in await source.fetch(_PACKAGES, list(order_ids))]


async def insert_packages(
    tx: Tx, order_id: UUID, lots: Mapping[UUID, UUID], units: Mapping[UUID, int], *, actor_id: UUID
) -> None:
    """Bind units of lots to an order; `lots` has the product of each."""
    await tx.execute(
        _PACK, order_id, [lots[lot_id] for lot_id in units], list(units), list(units.values()), actor_id
    )


async def delete_package(tx: Tx, order_id: UUID, lot_id: UUID) -> None:
    await tx.execute(_UNPACK, order_id, lot_id)


async def count_returned(tx: Tx, order_id: UUID, units: Mapping[UUID, int]) -> None:
    await tx.execute(_RETURNED, order_id, list(units), list(units.values()))


async def find_tracked(tx: Tx, product_ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these products have lots."""
    return {row["product_id"] for row in await tx.fetch(_TRACKED, list(product_ids))}


async def count_untracked_units(tx: Tx, product_id: UUID) -> int:
    """Return how many units of a product, on the shelf or promised and not packed, belong to no lot."""
    count: int = await tx.fetchval(_UNTRACKED_UNITS, product_id) or 0
    return count
