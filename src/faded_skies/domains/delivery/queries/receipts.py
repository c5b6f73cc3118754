"""SQL of what a receipt tells beyond its order."""

from uuid import UUID

from faded_skies.platform.db import Database, Row

_AROUND = """
SELECT c.full_name AS customer_name, split_part(d.full_name, ' ', 1) AS driver_first_name, d.employee_no,
       h.signature IS NOT NULL AS signed, h.handed_over_at
FROM orders o
JOIN users c ON c.id = o.user_id
LEFT JOIN users d ON d.id = o.driver_id
LEFT JOIN handovers h ON h.order_id = o.id
WHERE o.id = $1
"""
_REFUNDS = """
SELECT amount_cents, status, coalesce(settled_at, created_at) AS at FROM refunds
WHERE order_id = $1 AND status <> 'failed' ORDER BY created_at, id
"""
_PACKED_BY = """
SELECT split_part(u.full_name, ' ', 1) AS first_name, u.employee_no
FROM audit_log a JOIN users u ON u.id = a.actor_id
WHERE a.object_type = 'order' AND a.object_id = $1 AND a.action IN ('order.packed', 'order.preparing')
ORDER BY a.seq DESC LIMIT 1
"""


async def get_around(db: Database, order_id: UUID) -> Row:
    """Return whose order it is and who brought it."""
    (row,) = await db.fetch(_AROUND, order_id)
    return row


async def list_refunds(db: Database, order_id: UUID) -> list[Row]:
    return await db.fetch(_REFUNDS, order_id)


async def find_packer(db: Database, order_id: UUID) -> Row | None:
    """Return the first name and the employee number of who packed the order."""
    return await db.fetchrow(_PACKED_BY, order_id)
