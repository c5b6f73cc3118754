"""SQL of orders, their lines and their story."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from faded_skies.domains.orders.models import Amendment, EtaSet, Item, NewOrder, Order, Revision, TrackingLine
from faded_skies.domains.orders.rules import Resettled, Status
from faded_skies.platform.actor import Actor, Role
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.ids import new_id

_COLUMNS = """
       o.id, o.order_number, o.user_id, o.cart_id, o.status, o.subtotal_cents, o.tax_cents, o.taxes,
       o.delivery_fee_cents, o.tip_cents, o.total_cents, o.coins_used, o.coins_returned, o.amount_due_cents,
       o.paid_cents, o.refunded_cents, o.payment_status, o.tender, o.payment_method_id,
       jsonb_build_object('id', m.id, 'type', m.type, 'lastFour', m.last_four, 'cardBrand', m.card_brand)
           AS payment_method,
       o.delivery_address, o.special_instructions, o.eta_at, o.eta_source, o.driver_id,
       split_part(d.full_name, ' ', 1) AS driver_first_name,
       o.hold_expires_at, o.packed_at, o.delivered_at, o.created_at, o.updated_at
"""
_JOINS = """
JOIN payment_methods m ON m.id = o.payment_method_id
LEFT JOIN users d ON d.id = o.driver_id
"""
_SELECT = f"SELECT {_COLUMNS} FROM orders o {_JOINS}"

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
_READ_HELD = f"SELECT {_COLUMNS} FROM o {_JOINS}"
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
_BOARD = (
    _SELECT
    + """ WHERE ($1::text IS NULL OR o.status = $1) AND ($2::uuid IS NULL OR o.driver_id = $2)
      AND ($3::text IS NULL OR o.order_number = $3)
    ORDER BY o.created_at DESC, o.id DESC LIMIT $4 OFFSET $5"""
)
_COUNT_BOARD = """
SELECT count(*) FROM orders o WHERE ($1::text IS NULL OR o.status = $1) AND ($2::uuid IS NULL OR o.driver_id = $2)
  AND ($3::text IS NULL OR o.order_number = $3)
"""
_ITEMS = """
SELECT order_id, product_id, name, product_class, quantity, unit_price_cents, total_price_cents, net_weight_mg, thc_mg,
       tax_state_cents, tax_cannabis_cents, tax_local_cents, refunded_quantity
FROM order_items WHERE order_id = ANY($1::uuid[]) ORDER BY order_id, line
"""
# The order, its lines and the first line of its story, in one round trip.
_INSERT = f"""
WITH made AS (
    INSERT INTO orders (
        id, order_number, user_id, cart_id, delivery_address_id, delivery_address, payment_method_id, tender,
        status, subtotal_cents, tax_cents, taxes, delivery_fee_cents, tip_cents, total_cents, coins_used,
        amount_due_cents, payment_status, hold_expires_at, special_instructions, rules_hash, eta_at
    ) VALUES (
        $1, 'FS-' || nextval('order_numbers'), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
        $16, $17, $18, $19, $20, $21
    ) RETURNING *
), lines AS (
    INSERT INTO order_items (
        order_id, line, product_id, name, product_class, quantity, unit_price_cents, total_price_cents,
        net_weight_mg, thc_mg, tax_state_cents, tax_cannabis_cents, tax_local_cents
    )
    SELECT made.id, l.line, l.product_id, l.name, l.product_class, l.quantity, l.unit_price, l.total, l.weight, l.thc,
           l.state, l.cannabis, l.local
    FROM made, unnest(
        $22::uuid[], $23::text[], $24::text[], $25::int[], $26::int[], $27::int[], $28::int[], $29::int[],
        $30::int[], $31::int[], $32::int[]
    ) WITH ORDINALITY AS l (
        product_id, name, product_class, quantity, unit_price, total, weight, thc, state, cannabis, local, line
    )
), story AS (
    INSERT INTO order_tracking (id, order_id, status, message) SELECT $33, made.id, $8, $34 FROM made
)
SELECT {_COLUMNS} FROM made o {_JOINS}
"""
_MOVE = f"""
WITH moved AS (
    UPDATE orders SET
        status = $2,
        hold_expires_at = CASE WHEN $2 IN ('pending', 'payment_failed') THEN hold_expires_at END,
        delivered_at = CASE WHEN $2 = 'delivered' THEN now() END,
        eta_at = CASE WHEN $2 IN ('delivered', 'returned', 'cancelled') THEN NULL ELSE eta_at END,
        eta_source = NULL,
        paid_cents = coalesce($3, paid_cents),
        payment_status = coalesce($4, payment_status),
        updated_at = now()
    WHERE id = $1
    RETURNING *
), story AS (
    INSERT INTO order_tracking (id, order_id, status, message, latitude, longitude)
    SELECT $5, id, $2, $6, $7, $8 FROM moved
)
SELECT {_COLUMNS} FROM moved o {_JOINS}
"""
_NOTE = """
INSERT INTO order_tracking (id, order_id, status, message, latitude, longitude)
SELECT $2, o.id, o.status, $3, $4, $5 FROM orders o WHERE o.id = $1
"""
_SET_PAYMENT = "UPDATE orders SET payment_status = $2, updated_at = now() WHERE id = $1"
_SET_METHOD = """
UPDATE orders SET payment_method_id = $2, tender = $3, payment_status = 'processing', updated_at = now() WHERE id = $1
"""
_SET_PAID = """
UPDATE orders SET payment_status = 'paid', paid_cents = $2, updated_at = now() WHERE id = $1
"""
# Counted anew from the refunds themselves, so that hearing of one twice changes nothing.
_COUNT_REFUNDED = """
WITH back AS (
    SELECT coalesce(sum(amount_cents), 0)::int AS cents FROM refunds WHERE order_id = $1 AND status = 'succeeded'
)
UPDATE orders SET refunded_cents = back.cents, updated_at = now(),
    payment_status = CASE
        WHEN back.cents = paid_cents AND paid_cents > 0 THEN 'refunded'
        WHEN payment_status = 'refunded' THEN 'refund_pending'
        ELSE payment_status
    END
