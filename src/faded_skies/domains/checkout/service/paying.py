"""Paying an order that waits: after the bank's extra step, or another way after a decline."""

from uuid import UUID

from faded_skies.domains.catalog import service as catalog
from faded_skies.domains.checkout import queries
from faded_skies.domains.checkout.ports import Checkout
from faded_skies.domains.checkout.rules import Goods, tender_problem
from faded_skies.domains.checkout.service.placing import Outcome, settle
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.errors import IllegalMove
from faded_skies.domains.orders.service import Order, Status
from faded_skies.domains.payments import service as payments
from faded_skies.domains.payments.errors import PaymentFailed, PaymentMethodNotFound, TenderNotAllowed
from faded_skies.domains.payments.service import ChargeResult, ChargeStatus, Intent, PaymentMethod, Tender
from faded_skies.domains.places import service as places
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Tx


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
    if not order.can_be_paid:
        return Outcome(_still_alive(order), None)
    intent = await payments.find_open_intent(checkout.db, order_id)
    if intent is not None:
        ended = method_id is not None
        result = await (
            payments.cancel(checkout.gateways, intent) if ended else _finish(checkout, actor, order, intent)
        )
        order = await settle(checkout, intent.id, result)
        if not ended or not order.can_be_paid:
            return Outcome(order, result)
    if method_id is None:
        raise PaymentFailed(await payments.find_decline_code(checkout.db, order_id), order_id=order_id)
    return await _pay_with(checkout, actor, order_id, method_id)


async def _finish(checkout: Checkout, actor: Actor, order: Order, intent: Intent) -> ChargeResult:
    try:
        method = await payments.get_method_for(checkout.db, actor.id, order.payment_method_id)
    except PaymentMethodNotFound:
        return await payments.ask(checkout.gateways, intent)
    result = await payments.confirm(checkout.gateways, intent, method)
    if result.external_id is None and result.status is ChargeStatus.PROCESSING:
        # The gateway could not be reached then, and never heard of it: the same attempt is made now.
        return await payments.charge(checkout.db, checkout.gateways, intent, method)
    return result


def _still_alive(order: Order) -> Order:
    if order.status in {Status.CANCELLED, Status.RETURNED}:
        raise IllegalMove(f"This order was {order.status.value}; it can no longer be paid. Place a new one.")
    return order


async def _pay_with(checkout: Checkout, actor: Actor, order_id: UUID, method_id: UUID) -> Outcome:
    async with checkout.db.transaction() as tx:
        order = await orders.lock_order_for(tx, actor, order_id)
        if not order.can_be_paid:
            return Outcome(_still_alive(order), None)
        method = await payments.get_method_for(tx, actor.id, method_id)
        await _check_tender(tx, checkout, order, method)
        if method.type is Tender.CASH:
            return Outcome(await orders.switch_to_cash(tx, order, method_id=method.id), None)
        order = await orders.change_method(tx, order, method_id=method.id, tender=method.type.value)
        intent = await payments.open_intent(
            tx,
            user_id=actor.id,
            order_id=order_id,
            method=method,
            amount_cents=order.amount_due_cents,
            captures_later=checkout.capture.at_departure,
        )
    result = await payments.charge(checkout.db, checkout.gateways, intent, method)
    return Outcome(await settle(checkout, intent.id, result), result)


async def _check_tender(tx: Tx, checkout: Checkout, order: Order, method: PaymentMethod) -> None:
    """Raise TenderNotAllowed, or PaymentFailed for an expired card."""
    if method.type is Tender.FS_COIN:
        raise TenderNotAllowed("Coins can only be used when the order is placed. Choose a card or cash.")
    items = (await orders.list_items(tx, [order.id]))[order.id]
    products = await catalog.find_products(tx, [item.product_id for item in items])
    problem = tender_problem(
        method.type,
        [Goods(item.name, item.product_class, products[item.product_id].barred_tenders) for item in items],
        book=checkout.book,
        offered=frozenset((await places.get_shop(tx)).tenders),
        terms=checkout.card_terms,
    )
    if problem is not None:
        raise problem
    payments.check_not_expired(method, today=checkout.today)
