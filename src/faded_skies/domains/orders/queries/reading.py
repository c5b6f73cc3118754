"""SQL that reads and holds orders. Who may see an order is part of each statement."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from faded_skies.domains.orders.models import Item, Order, TrackingLine
from faded_skies.domains.orders.rules import Status
from faded_skies.platform.actor import Actor, Role
from faded_skies.platform.db import Database, Row, Tx

COLUMNS = """
       o.id, o.order_number, o.user_id, o.cart_id, o.status, o.subtotal_cents, o.tax_cents, o.taxes,
       o.delivery_fee_cents, o.tip_cents, o.total_cents, o.coins_used, o.coins_returned, o.amount_due_cents,
       o.paid_cents, o.refunded_cents, o.payment_status, o.tender, o.payment_method_id,
       jsonb_build_object('id', m.id, 'type', m.type, 'lastFour', m.last_four, 'cardBrand', m.card_brand)
           AS payment_method,
       o.delivery_address, o.special_instructions, o.eta_at, o.eta_source, o.driver_id,
       split_part(d.full_name, ' ', 1) AS driver_first_name,
       o.hold_expires_at, o.packed_at, o.delivered_at, o.created_at, o.updated_at
"""
JOINS = """
JOIN payment_methods m ON m.id = o.payment_method_id
LEFT JOIN users d ON d.id = o.driver_id
"""
_SELECT = f"SELECT {COLUMNS} FROM orders o {JOINS}"

# Access is a query: whoever may not see an order finds none.
_MAY_SEE = {
    Role.CUSTOMER: " AND o.user_id = $2",
    Role.DRIVER: " AND o.driver_id = $2",
    Role.AGENT: " AND $2::uuid IS NOT NULL",
    Role.ADMIN: " AND $2::uuid IS NOT NULL",
}
_GET_FOR = {role: _SELECT + " WHERE o.id = $1" + clause for role, clause in _MAY_SEE.items()}
# The row is held first and joined as it is then: a join made before would be judged again by the old rows of the other
# tables once the lock is there, and an order whose way to pay was changed meanwhile would be lost.
_HELD_ORDER = "WITH o AS MATERIALIZED (SELECT * FROM orders o WHERE {} FOR NO KEY UPDATE) "
_READ_HELD = f"SELECT {COLUMNS} FROM o {JOINS}"
_LOCK_FOR = {role: _HELD_ORDER.format("o.id = $1" + clause) + _READ_HELD for role, clause in _MAY_SEE.items()}
_LOCK = _HELD_ORDER.format("o.id = $1") + _READ_HELD
_LOCK_BY_CART = _HELD_ORDER.format("o.cart_id = $1 AND o.status <> 'cancelled'") + _READ_HELD
_FIND = _SELECT + " WHERE o.id = $1"
_LIST = _SELECT + " WHERE o.user_id = $1 ORDER BY o.created_at DESC, o.id DESC LIMIT $2 OFFSET $3"
_LIST_STATUS = (
    _SELECT
    + " WHERE o.user_id = $1 AND o.status = $4 ORDER BY o.created_at DESC, o.id DESC LIMIT $2 OFFSET $3"
)
_COUNT = "SELECT count(*) FROM orders WHERE user_id = $1 AND ($2::text IS NULL OR status = $2)"
_ITEMS = """
SELECT order_id, product_id, name, product_class, quantity, unit_price_cents, total_price_cents, net_weight_mg, thc_mg,
       tax_state_cents, tax_cannabis_cents, tax_local_cents, refunded_quantity