FROM back WHERE id = $1
"""
_ASKED_BACK = """
SELECT coalesce(sum(amount_cents), 0)::int FROM refunds WHERE order_id = $1 AND status <> 'failed'
"""
_COUNT_COINS_BACK = "UPDATE orders SET coins_returned = coins_returned + $2, updated_at = now() WHERE id = $1"
_COUNT_UNITS_BACK = """
UPDATE order_items i SET refunded_quantity = i.refunded_quantity + b.units
FROM unnest($2::uuid[], $3::int[]) AS b (product_id, units)
WHERE i.order_id = $1 AND i.product_id = b.product_id
"""
_TAKE_LINES = """
UPDATE refunds r SET lines = '[]' FROM (SELECT id, lines FROM refunds WHERE id = $1 FOR UPDATE) AS was
WHERE r.id = was.id RETURNING was.lines
"""
_EARNED = "SELECT amount FROM rewards_transactions WHERE order_id = $1 AND type = 'earned'"
_SET_DRIVER = "UPDATE orders SET driver_id = $2, updated_at = now() WHERE id = $1"
_SET_PACKED = "UPDATE orders SET packed_at = CASE WHEN $2 THEN coalesce(packed_at, now()) END WHERE id = $1"
# What the customer was told is what they saw first, until they are told of another time.
_SET_ETAS = """
WITH was AS (
    SELECT id, eta_at, coalesce(eta_told_at, eta_at) AS told_at FROM orders
    WHERE id = ANY($2::uuid[]) AND driver_id = $1 AND status = 'out_for_delivery'
    ORDER BY id FOR NO KEY UPDATE
), found AS (
    SELECT was.*, n.eta_at AS new_at, coalesce(abs(extract(epoch FROM n.eta_at - was.told_at)) > $5, true) AS is_news
    FROM was JOIN unnest($2::uuid[], $3::timestamptz[]) AS n (id, eta_at) ON n.id = was.id
)
UPDATE orders o SET
    eta_at = f.new_at,
    eta_source = $4,
    eta_told_at = CASE WHEN f.is_news THEN f.new_at ELSE f.told_at END
FROM found f WHERE o.id = f.id
RETURNING o.id, o.user_id, o.order_number, o.eta_at,
    coalesce(abs(extract(epoch FROM f.new_at - f.eta_at)), 0)::float8 AS moved_seconds, f.is_news
