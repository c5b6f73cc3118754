"""Paying an order that waits: after the bank's extra step, or another way after a decline."""

from uuid import UUID

from faded_skies.domains.checkout import queries
from faded_skies.domains.checkout.ports import Checkout
from faded_skies.domains.checkout.service.placing import Outcome, settle
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.errors import IllegalMove
from faded_skies.domains.orders.service import Order, Status
from faded_skies.domains.payments import service as payments
from faded_skies.domains.payments.errors import PaymentFailed, TenderNotAllowed
from faded_skies.domains.payments.service import Tender
from faded_skies.platform.actor import Actor

UNPAID = frozenset({Status.PENDING, Status.PAYMENT_FAILED})


async def confirm(checkout: Checkout, actor: Actor, order_id: UUID, method_id: UUID | None) -> Outcome:
    """Ask where the payment stands, or pay with another method.

    An order that is paid already is answered as it is. A cart that was kept after a decline is taken once the
    money comes. Raises OrderNotFound, IllegalMove for an ended order, PaymentFailed, TenderNotAllowed,
    GatewayUnavailable.
    """
    outcome = await _confirm(checkout, actor, order_id, method_id)
    if outcome.order.status is not Status.PAYMENT_FAILED:
        items = (await orders.list_items(checkout.db, [order_id]))[order_id]
        taken = {item.product_id: item.quantity for item in items}
        await queries.take_cart(checkout.valkey, actor.id, outcome.order.cart_id, taken)
    return outcome


async def _confirm(checkout: Checkout, actor: Actor, order_id: UUID, method_id: UUID | None) -> Outcome:
    order = await orders.get_order_for(checkout.db, actor, order_id)
    if order.status not in UNPAID:
        return Outcome(_still_alive(order), None)
    intent = await payments.find_open_intent(checkout.db, order_id)
    if intent is not None:
        ended = method_id is not None
        result = await (payments.cancel if ended else payments.ask)(checkout.gateway, intent)
        order = await settle(checkout, intent.id, result)
        if not ended or order.status not in UNPAID:
            return Outcome(order, result)
    if method_id is None:
        raise PaymentFailed(await payments.find_decline_code(checkout.db, order_id), order_id=order_id)
    return await _pay_with(checkout, actor, order_id, method_id)


def _still_alive(order: Order) -> Order:
    if order.status in {Status.CANCELLED, Status.RETURNED}:
        raise IllegalMove(f"This order was {order.status.value}; it can no longer be paid. Place a new one.")
    return order


async def _pay_with(checkout: Checkout, actor: Actor, order_id: UUID, method_id: UUID) -> Outcome:
    async with checkout.db.transaction() as tx:
        order = await orders.lock_order_for(tx, actor, order_id)
        if order.status not in UNPAID:
            return Outcome(_still_alive(order), None)
        method = await payments.get_method_for(tx, actor.id, method_id)
        if method.type not in checkout.book.tenders:
            raise TenderNotAllowed
        if method.type is Tender.FS_COIN:
            raise TenderNotAllowed("Coins can only be used when the order is placed. Choose a card or cash.")
        order = await orders.change_method(tx, order, method_id=method.id, tender=method.type.value)
        if method.type is Tender.CASH:
            confirmed = await orders.move(
                tx, order, to=Status.CONFIRMED, actor_id=actor.id, payment_status="unpaid"
            )
            return Outcome(confirmed, None)
        intent = await payments.open_intent(
            tx, user_id=actor.id, order_id=order_id, method=method, amount_cents=order.amount_due_cents
        )
    result = await payments.charge(checkout.gateway, intent, method)
    return Outcome(await settle(checkout, intent.id, result), result)