FROM order_items WHERE order_id = ANY($1::uuid[]) ORDER BY order_id, line
"""
_ASKED_BACK = """
SELECT coalesce(sum(amount_cents), 0)::int FROM refunds WHERE order_id = $1 AND status <> 'failed'
"""
_EARNED = "SELECT amount FROM rewards_transactions WHERE order_id = $1 AND type = 'earned'"
_TRACKING = """
SELECT id, status, message, latitude, longitude, created_at FROM order_tracking WHERE order_id = $1
ORDER BY created_at, id
"""
_FIND_TOLD_AT = """
SELECT min(created_at) FROM order_tracking WHERE order_id = $1 AND status = $2 AND created_at >= $3
"""
_DRIVER_OF = "SELECT driver_id FROM orders WHERE id = $1"
_EXPIRED = "SELECT id FROM orders WHERE hold_expires_at < $1 ORDER BY hold_expires_at LIMIT 100"
# What is still to be brought may be brought today, so it counts like what was ordered or brought today; and so does
# what a change waits to pay for.
_BOUGHT_SINCE = """
WITH counted AS (
    SELECT o.id FROM orders o
    WHERE o.user_id = $1 AND o.status NOT IN ('cancelled', 'returned')
      AND (o.created_at >= $2 OR o.status <> 'delivered' OR o.delivered_at >= $2)
      -- The unpaid order of the same cart is replaced by the next one, so it is not bought besides it.
      AND (o.cart_id = $3 AND o.status = 'payment_failed') IS NOT TRUE
      AND o.id IS DISTINCT FROM $4
)
SELECT i.product_id, i.name, i.product_class, i.quantity, i.unit_price_cents, i.total_price_cents, i.net_weight_mg,
       i.thc_mg, 0 AS tax_state_cents, 0 AS tax_cannabis_cents, 0 AS tax_local_cents, i.refunded_quantity
FROM counted c JOIN order_items i ON i.order_id = c.id
UNION ALL
SELECT n.product_id, n.name, n.product_class, n.quantity - coalesce(i.quantity, 0), n.unit_price_cents,
       n.unit_price_cents * (n.quantity - coalesce(i.quantity, 0)), n.net_weight_mg, n.thc_mg, 0, 0, 0, 0
FROM counted c
JOIN order_amendments a ON a.order_id = c.id AND a.status = 'paying'
CROSS JOIN jsonb_to_recordset(a.revision -> 'items') AS n (
    product_id uuid, name text, product_class text, quantity int, unit_price_cents int, net_weight_mg int, thc_mg int
)
LEFT JOIN order_items i ON i.order_id = c.id AND i.product_id = n.product_id
WHERE n.quantity > coalesce(i.quantity, 0)
"""
# A neighbour behind another door of the house is another address; another way to write one's own door is not.
_SAME_ADDRESS = """
lower(delivery_address ->> 'addressLine1') = lower($1) AND left(delivery_address ->> 'zipCode', 5) = left($2, 5)
  AND (user_id = $4 OR lower(coalesce(delivery_address ->> 'addressLine2', '')) = lower($5))
"""
# Orders on their way to the address count too: two at once must not both be the first.
_DELIVERIES_TO = f"""
SELECT count(*)::int FROM orders WHERE {_SAME_ADDRESS}
  AND (status IN ('pending', 'confirmed', 'preparing', 'out_for_delivery') OR delivered_at >= $3)
  AND created_at >= $3 - interval '7 days' AND id IS DISTINCT FROM $6
