"""SQL that writes orders, their lines and their story."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from faded_skies.domains.orders.models import EtaSet, NewOrder, Order
from faded_skies.domains.orders.queries.lines import columns_of
from faded_skies.domains.orders.queries.reading import COLUMNS, JOINS, order_of
from faded_skies.domains.orders.rules import Status
from faded_skies.platform.db import Row, Tx
from faded_skies.platform.ids import new_id

_SKIP_NUMBERS = "SELECT setval('order_numbers', last_value + $1) FROM order_numbers"
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
SELECT {COLUMNS} FROM made o {JOINS}
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
SELECT {COLUMNS} FROM moved o {JOINS}
"""
_NOTE = """
INSERT INTO order_tracking (id, order_id, status, message, latitude, longitude)
SELECT $2, o.id, o.status, $3, $4, $5 FROM orders o WHERE o.id = $1
RETURNING created_at
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
_SET_DRIVER = "UPDATE orders SET driver_id = $2, updated_at = now() WHERE id = $1"
_SET_DRIVER_OF = "UPDATE orders SET driver_id = $2, updated_at = now() WHERE id = ANY($1::uuid[])"
_SET_PACKED = "UPDATE orders SET packed_at = CASE WHEN $2 THEN coalesce(packed_at, now()) END WHERE id = $1"
# What the customer was told is what they saw first, until they are told of another time. What was reckoned from older
# facts than the estimate that is there comes too late.
_SET_ETAS = """
WITH was AS (
    SELECT id, eta_at, coalesce(eta_told_at, eta_at) AS told_at FROM orders
    WHERE id = ANY($2::uuid[]) AND driver_id = $1 AND status = 'out_for_delivery'
      AND (eta_reckoned_at IS NULL OR eta_reckoned_at <= $6)
    ORDER BY id FOR NO KEY UPDATE
), found AS (
    SELECT was.*, n.eta_at AS new_at, coalesce(abs(extract(epoch FROM n.eta_at - was.told_at)) > $5, true) AS is_news
    FROM was JOIN unnest($2::uuid[], $3::timestamptz[]) AS n (id, eta_at) ON n.id = was.id
)
UPDATE orders o SET
    eta_at = f.new_at,
    eta_source = $4,
    eta_reckoned_at = $6,
    eta_told_at = CASE WHEN f.is_news THEN f.new_at ELSE f.told_at END
FROM found f WHERE o.id = f.id
RETURNING o.id, o.user_id, o.order_number, o.eta_at,
    coalesce(abs(extract(epoch FROM f.new_at - f.eta_at)), 0)::float8 AS moved_seconds, f.is_news
"""


async def set_packed(tx: Tx, order_id: UUID, *, is_packed: bool) -> None:
    await tx.execute(_SET_PACKED, order_id, is_packed)


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
        *columns_of(items),
        new_id(),
        message,
    )
    return order_of(cast("Row", row))


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
    return order_of(cast("Row", row))


async def insert_note(
    tx: Tx, order_id: UUID, *, message: str, latitude: float | None, longitude: float | None
) -> datetime:
    """Add a line to the story and return its time."""
    noted_at: datetime = await tx.fetchval(_NOTE, order_id, new_id(), message, latitude, longitude)
    return noted_at


async def set_payment_status(tx: Tx, order_id: UUID, payment_status: str) -> None:
    await tx.execute(_SET_PAYMENT, order_id, payment_status)


async def set_method(tx: Tx, order_id: UUID, *, method_id: UUID, tender: str) -> None:
    await tx.execute(_SET_METHOD, order_id, method_id, tender)


async def set_paid(tx: Tx, order_id: UUID, paid_cents: int) -> None:
    await tx.execute(_SET_PAID, order_id, paid_cents)


async def count_coins_back(tx: Tx, order_id: UUID, coins: int) -> None:
    await tx.execute(_COUNT_COINS_BACK, order_id, coins)


async def count_units_back(tx: Tx, order_id: UUID, units: dict[UUID, int]) -> None:
    """Count units of products that went back; negative ones when a refund failed."""
    await tx.execute(_COUNT_UNITS_BACK, order_id, list(units), list(units.values()))


async def take_lines_of_refund(tx: Tx, refund_id: UUID) -> dict[UUID, int]:
    """Return the units that a refund gave back, by product, and forget them: a second time there are none."""
    lines = await tx.fetchval(_TAKE_LINES, refund_id) or []
    return {UUID(line["productId"]): line["quantity"] for line in lines}


async def count_refunded(tx: Tx, order_id: UUID) -> None:
    await tx.execute(_COUNT_REFUNDED, order_id)


async def set_driver(tx: Tx, order_id: UUID, driver_id: UUID | None) -> None:
    await tx.execute(_SET_DRIVER, order_id, driver_id)


async def set_driver_of(tx: Tx, order_ids: Sequence[UUID], driver_id: UUID) -> None:
    await tx.execute(_SET_DRIVER_OF, list(order_ids), driver_id)


async def set_etas(
    tx: Tx,
    *,
    driver_id: UUID,
    etas: Mapping[UUID, datetime],
    source: str,
    news_seconds: float,
    reckoned_at: datetime,
) -> list[EtaSet]:
    """Set the estimates of those of the orders that the driver has on the road, unless they have a newer one."""
    rows = await tx.fetch(
        _SET_ETAS, driver_id, list(etas), list(etas.values()), source, news_seconds, reckoned_at
    )
    return [EtaSet(*row) for row in rows]


async def skip_numbers(tx: Tx, count: int) -> None:
    """Leave so many order numbers unused."""
    await tx.execute(_SKIP_NUMBERS, count)
