"""What an order of a cart would cost and everything that stands against it; a quote shows it, an order obeys it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from faded_skies.domains.catalog import service as catalog
from faded_skies.domains.catalog.service import Product
from faded_skies.domains.checkout.errors import BelowMinimumOrder, EmptyCart
from faded_skies.domains.checkout.models import Appraisal, Cart, Wish
from faded_skies.domains.checkout.ports import Checkout
from faded_skies.domains.checkout.rules import Goods, tender_problem
from faded_skies.domains.checkout.service.cart import bought_line, law_line
from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.compliance.errors import (
    AgeVerificationRequired,
    DeliveredToday,
    IdVerificationRequired,
    OutsideDeliveryArea,
    OutsideDeliveryHours,
    ProductNotSellable,
    PurchaseLimitExceeded,
    ShopClosed,
)
from faded_skies.domains.compliance.service import (
    TAX_KINDS,
    Decision,
    Line,
    OrderFacts,
    Place,
    RuleBook,
    TaxAmount,
)
from faded_skies.domains.identity.service import Customer
from faded_skies.domains.inventory import service as inventory
from faded_skies.domains.inventory.service import Wanted
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.service import Item
from faded_skies.domains.payments import service as payments
from faded_skies.domains.payments.errors import PaymentFailed, TenderNotAllowed
from faded_skies.domains.payments.service import PaymentMethod, Tender
from faded_skies.domains.places import service as places
from faded_skies.domains.places.service import Offer, Reach, ServiceArea
from faded_skies.domains.rewards import service as rewards
from faded_skies.platform.db import Tx
from faded_skies.platform.errors import Situation
from faded_skies.platform.money import to_dollars

log = structlog.get_logger()

PREPARATION = timedelta(minutes=30)

_NOT_READY = (
    "The shop is not ready to take orders: not all its rules are confirmed yet. Please try again later."
)


async def appraise(
    tx: Tx, checkout: Checkout, customer: Customer, cart: Cart, wish: Wish, *, now: datetime
) -> Appraisal:
    """Price the cart and judge it. Raises AddressNotFound or PaymentMethodNotFound for things of others."""
    address = await places.get_address_for(tx, customer.id, wish.delivery_address_id)
    book = checkout.law.of_town(now, address.city)
    method = await payments.get_method_for(tx, customer.id, wish.payment_method_id)
    offer = await places.offer_at(
        tx,
        partial(compliance.place_allowed, book),
        city=address.city,
        state=address.state,
        latitude=address.latitude,
        longitude=address.longitude,
    )
    area = offer.reach.area
    product_ids = [line.product_id for line in cart.lines]
    products = await catalog.find_products(tx, product_ids)
    bought = await orders.list_bought_since(tx, customer.id, compliance.day_start(book, now), cart_id=cart.id)

    wanted = [
        (products[line.product_id], line.quantity)
        for line in cart.lines
        if line.product_id in products and products[line.product_id].is_active
    ]
    lines = [law_line(product, quantity) for product, quantity in wanted]
    fee = area.fee_cents if area else 0
    items, taxes = bill(book, wanted, city=address.city, fee_cents=fee)
    subtotal = sum(item.total_price_cents for item in items)
    total = subtotal + sum(tax.amount_cents for tax in taxes) + fee + wish.tip_cents
    limits = compliance.limit_uses(book, [bought_line(item) for item in bought], lines)
    balance = await rewards.balance_of(tx, customer.id) if _wants_coins(wish, method) else 0
    coins, coin_problem = _coins(wish, method, balance=balance, total=total)

    decisions = compliance.judge_order(
        book,
        await order_facts(
            tx,
            book,
            customer,
            places.snapshot(address),
            tender=method.type.value,
            cart=lines,
            bought=bought,
            now=now,
        ),
        await compliance.acknowledged(tx, book),
    )
    problems: list[Situation] = [
        *_person_problems(customer, compliance.business_day(book, now)),
        *([] if items else [EmptyCart()]),
        *_closed_problems(offer, compliance.business_day(book, now)),
        *_place_problems(book, offer.reach, now=now),
        *_stock_problems(cart, products),
        *compliance.exceeded(limits),
        *minimum_problems(area, subtotal),
        *_payment_problems(
            checkout, method, [product for product, _ in wanted], book=book, offered=offer.tenders, now=now
        ),
        *([coin_problem] if coin_problem else []),
    ]
    problems.extend(law_problems(decisions, told={problem.code for problem in problems}))
    return Appraisal(
        address=address,
        method=method,
        items=items,
        subtotal_cents=subtotal,
        taxes=taxes,
        delivery_fee_cents=fee,
        tip_cents=wish.tip_cents,
        coins_used=coins,
        earliest_delivery=_earliest(book, area, now=now),
        limits=limits,
        book=book,
        decisions=decisions,
        problems=problems,
    )


def bill(
    book: RuleBook, wanted: Sequence[tuple[Product, int]], *, city: str, fee_cents: int
) -> tuple[list[Item], list[TaxAmount]]:
    """Return goods as they are sold in a town, each with its share of the taxes, and the taxes."""
    lines = [law_line(product, quantity) for product, quantity in wanted]
    taxes = compliance.taxes(book, lines, city=city, fees={"delivery_fee": fee_cents})
    items = [_item(product, quantity, taxes, line=line) for line, (product, quantity) in enumerate(wanted)]
    return items, taxes


async def order_facts(
    tx: Tx,
    book: RuleBook,
    customer: Customer,
    where: Mapping[str, Any],
    *,
    tender: str,
    cart: Sequence[Line],
    bought: Sequence[Item],
    now: datetime,
    but: UUID | None = None,
) -> OrderFacts:
    """Gather what the law wants to know; what no rule of this book looks at is not asked for.

    `where` is the address as an order keeps it. `but` is the order that is judged again, and counts for none.
    """
    kinds = await places.kinds_at(
        tx,
        book.places.barred_kinds,
        address_line1=where["addressLine1"],
        latitude=where["latitude"],
        longitude=where["longitude"],
    )
    delivered = 0
    if book.handover.deliveries_per_address_per_day:
        delivered = await orders.count_deliveries_to(
            tx, customer.id, where, since=compliance.day_start(book, now), but=but
        )
    return OrderFacts(
        now=now,
        date_of_birth=customer.date_of_birth,
        place=Place(where["city"], where["state"], kinds),
        tender=tender,
        cart=cart,
        bought_today=[bought_line(item) for item in bought],
        deliveries_to_address_today=delivered,
    )


_SITUATIONS: Mapping[str, type[Situation]] = {
    situation.code: situation
    for situation in (
        AgeVerificationRequired,
        DeliveredToday,
        OutsideDeliveryArea,
        OutsideDeliveryHours,
        ProductNotSellable,
        PurchaseLimitExceeded,
        TenderNotAllowed,
    )
}


def law_problems(decisions: Sequence[Decision], *, told: set[str]) -> Iterator[Situation]:
    """Yield what the law has against the order, but for what the customer is told already."""
    for decision in compliance.refused(decisions):
        situation = _SITUATIONS.get(decision.code or "")
        if situation is None:
            log.warning("rule_not_acknowledged", rule=decision.rule)
            situation, reason = ShopClosed, _NOT_READY
        else:
            reason = decision.reason
        if situation.code not in told:
            told.add(situation.code)
            yield situation(reason)


def _closed_problems(offer: Offer, day: date) -> list[Situation]:
    if day > offer.licensed_until:
        return [ShopClosed("The shop's licence has run out, so it may not sell. Please come back later.")]
    if offer.paused:
        return [ShopClosed("The shop is taking no orders at the moment. Please try again later.")]
    return []


def _item(product: Product, quantity: int, taxes: Sequence[TaxAmount], *, line: int) -> Item:
    share = {kind: sum(tax.shares_cents[line] for tax in taxes if tax.kind == kind) for kind in TAX_KINDS}
    return Item(
        product_id=product.id,
        name=product.name,
        product_class=product.product_class,
        quantity=quantity,
        unit_price_cents=product.price_cents,
        total_price_cents=product.price_cents * quantity,
        net_weight_mg=product.net_weight_mg or 0,
        thc_mg=product.thc_mg or 0,
        tax_state_cents=share["state"],
        tax_cannabis_cents=share["cannabis"],
        tax_local_cents=share["local"],
    )


def _wants_coins(wish: Wish, method: PaymentMethod) -> bool:
    return wish.use_coins or method.type is Tender.FS_COIN


def _coins(
    wish: Wish, method: PaymentMethod, *, balance: int, total: int
) -> tuple[int, PaymentFailed | None]:
    if not _wants_coins(wish, method):
        return 0, None
    wanted = total if method.type is Tender.FS_COIN or wish.coins is None else min(wish.coins, total)
    as_many_as_there_are = wish.coins is None and method.type is not Tender.FS_COIN
    if wanted <= balance:
        return wanted, None
    return balance, None if as_many_as_there_are else PaymentFailed("insufficient_coins")


def _payment_problems(
    checkout: Checkout,
    method: PaymentMethod,
    products: Sequence[Product],
    *,
    book: RuleBook,
    offered: frozenset[str],
    now: datetime,
) -> list[Situation]:
    goods = [Goods(product.name, product.product_class, product.barred_tenders) for product in products]
    problem = tender_problem(method.type, goods, book=book, offered=offered, terms=checkout.card_terms)
    problems: list[Situation] = [problem] if problem else []
    if payments.has_expired(method.expires_at, today=compliance.business_day(book, now)):
        problems.append(PaymentFailed("expired_card"))
    return problems


def _person_problems(customer: Customer, day: date) -> list[Situation]:
    problems: list[Situation] = []
    if customer.date_of_birth is None:
        problems.append(AgeVerificationRequired())
    if not customer.id_verified(day):
        problems.append(IdVerificationRequired())
    return problems


def _place_problems(book: RuleBook, reach: Reach, *, now: datetime) -> list[Situation]:
    area = reach.area
    if area is None or not reach.served:
        return [OutsideDeliveryArea()]
    if area.opens_minute <= compliance.minute_of_day(book, now) < area.closes_minute:
        return []
    opens = compliance.next_opening(opens_minute=area.opens_minute, now=now, book=book)
    return [
        OutsideDeliveryHours(
            f"We do not deliver in {area.name} at this hour. Order again from {opens:%H:%M} on."
        )
    ]


def _stock_problems(cart: Cart, products: Mapping[UUID, Product]) -> list[Situation]:
    short = []
    for line in cart.lines:
        product = products.get(line.product_id)
        left = product.stock_quantity if product and product.is_active else 0
        if left < line.quantity:
            name = product.name if product else "A product in your cart"
            short.append((Wanted(line.product_id, name, line.quantity), left))
    return [inventory.out_of_stock(short)] if short else []


def minimum_problems(area: ServiceArea | None, subtotal: int) -> list[Situation]:
    """Return the refusal of an order that is too small for its area."""
    if area is None or subtotal >= area.minimum_cents:
        return []
    missing = area.minimum_cents - subtotal
    return [
        BelowMinimumOrder(
            f"The smallest order for {area.name} is ${to_dollars(area.minimum_cents):.2f}. "
            f"Add ${to_dollars(missing):.2f} more."
        )
    ]


def _earliest(book: RuleBook, area: ServiceArea | None, *, now: datetime) -> datetime:
    if area is None or area.opens_minute <= compliance.minute_of_day(book, now) < area.closes_minute:
        return now + PREPARATION
    return compliance.next_opening(opens_minute=area.opens_minute, now=now, book=book) + PREPARATION