"""
_HANDED_OVER_AT = f"SELECT count(*)::int FROM orders WHERE {_SAME_ADDRESS} AND delivered_at >= $3"
_LOCK_ADDRESS = "SELECT pg_advisory_xact_lock(hashtextextended(lower($1) || left($2, 5), 20))"


async def find_told_at(db: Database, order_id: UUID, *, status: str, since: datetime) -> datetime | None:
    """Return the time of the first line of the story since then that says the order stands so."""
    found: datetime | None = await db.fetchval(_FIND_TOLD_AT, order_id, status, since)
    return found


def order_of(row: Row) -> Order:
    values = dict(row)
    values["status"] = Status(values["status"])
    return Order(**values)


def _item(row: Row) -> Item:
    return Item(
        row["product_id"],
        row["name"],
        row["product_class"],
        row["quantity"],
        row["unit_price_cents"],
        row["total_price_cents"],
        row["net_weight_mg"],
        row["thc_mg"],
        row["tax_state_cents"],
        row["tax_cannabis_cents"],
        row["tax_local_cents"],
        row["refunded_quantity"],
    )


async def find_order_for(source: Database | Tx, actor: Actor, order_id: UUID) -> Order | None:
    row = await source.fetchrow(_GET_FOR[actor.role], order_id, actor.id)
    return None if row is None else order_of(row)


async def find_order(tx: Tx, order_id: UUID) -> Order | None:
    row = await tx.fetchrow(_FIND, order_id)
    return None if row is None else order_of(row)


async def _fetch_held(tx: Tx, statement: str, *values: object) -> Row | None:
    """Return an order and hold it; asked again, a way to pay that was added while we waited is there too."""
    return await tx.fetchrow(statement, *values) or await tx.fetchrow(statement, *values)


async def lock_order_for(tx: Tx, actor: Actor, order_id: UUID) -> Order | None:
    row = await _fetch_held(tx, _LOCK_FOR[actor.role], order_id, actor.id)
    return None if row is None else order_of(row)


async def lock_order(tx: Tx, order_id: UUID) -> Order | None:
    row = await _fetch_held(tx, _LOCK, order_id)
    return None if row is None else order_of(row)


async def lock_order_by_cart(tx: Tx, cart_id: UUID) -> Order | None:
    row = await tx.fetchrow(_LOCK_BY_CART, cart_id)
    return None if row is None else order_of(row)


async def list_orders(
    db: Database, user_id: UUID, *, status: Status | None, limit: int, offset: int
) -> tuple[list[Order], int]:
    rows = (
        await db.fetch(_LIST, user_id, limit, offset)
        if status is None
        else await db.fetch(_LIST_STATUS, user_id, limit, offset, status)
    )
    return [order_of(row) for row in rows], await db.fetchval(_COUNT, user_id, status)


async def list_items(source: Database | Tx, order_ids: Sequence[UUID]) -> dict[UUID, list[Item]]:
    found: dict[UUID, list[Item]] = {order_id: [] for order_id in order_ids}
    for row in await source.fetch(_ITEMS, list(order_ids)):
        found[row["order_id"]].append(_item(row))
    return found


async def list_bought_since(
    source: Database | Tx, user_id: UUID, since: datetime, *, cart_id: UUID | None, besides: UUID | None
) -> list[Item]:
    return [_item(row) for row in await source.fetch(_BOUGHT_SINCE, user_id, since, cart_id, besides)]


async def count_deliveries_to(
    tx: Tx, user_id: UUID, address: Mapping[str, Any], *, since: datetime, but: UUID | None
) -> int:
    count: int = await tx.fetchval(
        _DELIVERIES_TO,
        address["addressLine1"],
        address["zipCode"],
        since,
        user_id,
        address.get("addressLine2") or "",
        but,
    )
    return count


async def count_handed_over_at(tx: Tx, user_id: UUID, address: Mapping[str, Any], *, since: datetime) -> int:
    line, zip_code = address["addressLine1"], address["zipCode"]
    await tx.execute(_LOCK_ADDRESS, line, zip_code)
    count: int = await tx.fetchval(
        _HANDED_OVER_AT, line, zip_code, since, user_id, address.get("addressLine2") or ""
    )
    return count


async def find_asked_back(tx: Tx, order_id: UUID) -> int:
    """Return the cents of money that went back or are on their way."""
    return int(await tx.fetchval(_ASKED_BACK, order_id))


async def find_earned(tx: Tx, order_id: UUID) -> int:
    """Return the coins that an order earned."""
    return int(await tx.fetchval(_EARNED, order_id) or 0)


async def list_tracking(db: Database, order_id: UUID) -> list[TrackingLine]:
    return [TrackingLine(*row) for row in await db.fetch(_TRACKING, order_id)]


async def find_driver_of(db: Database, order_id: UUID) -> UUID | None:
    found: UUID | None = await db.fetchval(_DRIVER_OF, order_id)
    return found


async def list_expired(db: Database, now: datetime) -> list[UUID]:
    return [row["id"] for row in await db.fetch(_EXPIRED, now)]


_LIST_OPEN = """
SELECT order_number FROM orders
WHERE user_id = $1 AND status NOT IN ('delivered', 'returned', 'cancelled') ORDER BY created_at, id
"""
_HAS_RECEIVED = "SELECT EXISTS (SELECT FROM orders WHERE user_id = $1 AND status = 'delivered')"


async def list_open(tx: Tx, user_id: UUID) -> list[str]:
    """Return the numbers of a person's orders that are not over."""
    return [row["order_number"] for row in await tx.fetch(_LIST_OPEN, user_id)]


async def has_received(tx: Tx, user_id: UUID) -> bool:
    return bool(await tx.fetchval(_HAS_RECEIVED, user_id))
