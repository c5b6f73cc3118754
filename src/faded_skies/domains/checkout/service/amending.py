"""Other goods for an order that is not packed: judged and priced as an order is, then applied (docs/adr/0024).

Locks: the person (so that limits and coins are judged one at a time), then the order; who holds the order first wins.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from functools import partial
from uuid import UUID

from faded_skies.domains.catalog import service as catalog
from faded_skies.domains.catalog.service import Product
from faded_skies.domains.checkout.errors import NothingChanged, PriceTooHigh, ProductNotFound
from faded_skies.domains.checkout.models import WishedLine
from faded_skies.domains.checkout.ports import Checkout
from faded_skies.domains.checkout.rules import Goods, tender_problem
from faded_skies.domains.checkout.service.appraisal import bill, law_problems, minimum_problems, order_facts
from faded_skies.domains.checkout.service.cart import law_line
from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.compliance.service import Asked, Decision, RefusedAfterAsking, RuleBook
from faded_skies.domains.identity import service as identity
from faded_skies.domains.inventory import service as inventory
from faded_skies.domains.inventory.service import Wanted
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.errors import AmendmentOver, OrderNotFound
from faded_skies.domains.orders.service import Amendment, Change, Item, Order, Revision
from faded_skies.domains.payments import service as payments
from faded_skies.domains.payments.errors import PaymentFailed, PaymentMethodNotFound
from faded_skies.domains.payments.service import BY_CARD, ChargeResult, Intent, PaymentMethod, Tender
from faded_skies.domains.places import service as places
from faded_skies.platform import clock
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Tx
from faded_skies.platform.errors import Situation
from faded_skies.platform.idempotency import Answer, Call, keep_refusal

__all__ = [
    "WishedLine",
    "accept",
    "amend_own",
    "decline",
    "propose",
    "run",
    "take_up",
    "withdraw",
]


async def propose(
    tx: Tx,
    checkout: Checkout,
    actor: Actor,
    order_id: UUID,
    lines: Sequence[WishedLine],
    *,
    reason: str,
    restock: bool,
) -> Amendment:
    """Propose other goods to a customer, as staff; the order stays as it is until they consent.

    Raises OrderNotFound, NotAmendable, AmendmentWaits, NothingChanged, ProductNotFound, PriceTooHigh,
    AmendmentNotDearer; RefusedAfterAsking with OutOfStock, PurchaseLimitExceeded, TenderNotAllowed.
    """
    now = clock.now()
    order = await orders.lock_order_for(tx, actor, order_id)
    orders.check_amendable(order)
    await orders.check_none_waits(tx, order, now=now)
    revision = await _revise(tx, checkout, order, lines, now=now, keeps=False)
    return await orders.propose_amendment(
        tx, order, revision, reason=reason, restock=restock, actor_id=actor.id, now=now
    )


async def withdraw(tx: Tx, actor: Actor, order_id: UUID, amendment_id: UUID) -> Amendment:
    """Take a proposal back. Raises OrderNotFound, AmendmentNotFound, AmendmentOver."""
    order = await orders.lock_order_for(tx, actor, order_id)
    amendment = await orders.get_open_amendment(tx, order, amendment_id, now=clock.now())
    return await orders.withdraw_amendment(tx, order, amendment, actor_id=actor.id)


async def decline(tx: Tx, actor: Actor, order_id: UUID, amendment_id: UUID) -> Amendment:
    """Refuse a proposal. Raises OrderNotFound, AmendmentNotFound, AmendmentOver."""
    order = await _lock_own(tx, actor, order_id)
    amendment = await orders.get_open_amendment(tx, order, amendment_id, now=clock.now())
    return await orders.decline_amendment(tx, order, amendment, actor_id=actor.id)


async def accept(tx: Tx, checkout: Checkout, actor: Actor, order_id: UUID, amendment_id: UUID) -> Change:
    """Consent to a proposal, which is applied, or reserved until its difference is charged.

    One that is being charged is taken up again. Raises OrderNotFound, AmendmentNotFound, AmendmentOver, and what
    `propose` raises when something has changed since.
    """
    now = clock.now()
    await identity.lock_customer(tx, actor.id)
    order = await _lock_own(tx, actor, order_id)
    if (await orders.get_amendment(tx, order, amendment_id)).status == "paying":
        return await take_up(tx, actor, order_id, amendment_id)
    amendment = await orders.get_open_amendment(tx, order, amendment_id, now=now)
    orders.check_amendable(order)
    lines = [
        WishedLine(UUID(line["productId"]), line["quantity"], line["unitPriceCents"])
        for line in amendment.lines
    ]
    revision = await _revise(tx, checkout, order, lines, now=now)
    method = await _find_card(tx, order)
    return await orders.accept_amendment(
        tx, order, amendment, revision, method=method, actor_id=actor.id, now=now
    )


async def amend_own(
    tx: Tx, checkout: Checkout, actor: Actor, order_id: UUID, lines: Sequence[WishedLine]
) -> Change:
    """Change one's own order, at once or once its difference is charged.

    Raises what `propose` does, and BelowMinimumOrder.
    """
    now = clock.now()
    await identity.lock_customer(tx, actor.id)
    order = await _lock_own(tx, actor, order_id)
    orders.check_amendable(order)
    await orders.check_none_waits(tx, order, now=now)
    revision = await _revise(tx, checkout, order, lines, now=now)
    await _check_minimum(tx, checkout, order, revision, now=now)
    method = await _find_card(tx, order)
    return await orders.amend_own(tx, order, revision, method=method, actor_id=actor.id, now=now)


async def take_up(tx: Tx, actor: Actor, order_id: UUID, amendment_id: UUID) -> Change:
    """Return a change that was begun, with its charge while that is under way."""
    order = await _lock_own(tx, actor, order_id)
    amendment = await orders.get_amendment(tx, order, amendment_id)
    is_paying = amendment.status == "paying"
    return Change(order, amendment, await payments.find_open_intent(tx, order_id) if is_paying else None)


async def run(
    checkout: Checkout,
    actor: Actor,
    call: Call | None,
    begin: Callable[[Tx], Awaitable[Change]],
    *,
    order_id: UUID,
    present: Callable[[Tx, Change, ChargeResult | None], Awaitable[Answer]],
) -> Answer:
    """Begin a change in one transaction, charge what it costs more with nothing open, and settle it in a second one.

    What needs no charge is answered with the first. A repeated call gets the first answer; where the first call died
    before it had one, its change is taken up.
    """
    try:
        async with checkout.db.transaction() as tx:
            first = await call.claim(tx) if call else None
            if isinstance(first, Answer):
                return first
            change = await (begin(tx) if first is None else take_up(tx, actor, order_id, first))
            if change.intent is None:
                _check_paid(change, await payments.find_decline_code(tx, order_id))
                answer = await present(tx, change, None)
                if call is not None:
                    await call.keep(tx, answer)
                return answer
            if call is not None:
                await call.leave_subject(tx, change.amendment.id)
    except RefusedAfterAsking as refused:
        return await compliance.keep_refused(checkout.db, call, refused)
    except Situation as situation:
        return await keep_refusal(checkout.db, call, situation)
    async with call.running(checkout.valkey) if call else nullcontext():
        try:
            answer = await _pay(checkout, actor, change, change.intent, present=present)
        except Situation as situation:
            return await keep_refusal(checkout.db, call, situation)
        if call is not None:
            await call.keep(checkout.db, answer)
    return answer


async def _pay(
    checkout: Checkout,
    actor: Actor,
    change: Change,
    intent: Intent,
    *,
    present: Callable[[Tx, Change, ChargeResult | None], Awaitable[Answer]],
) -> Answer:
    """Raises PaymentFailed when the money was refused, AmendmentOver when the order was packed or ended meanwhile."""
    try:
        method = await payments.get_method_for(checkout.db, actor.id, change.order.payment_method_id)
        result = await payments.charge(checkout.db, checkout.gateways, intent, method)
    except PaymentMethodNotFound:
        result = await payments.ask(checkout.gateways, intent)
    async with checkout.db.transaction() as tx:
        order = await orders.settle(tx, intent_id=intent.id, result=result)
        settled = Change(order, await orders.get_amendment(tx, order, change.amendment.id))
        answer = await present(tx, settled, result)
    _check_paid(settled, result.decline_code)
    return answer


def _check_paid(change: Change, decline_code: str | None) -> None:
    if change.amendment.status == "failed":
        raise PaymentFailed(decline_code, order_id=change.order.id)
    if change.amendment.status == "closed":
        raise AmendmentOver(
            "The order was packed or ended before this change was paid. What was charged goes back."
        )


async def _find_card(tx: Tx, order: Order) -> PaymentMethod | None:
    """Return the card that paid an order, None where it was removed or none did."""
    if order.tender not in BY_CARD or not order.paid_cents:
        return None
    try:
        return await payments.get_method_for(tx, order.user_id, order.payment_method_id)
    except PaymentMethodNotFound:
        return None


async def _lock_own(tx: Tx, actor: Actor, order_id: UUID) -> Order:
    """Hold an order of the caller's own: consent is the customer's alone, whatever role somebody has."""
    order = await orders.lock_order_for(tx, actor, order_id)
    if order.user_id != actor.id:
        raise OrderNotFound
    return order


async def _revise(
    tx: Tx,
    checkout: Checkout,
    order: Order,
    lines: Sequence[WishedLine],
    *,
    now: datetime,
    keeps: bool = True,
) -> Revision:
    """Judge and price other goods for an order; the hours, the address and the person were judged when it was placed.

    What stays keeps the price that it was ordered at. `keeps`: the law's answers are kept. Raises the first refusal.
    """
    book = checkout.law.of_town(now, order.delivery_address["city"])
    had = {item.product_id: item for item in (await orders.list_items(tx, [order.id]))[order.id]}
    more = [line.product_id for line in lines if line.quantity > _quantity(had.get(line.product_id))]
    await inventory.expire_lots_of(tx, more, today=compliance.business_day(book, now))
    products = await catalog.find_products(tx, [line.product_id for line in lines])
    wanted = [(_offered(line, products, had), line.quantity) for line in lines]
    items, taxes = bill(book, wanted, city=order.delivery_address["city"], fee_cents=order.delivery_fee_cents)
    if {item.product_id: (item.quantity, item.unit_price_cents) for item in items} == {
        item.product_id: (item.quantity, item.unit_price_cents) for item in had.values()
    }:
        raise NothingChanged
    await orders.check_packages_fit(tx, order, items)
    if more:
        await _check_more(tx, checkout, book, order, wanted, had, now=now, keeps=keeps)
    return Revision(
        items=items,
        subtotal_cents=sum(item.total_price_cents for item in items),
        tax_cents=sum(tax.amount_cents for tax in taxes),
        taxes=compliance.tax_summary(taxes),
        rules_hash=book.digest,
    )


def _quantity(item: Item | None) -> int:
    return 0 if item is None else item.quantity


def _offered(line: WishedLine, products: Mapping[UUID, Product], had: Mapping[UUID, Item]) -> Product:
    """Return a product as this order gets it. Raises ProductNotFound, PriceTooHigh."""
    product, item = products.get(line.product_id), had.get(line.product_id)
    if product is None or not (product.is_active or item):
        raise ProductNotFound
    if item is not None:
        product = replace(
            product,
            name=item.name,
            price_cents=item.unit_price_cents,
            net_weight_mg=None if product.net_weight_mg is None else item.net_weight_mg,
            thc_mg=None if product.thc_mg is None else item.thc_mg,
        )
    if line.unit_price_cents is None:
        return product
    if line.unit_price_cents > product.price_cents:
        raise PriceTooHigh
    return replace(product, price_cents=line.unit_price_cents)


async def _check_more(
    tx: Tx,
    checkout: Checkout,
    book: RuleBook,
    order: Order,
    wanted: Sequence[tuple[Product, int]],
    had: Mapping[UUID, Item],
    *,
    now: datetime,
    keeps: bool,
) -> None:
    """Raises RefusedAfterAsking where something stands against having more; nothing can stand against having less."""
    counts = {product_id: item.quantity for product_id, item in had.items()}
    more = [
        (product, quantity - counts.get(product.id, 0))
        for product, quantity in wanted
        if quantity > counts.get(product.id, 0)
    ]
    short = [
        (Wanted(product.id, product.name, quantity), product.stock_quantity)
        for product, quantity in more
        if product.stock_quantity < quantity
    ]
    problem = tender_problem(
        Tender(order.tender),
        [Goods(product.name, product.product_class, product.barred_tenders) for product, _ in more],
        book=book,
        offered=frozenset((await places.get_shop(tx)).tenders),
        terms=checkout.card_terms,
    )
    decisions = await _ask_the_law(tx, book, order, wanted, now=now)
    asked = Asked("order", book, decisions, order.user_id, order_id=order.id)
    for situation in (
        *([inventory.out_of_stock(short)] if short else []),
        *([problem] if problem else []),
        *law_problems(decisions, told=set()),
    ):
        raise RefusedAfterAsking(situation, [asked])
    if keeps:
        await compliance.keep(tx, asked)


_JUDGED_BEFORE = {"AGE_VERIFICATION_REQUIRED", "OUTSIDE_DELIVERY_AREA", "OUTSIDE_DELIVERY_HOURS"}
"""What was judged when the order was placed, and is judged again at departure and at the door."""


async def _ask_the_law(
    tx: Tx, book: RuleBook, order: Order, wanted: Sequence[tuple[Product, int]], *, now: datetime
) -> list[Decision]:
    """Return the law's answers, with what else was bought since the order's own day began."""
    customer = await identity.find_customer(tx, order.user_id)
    if customer is None:
        raise OrderNotFound
    bought = await orders.list_bought_since(
        tx, order.user_id, compliance.day_start(book, order.created_at), cart_id=None, besides=order.id
    )
    facts = await order_facts(
        tx,
        book,
        customer,
        order.delivery_address,
        tender=order.tender,
        cart=[law_line(product, quantity) for product, quantity in wanted],
        bought=bought,
        now=now,
        but=order.id,
    )
    decisions = compliance.judge_order(book, facts, await compliance.acknowledged(tx, book))
    return [decision for decision in decisions if decision.code not in _JUDGED_BEFORE]


async def _check_minimum(
    tx: Tx, checkout: Checkout, order: Order, revision: Revision, *, now: datetime
) -> None:
    """Raise BelowMinimumOrder when the customer themselves makes the order smaller than the area's smallest."""
    if revision.subtotal_cents >= order.subtotal_cents:
        return
    where = order.delivery_address
    offer = await places.offer_at(
        tx,
        partial(compliance.place_allowed, checkout.law.of_town(now, where["city"])),
        city=where["city"],
        state=where["state"],
        latitude=where["latitude"],
        longitude=where["longitude"],
    )
    for problem in minimum_problems(offer.reach.area, revision.subtotal_cents):
        raise problem
