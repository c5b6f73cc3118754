"""From cart to order: reserve, charge, settle (docs/adr/0004).

One transaction judges the cart and reserves stock, coins and an attempt to charge. Then the gateway is asked with
nothing open. A second transaction brings the answer home. Whoever dies in between leaves a pending order that the
sweep, the webhook, a repeated call or the end of its 15 minutes settles.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from faded_skies.domains.checkout import queries
from faded_skies.domains.checkout.errors import CartBeingPaid, CartOrdered, EmptyCart
from faded_skies.domains.checkout.models import Appraisal, Cart, Wish
from faded_skies.domains.checkout.ports import Checkout
from faded_skies.domains.checkout.service.appraisal import appraise
from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.compliance.service import Asked, RefusedAfterAsking
from faded_skies.domains.identity import service as identity
from faded_skies.domains.inventory import service as inventory
from faded_skies.domains.inventory.service import Wanted
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.service import Item, NewOrder, Order, Status
from faded_skies.domains.payments import service as payments
from faded_skies.domains.payments.errors import PaymentFailed
from faded_skies.domains.payments.service import ChargeResult, Intent, IntentStatus, PaymentMethod, Tender
from faded_skies.domains.places import service as places
from faded_skies.domains.rewards import service as rewards
from faded_skies.platform import clock
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Tx
from faded_skies.platform.errors import Situation
from faded_skies.platform.idempotency import Answer, Call, keep_refusal
from faded_skies.platform.ids import new_id


@dataclass(frozen=True, slots=True)
class Placed:
    """An order that holds its stock and coins; `intent` and `method` are set while something is to be charged."""

    order: Order
    items: Sequence[Item]
    cart: Cart
    intent: Intent | None = None
    method: PaymentMethod | None = None
    is_answered: bool = False
    """Whether the answer stands with the key already."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """An order after its charge. `result` is None when nothing was to be charged."""

    order: Order
    result: ChargeResult | None

    def check(self) -> None:
        """Raise PaymentFailed, with the decline code and the order's id, when the money was refused.

        An order that was declined once may wait for another attempt: that is no refusal.
        """
        if self.order.status is Status.PAYMENT_FAILED and self.order.payment_status == "failed":
            raise PaymentFailed(self.result.decline_code if self.result else None, order_id=self.order.id)


async def quote(checkout: Checkout, actor: Actor, wish: Wish) -> Appraisal:
    """Return what the cart would cost and every refusal at once; nothing is kept.

    It does what an order does and takes it back, so an unpaid order of the same cart does not count twice.
    """
    cart = await queries.get_cart(checkout.valkey, actor.id)
    async with checkout.db.trial() as tx:
        customer = await identity.lock_customer(tx, actor.id)
        taken: list[Situation] = []
        try:
            await _free_cart(tx, cart)
        except (CartBeingPaid, CartOrdered) as situation:
            taken.append(situation)
        appraisal = await appraise(tx, checkout, customer, cart, wish, now=clock.now())
        return replace(appraisal, problems=[*taken, *appraisal.problems])


async def reserve(
    checkout: Checkout, actor: Actor, wish: Wish, call: Call | None, *, present: Callable[[Placed], Answer]
) -> Placed | Answer:
    """First transaction: judge the cart and reserve everything, or refuse and reserve nothing.

    A repeated call gets the first answer; where the first call died before it had one, its order is taken up.
    What needs no charge is answered here: `present` makes the answer that is kept with the order.
    """
    cart = await queries.get_cart(checkout.valkey, actor.id)
    is_left_behind = False
    try:
        async with checkout.db.transaction() as tx:
            first = await call.claim(tx) if call else None
            if isinstance(first, Answer):
                is_left_behind = await _is_ordered(tx, cart)
                return first
            if first is not None:
                return await _take_up(tx, actor, first, cart)
            placed = await _reserve(tx, checkout, actor, cart, wish, now=clock.now())
            return await _answered(tx, call, placed, present)
    except RefusedAfterAsking as refused:
        return await compliance.keep_refused(checkout.db, call, refused)
    except Situation as situation:
        is_left_behind = isinstance(situation, CartOrdered)
        return await keep_refusal(checkout.db, call, situation)
    finally:
        if is_left_behind:
            # Whoever made the order died before emptying the cart.
            await _take(checkout, actor.id, cart)


async def _answered(tx: Tx, call: Call | None, placed: Placed, present: Callable[[Placed], Answer]) -> Placed:
    if call is None:
        return placed
    if placed.intent is not None:
        await call.leave_subject(tx, placed.order.id)
        return placed
    await call.keep(tx, present(placed), subject=placed.order.id)
    return replace(placed, is_answered=True)


async def _is_ordered(tx: Tx, cart: Cart) -> bool:
    made = None if cart.id is None else await orders.lock_order_by_cart(tx, cart.id)
    return made is not None and made.status is not Status.PAYMENT_FAILED


async def _take_up(tx: Tx, actor: Actor, order_id: UUID, cart: Cart) -> Placed:
    order = await orders.get_order_for(tx, actor, order_id)
    items = (await orders.list_items(tx, [order_id]))[order_id]
    intent = await payments.find_open_intent(tx, order_id)
    if intent is None:
        return Placed(order, items, cart)
    method = await payments.get_method_for(tx, actor.id, order.payment_method_id)
    return Placed(order, items, cart, intent, method)


async def _reserve(
    tx: Tx, checkout: Checkout, actor: Actor, cart: Cart, wish: Wish, *, now: datetime
) -> Placed:
    customer = await identity.lock_customer(tx, actor.id)
    await _free_cart(tx, cart)
    appraisal = await appraise(tx, checkout, customer, cart, wish, now=now)
    if appraisal.problems:
        asked = Asked("order", appraisal.book, appraisal.decisions, actor.id)
        raise RefusedAfterAsking(appraisal.problems[0], [asked])
    if cart.id is None:
        raise EmptyCart
    order = _new_order(actor.id, cart.id, appraisal, wish)
    settled = order.amount_due_cents == 0 or appraisal.method.type is Tender.CASH
    placed = await orders.place(tx, order, settled=settled, now=now)
    await compliance.keep(
        tx, Asked("order", appraisal.book, appraisal.decisions, actor.id, order_id=order.id)
    )
    await inventory.reserve(
        tx,
        order_id=order.id,
        wanted=[Wanted(item.product_id, item.name, item.quantity) for item in order.items],
        today=compliance.business_day(appraisal.book, now),
    )
    if order.coins_used:
        await rewards.hold(tx, user_id=actor.id, order_id=order.id, coins=order.coins_used)
    if settled:
        return Placed(placed, order.items, cart)
    intent = await _open_intent(tx, checkout, order, appraisal.method, wish.payment_intent)
    if intent.status is IntentStatus.SUCCEEDED:
        # The customer had paid it before ordering: nothing is left to ask.
        return Placed(await orders.confirm_paid(tx, placed), order.items, cart)
    return Placed(placed, order.items, cart, intent, appraisal.method)


async def _open_intent(
    tx: Tx, checkout: Checkout, order: NewOrder, method: PaymentMethod, named: str | None
) -> Intent:
    if named is None:
        return await payments.open_intent(
            tx,
            user_id=order.user_id,
            order_id=order.id,
            method=method,
            amount_cents=order.amount_due_cents,
            captures_later=checkout.capture.at_departure,
        )
    return await payments.adopt_intent(
        tx,
        user_id=order.user_id,
        intent_ref=named,
        order_id=order.id,
        amount_cents=order.amount_due_cents,
    )


async def _free_cart(tx: Tx, cart: Cart) -> None:
    """Make way for a new order of this cart: an unpaid one is replaced, a live one means the cart is gone."""
    before = None if cart.id is None else await orders.lock_order_by_cart(tx, cart.id)
    if before is None:
        return
    if before.status is Status.PENDING:
        raise CartBeingPaid(
            f"Order {before.order_number} was made of this cart and waits for its payment. "
            "Confirm or cancel that order first.",
            orderId=before.id,
        )
    if before.status is not Status.PAYMENT_FAILED:
        raise CartOrdered
    await orders.cancel(
        tx,
        before,
        actor_id=before.user_id,
        reason="Replaced by a new order of the same cart. Nothing was charged.",
    )


def _new_order(user_id: UUID, cart_id: UUID, appraisal: Appraisal, wish: Wish) -> NewOrder:
    return NewOrder(
        id=new_id(),
        user_id=user_id,
        cart_id=cart_id,
        delivery_address_id=appraisal.address.id,
        delivery_address=places.snapshot(appraisal.address),
        payment_method_id=appraisal.method.id,
        tender=appraisal.method.type.value,
        items=appraisal.items,
        subtotal_cents=appraisal.subtotal_cents,
        tax_cents=appraisal.tax_cents,
        taxes=compliance.tax_summary(appraisal.taxes),
        delivery_fee_cents=appraisal.delivery_fee_cents,
        tip_cents=appraisal.tip_cents,
        coins_used=appraisal.coins_used,
        special_instructions=wish.special_instructions,
        rules_hash=appraisal.book.digest,
    )


async def charge(checkout: Checkout, placed: Placed) -> Outcome:
    """Ask the gateway and settle in a second transaction; then empty the cart, unless the money was refused."""
    if placed.intent is None or placed.method is None:
        result = None
        order = placed.order
    else:
        result = await payments.charge(checkout.db, checkout.gateways, placed.intent, placed.method)
        order = await settle(checkout, placed.intent.id, result)
    if order.status is not Status.PAYMENT_FAILED and placed.cart.id == order.cart_id:
        await _take(checkout, order.user_id, placed.cart)
    return Outcome(order, result)


async def _take(checkout: Checkout, user_id: UUID, cart: Cart) -> None:
    if cart.id is not None:
        taken = {line.product_id: line.quantity for line in cart.lines}
        await queries.take_cart(checkout.valkey, user_id, cart.id, taken)


async def settle(checkout: Checkout, intent_id: UUID, result: ChargeResult) -> Order:
    """Bring the gateway's answer home in a transaction of its own."""
    async with checkout.db.transaction() as tx:
        return await orders.settle(tx, intent_id=intent_id, result=result)
