"""What the customer is written of an order beyond its moves: what was bought, and what was given back."""

from uuid import UUID

from faded_skies.domains.notifications import service as notifications
from faded_skies.domains.notifications.service import Purchase
from faded_skies.domains.orders.queries import reading
from faded_skies.platform.db import Tx


async def purchase_of(tx: Tx, order_id: UUID) -> Purchase | None:
    """Return what an order is made of now, None when there is no such order."""
    order = await reading.find_order(tx, order_id)
    if order is None:
        return None
    items = (await reading.list_items(tx, [order_id])).get(order_id, [])
    return Purchase(
        [(item.quantity, item.name, item.total_price_cents) for item in items],
        order.subtotal_cents,
        order.tax_cents,
        order.delivery_fee_cents,
        order.tip_cents,
        order.total_cents,
        order.coins_used,
        order.amount_due_cents,
    )


async def write_of_refund(
    tx: Tx, *, order_id: UUID, refund_id: UUID, amount_cents: int, in_cash: bool
) -> None:
    """Write to the customer that money of their order went back; once for each refund."""
    order = await reading.find_order(tx, order_id)
    if order is not None:
        await notifications.notify_refund(
            tx,
            user_id=order.user_id,
            order_id=order.id,
            order_number=order.order_number,
            refund_id=refund_id,
            amount_cents=amount_cents,
            in_cash=in_cash,
        )