"""
_TRACKING = """
SELECT id, status, message, latitude, longitude, created_at FROM order_tracking WHERE order_id = $1
ORDER BY created_at, id
"""
_DRIVER_OF = "SELECT driver_id FROM orders WHERE id = $1"
_REVISE = f"""
WITH revised AS (
    UPDATE orders SET
        subtotal_cents = $2, tax_cents = $3, taxes = $4, total_cents = $5, coins_used = $6, amount_due_cents = $7,
        payment_status = $8, rules_hash = $9, paid_cents = $10, updated_at = now()
    WHERE id = $1
    RETURNING *
)
SELECT {_COLUMNS} FROM revised o {_JOINS}
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
# Orders on their way to the address count too: two at once must not both be the first. A neighbour behind another door
# of the house is another address; another way to write one's own door is not.
_DELIVERIES_TO = """
SELECT count(*)::int FROM orders
WHERE lower(delivery_address ->> 'addressLine1') = lower($1) AND left(delivery_address ->> 'zipCode', 5) = left($2, 5)
  AND (user_id = $5 OR lower(coalesce(delivery_address ->> 'addressLine2', '')) = lower($6))
  AND (status IN ('pending', 'confirmed', 'preparing', 'out_for_delivery') OR delivered_at >= $3)
  AND created_at >= $3 - interval '7 days' AND id IS DISTINCT FROM $4
"""


def _order(row: Row) -> Order:
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
    return None if row is None else _order(row)


async def find_order(tx: Tx, order_id: UUID) -> Order | None:
    row = await tx.fetchrow(_FIND, order_id)
    return None if row is None else _order(row)


async def _fetch_held(tx: Tx, statement: str, *values: object) -> Row | None:
    """Return an order and hold it; asked again, a way to pay that was added while we waited is there too."""
    return await tx.fetchrow(statement, *values) or await tx.fetchrow(statement, *values)


async def lock_order_for(tx: Tx, actor: Actor, order_id: UUID) -> Order | None:
    row = await _fetch_held(tx, _LOCK_FOR[actor.role], order_id, actor.id)
    return None if row is None else _order(row)


async def lock_order(tx: Tx, order_id: UUID) -> Order | None:
    row = await _fetch_held(tx, _LOCK, order_id)
    return None if row is None else _order(row)


async def lock_order_by_cart(tx: Tx, cart_id: UUID) -> Order | None:
    row = await tx.fetchrow(_LOCK_BY_CART, cart_id)
    return None if row is None else _order(row)


async def list_orders(
    db: Database, user_id: UUID, *, status: Status | None, limit: int, offset: int
) -> tuple[list[Order], int]:
    rows = (
        await db.fetch(_LIST, user_id, limit, offset)
        if status is None
        else await db.fetch(_LIST_STATUS, user_id, limit, offset, status)
    )
    return [_order(row) for row in rows], await db.fetchval(_COUNT, user_id, status)


async def list_board(
    db: Database,
    *,
    status: Status | None,
    driver_id: UUID | None,
    order_number: str | None,
    limit: int,
    offset: int,
) -> tuple[list[Order], int]:
    filters = (status, driver_id, order_number)
    rows = await db.fetch(_BOARD, *filters, limit, offset)
    return [_order(row) for row in rows], await db.fetchval(_COUNT_BOARD, *filters)


async def list_items(source: Database | Tx, order_ids: Sequence[UUID]) -> dict[UUID, list[Item]]:
    found: dict[UUID, list[Item]] = {order_id: [] for order_id in order_ids}
    for row in await source.fetch(_ITEMS, list(order_ids)):
        found[row["order_id"]].append(_item(row))
    return found


async def list_bought_since(
    source: Database | Tx, user_id: UUID, since: datetime, *, cart_id: UUID | None, besides: UUID | None
) -> list[Item]:
    return [_item(row) for row in await source.fetch(_BOUGHT_SINCE, user_id, since, cart_id, besides)]


async def set_packed(tx: Tx, order_id: UUID, *, is_packed: bool) -> None:
    await tx.execute(_SET_PACKED, order_id, is_packed)


async def count_deliveries_to(
    tx: Tx, user_id: UUID, address: Mapping[str, Any], *, since: datetime, but: UUID | None
) -> int:
    count: int = await tx.fetchval(
        _DELIVERIES_TO,
        address["addressLine1"],
        address["zipCode"],
        since,
        but,
        user_id,
        address.get("addressLine2") or "",
    )
    return count


