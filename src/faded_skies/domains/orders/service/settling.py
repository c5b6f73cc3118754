"""What a gateway says of a charge, brought home to its order."""

from uuid import UUID

from faded_skies.domains.orders.errors import OrderNotFound
from faded_skies.domains.orders.models import Order
from faded_skies.domains.orders.queries import writing
from faded_skies.domains.orders.rules import UNPAID, Status
from faded_skies.domains.orders.service.amending import settle_change
from faded_skies.domains.orders.service.finding import (
    lock_order,
)
from faded_skies.domains.orders.service.life import (
    change_method,
    give_excess_back,
    move,
    note,
)
from faded_skies.domains.payments import service as payments
from faded_skies.domains.payments.service import ChargeResult, Intent, IntentStatus
from faded_skies.platform.db import Tx


async def settle(tx: Tx, *, intent_id: UUID, result: ChargeResult) -> Order:
    """Bring an answer of the gateway home to its order; late, repeated and reordered answers change nothing.

    A success for an order that is dead or already paid is refunded by itself, and money authorised for one is
    released (payments does both). Raises OrderNotFound when the intent belongs to no order.
    """
    named = await payments.find_intent(tx, intent_id)
    if named is None or named.order_id is None:
        raise OrderNotFound
    order = await lock_order(tx, named.order_id)
    if named.amendment_id is not None:
        return await settle_change(
            tx, order, amendment_id=named.amendment_id, intent_id=intent_id, result=result
        )
    intent = await payments.apply_result(tx, intent_id=intent_id, result=result, wanted=order.awaits_money)
    if order.status in UNPAID:
        return await _settle_unpaid(tx, order, intent)
    if order.awaits_money:
        return await _settle_promised(tx, order, intent)
    return order


async def confirm_paid(tx: Tx, order: Order) -> Order:
    """Confirm an order whose payment had succeeded before it was placed."""
    return await move(
        tx,
        order,
        to=Status.CONFIRMED,
        actor_id=order.user_id,
        paid_cents=order.amount_due_cents,
        payment_status="paid",
    )


async def _settle_unpaid(tx: Tx, order: Order, intent: Intent) -> Order:
    if intent.status is IntentStatus.SUCCEEDED:
        return await confirm_paid(tx, order)
    if intent.status is IntentStatus.AUTHORIZED:
        return await move(tx, order, to=Status.CONFIRMED, actor_id=order.user_id, payment_status="authorized")
    if intent.status is IntentStatus.FAILED and order.status is Status.PENDING:
        return await move(
            tx, order, to=Status.PAYMENT_FAILED, actor_id=order.user_id, payment_status="failed"
        )
    if intent.status in {"requires_action", "processing"}:
        changed = order.payment_status != intent.status
        return await _note_payment(tx, order, intent.status) if changed else order
    if order.status is Status.PAYMENT_FAILED and await _is_over(tx, order):
        return await _note_payment(tx, order, "failed")
    return order


async def _is_over(tx: Tx, order: Order) -> bool:
    """Tell whether an order that still shows an attempt has none under way any more."""
    return order.payment_status != "failed" and await payments.find_open_intent(tx, order.id) is None


async def _settle_promised(tx: Tx, order: Order, intent: Intent) -> Order:
    """Settle an order that was confirmed by authorised money, which is now taken, gone, or promised anew."""
    if intent.status is IntentStatus.SUCCEEDED:
        # What was promised before the order became cheaper is more than is due: the rest goes back.
        await writing.set_paid(tx, order.id, intent.amount_cents)
        paid = await lock_order(tx, order.id)
        await give_excess_back(tx, paid)
        return paid
    if intent.status in {"authorized", "requires_action", "processing"}:
        changed = order.payment_status != intent.status
        return await _note_payment(tx, order, intent.status) if changed else order
    if await _is_over(tx, order):
        await note(tx, order, message="Your bank has not paid. Please pay another way.")
        return await _note_payment(tx, order, "failed")
    return order


async def switch_to_cash(tx: Tx, order: Order, *, method_id: UUID) -> Order:
    """Let an unpaid order be paid at the door, which confirms it."""
    order = await change_method(tx, order, method_id=method_id, tender="cash")
    if order.status in UNPAID:
        return await move(tx, order, to=Status.CONFIRMED, actor_id=order.user_id, payment_status="unpaid")
    return await _note_payment(tx, order, "unpaid")


async def _note_payment(tx: Tx, order: Order, payment_status: str) -> Order:
    await writing.set_payment_status(tx, order.id, payment_status)
    return await lock_order(tx, order.id)