async def insert_order(
    tx: Tx,
    order: NewOrder,
    *,
    status: Status,
    payment_status: str,
    hold_expires_at: datetime | None,
    eta_at: datetime,
    message: str,
) -> Order:
    items = order.items
    row = await tx.fetchrow(
        _INSERT,
        order.id,
        order.user_id,
        order.cart_id,
        order.delivery_address_id,
        order.delivery_address,
        order.payment_method_id,
        order.tender,
        status,
        order.subtotal_cents,
        order.tax_cents,
        order.taxes,
        order.delivery_fee_cents,
        order.tip_cents,
        order.total_cents,
        order.coins_used,
        order.amount_due_cents,
        payment_status,
        hold_expires_at,
        order.special_instructions,
        order.rules_hash,
        eta_at,
        [item.product_id for item in items],
        [item.name for item in items],
        [item.product_class for item in items],
        [item.quantity for item in items],
        [item.unit_price_cents for item in items],
        [item.total_price_cents for item in items],
        [item.net_weight_mg for item in items],
        [item.thc_mg for item in items],
        [item.tax_state_cents for item in items],
        [item.tax_cannabis_cents for item in items],
        [item.tax_local_cents for item in items],
        new_id(),
        message,
    )
    return _order(cast("Row", row))


async def move_order(
    tx: Tx,
    order_id: UUID,
    *,
    to: Status,
    message: str,
    paid_cents: int | None,
    payment_status: str | None,
    latitude: float | None,
    longitude: float | None,
) -> Order:
    """Move the order, whose row the caller holds, and return it as it is then."""
    row = await tx.fetchrow(
        _MOVE, order_id, to, paid_cents, payment_status, new_id(), message, latitude, longitude
    )
    return _order(cast("Row", row))


async def insert_note(
    tx: Tx, order_id: UUID, *, message: str, latitude: float | None, longitude: float | None
) -> None:
    await tx.execute(_NOTE, order_id, new_id(), message, latitude, longitude)


async def set_payment_status(tx: Tx, order_id: UUID, payment_status: str) -> None:
    await tx.execute(_SET_PAYMENT, order_id, payment_status)


async def set_method(tx: Tx, order_id: UUID, *, method_id: UUID, tender: str) -> None:
    await tx.execute(_SET_METHOD, order_id, method_id, tender)


async def set_paid(tx: Tx, order_id: UUID, paid_cents: int) -> None:
    await tx.execute(_SET_PAID, order_id, paid_cents)


async def find_asked_back(tx: Tx, order_id: UUID) -> int:
    """Return the cents of money that went back or are on their way."""
    return int(await tx.fetchval(_ASKED_BACK, order_id))


async def count_coins_back(tx: Tx, order_id: UUID, coins: int) -> None:
    await tx.execute(_COUNT_COINS_BACK, order_id, coins)


async def count_units_back(tx: Tx, order_id: UUID, units: dict[UUID, int]) -> None:
    """Count units of products that went back; negative ones when a refund failed."""
    await tx.execute(_COUNT_UNITS_BACK, order_id, list(units), list(units.values()))


async def take_lines_of_refund(tx: Tx, refund_id: UUID) -> dict[UUID, int]:
    """Return the units that a refund gave back, by product, and forget them: a second time there are none."""
    lines = await tx.fetchval(_TAKE_LINES, refund_id) or []
    return {UUID(line["productId"]): line["quantity"] for line in lines}


async def find_earned(tx: Tx, order_id: UUID) -> int:
    """Return the coins that an order earned."""
    return int(await tx.fetchval(_EARNED, order_id) or 0)


async def count_refunded(tx: Tx, order_id: UUID) -> None:
    await tx.execute(_COUNT_REFUNDED, order_id)


async def set_driver(tx: Tx, order_id: UUID, driver_id: UUID | None) -> None:
    await tx.execute(_SET_DRIVER, order_id, driver_id)


async def set_etas(
    tx: Tx, *, driver_id: UUID, etas: Mapping[UUID, datetime], source: str, news_seconds: float
) -> list[EtaSet]:
    """Set the estimates of those of the orders that the driver has on the road."""
    rows = await tx.fetch(_SET_ETAS, driver_id, list(etas), list(etas.values()), source, news_seconds)
    return [EtaSet(*row) for row in rows]


async def list_tracking(db: Database, order_id: UUID) -> list[TrackingLine]:
    return [TrackingLine(*row) for row in await db.fetch(_TRACKING, order_id)]


async def find_driver_of(db: Database, order_id: UUID) -> UUID | None:
    found: UUID | None = await db.fetchval(_DRIVER_OF, order_id)
    return found


async def list_expired(db: Database, now: datetime) -> list[UUID]:
    return [row["id"] for row in await db.fetch(_EXPIRED, now)]


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
    products = [item.product_id for item in items]
    await tx.execute(_DROP_LINES, order.id, products)
    await tx.execute(
        _PUT_LINES,
        order.id,
        products,
        [item.name for item in items],
        [item.product_class for item in items],
        [item.quantity for item in items],
        [item.unit_price_cents for item in items],
        [item.total_price_cents for item in items],
        [item.net_weight_mg for item in items],
        [item.thc_mg for item in items],
        [item.tax_state_cents for item in items],
        [item.tax_cannabis_cents for item in items],
        [item.tax_local_cents for item in items],
    )
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
    return _order(cast("Row", row))


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


_HELD = """
SELECT o.id, o.order_number AS "orderNumber", o.status, (o.subtotal_cents / 100.0)::float8 AS subtotal, o.taxes,
       (o.delivery_fee_cents / 100.0)::float8 AS "deliveryFee", (o.tip_cents / 100.0)::float8 AS tip,
       (o.total_cents / 100.0)::float8 AS "totalAmount", o.coins_used AS "coinsUsed",
       (o.amount_due_cents / 100.0)::float8 AS "amountDue", (o.paid_cents / 100.0)::float8 AS "amountPaid",
       (o.refunded_cents / 100.0)::float8 AS "refundedAmount", o.payment_status AS "paymentStatus", o.tender,
       o.payment_method_id AS "paymentMethodId", o.delivery_address AS "deliveryAddress",
       o.special_instructions AS "specialInstructions", o.rules_hash AS "rulesHash",
       split_part(d.full_name, ' ', 1) AS "driverFirstName", o.delivered_at AS "deliveredAt",
       o.created_at AS "createdAt", o.updated_at AS "updatedAt",
       (SELECT jsonb_agg(jsonb_build_object(
            'productId', i.product_id, 'name', i.name, 'productClass', i.product_class, 'quantity', i.quantity,
            'unitPrice', i.unit_price_cents / 100.0, 'totalPrice', i.total_price_cents / 100.0) ORDER BY i.line)
        FROM order_items i WHERE i.order_id = o.id) AS items,
       (SELECT jsonb_agg(jsonb_build_object(
            'status', t.status, 'message', t.message, 'latitude', t.latitude, 'longitude', t.longitude,
            'createdAt', t.created_at) ORDER BY t.created_at, t.id)
        FROM order_tracking t WHERE t.order_id = o.id) AS tracking,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'status', a.status, 'proposedBy', CASE WHEN a.by_customer THEN 'customer' ELSE 'shop' END,
            'reason', a.reason, 'before', a.before, 'after', a.after, 'createdAt', a.created_at,
            'settledAt', a.settled_at) ORDER BY a.created_at, a.id), '[]')
        FROM order_amendments a WHERE a.order_id = o.id) AS amendments
FROM orders o LEFT JOIN users d ON d.id = o.driver_id WHERE o.user_id = $1 ORDER BY o.created_at, o.id
"""
_LIST_OPEN = """
SELECT order_number FROM orders
WHERE user_id = $1 AND status NOT IN ('delivered', 'returned', 'cancelled') ORDER BY created_at, id
"""
_HAS_RECEIVED = "SELECT EXISTS (SELECT FROM orders WHERE user_id = $1 AND status = 'delivered')"
# A sale is a record that must stay, with where it went (docs/privacy.md). What never left the shop is none.
_ERASE = """
UPDATE orders SET
    special_instructions = NULL,
    delivery_address = delivery_address || CASE WHEN status IN ('delivered', 'returned')
        THEN '{"deliveryInstructions": null}'::jsonb
        ELSE '{"name": "Erased", "addressLine1": "Erased", "addressLine2": null, "deliveryInstructions": null,
               "formattedAddress": "Erased", "latitude": null, "longitude": null}'::jsonb
    END
WHERE user_id = $1 AND status IN ('delivered', 'returned', 'cancelled')
"""


def stream_orders_of(tx: Tx, user_id: UUID) -> AsyncIterator[Row]:
    return tx.stream(_HELD, user_id)


async def list_open(tx: Tx, user_id: UUID) -> list[str]:
    """Return the numbers of a person's orders that are not over."""
    return [row["order_number"] for row in await tx.fetch(_LIST_OPEN, user_id)]


async def has_received(tx: Tx, user_id: UUID) -> bool:
    return bool(await tx.fetchval(_HAS_RECEIVED, user_id))


async def erase(tx: Tx, user_id: UUID) -> None:
    await tx.execute(_ERASE, user_id)
