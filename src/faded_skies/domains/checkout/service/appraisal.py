"""What an order of a cart would cost and everything that stands against it; a quote shows it, an order obeys it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from uuid import UUID

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
    IdVerificationRequired,
    OutsideDeliveryArea,
    OutsideDeliveryHours,
    ShopClosed,
)
from faded_skies.domains.compliance.service import TAX_KINDS, LimitUse, RuleBook, TaxAmount
from faded_skies.domains.identity.service import Customer
from faded_skies.domains.inventory import service as inventory
from faded_skies.domains.inventory.service import Wanted
from faded_skies.domains.orders import service as orders
from faded_skies.domains.orders.service import Item
from faded_skies.domains.payments import service as payments
from faded_skies.domains.payments.errors import PaymentFailed
from faded_skies.domains.payments.service import PaymentMethod, Tender
from faded_skies.domains.places import service as places
from faded_skies.domains.places.service import Reach, ServiceArea
from faded_skies.domains.rewards import service as rewards
from faded_skies.platform.db import Tx
from faded_skies.platform.errors import Situation
from faded_skies.platform.money import to_dollars

PREPARATION = timedelta(minutes=30)


async def appraise(
    tx: Tx, checkout: Checkout, customer: Customer, cart: Cart, wish: Wish, *, now: datetime
) -> Appraisal:
    """Price the cart and judge it. Raises AddressNotFound or PaymentMethodNotFound for things of others."""
    book = checkout.book
    address = await places.get_address_for(tx, customer.id, wish.delivery_address_id)
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

    wanted = [
        (products[line.product_id], line.quantity)
        for line in cart.lines
        if line.product_id in products and products[line.product_id].is_active
    ]
    items, taxes = bill(book, wanted, city=address.city)
    subtotal = sum(item.total_price_cents for item in items)
    fee = area.fee_cents if area else 0
    total = subtotal + sum(tax.amount_cents for tax in taxes) + fee + wish.tip_cents
    limits = await limits_with(
        tx, book, wanted, user_id=customer.id, since=compliance.day_start(book, now), cart_id=cart.id
    )
    balance = await rewards.balance_of(tx, customer.id) if _wants_coins(wish, method) else 0
    coins, coin_problem = _coins(wish, method, balance=balance, total=total)

    problems: list[Situation] = [
        *_person_problems(customer, compliance.business_day(book, now)),
        *([] if items else [EmptyCart()]),
        *(
            [ShopClosed("The shop is taking no orders at the moment. Please try again later.")]
            if offer.paused
            else []
        ),
        *_place_problems(book, offer.reach, now=now),
        *_stock_problems(cart, products),
        *compliance.exceeded(limits),
        *minimum_problems(area, subtotal),
        *_payment_problems(
            checkout, method, [product for product, _ in wanted], offered=offer.tenders, now=now
        ),
        *([coin_problem] if coin_problem else []),
    ]
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
        problems=problems,
    )


def bill(
    book: RuleBook, wanted: Sequence[tuple[Product, int]], *, city: str
) -> tuple[list[Item], list[TaxAmount]]:
    """Return goods as they are sold in a town, each with its share of the taxes, and the taxes."""
    lines = [law_line(product, quantity) for product, quantity in wanted]
    taxes = compliance.taxes(book, lines, city=city)
    items = [_item(product, quantity, taxes, line=line) for line, (product, quantity) in enumerate(wanted)]
    return items, taxes


async def limits_with(
    tx: Tx,
    book: RuleBook,
    wanted: Sequence[tuple[Product, int]],
    *,
    user_id: UUID,
    since: datetime,
    cart_id: UUID | None = None,
    besides: UUID | None = None,
) -> list[LimitUse]:
    """Return how much of each limit goods use, with what the person bought since then beside this cart or order."""
    bought = await orders.list_bought_since(tx, user_id, since, cart_id=cart_id, besides=besides)
    return compliance.limit_uses(
        book,
        [bought_line(item) for item in bought],
        [law_line(product, quantity) for product, quantity in wanted],
    )


def _item(product: Product, quantity: int, taxes: Sequence[TaxAmount], *, line: int) -> Item:
    share = {kind: sum(tax.shares_cents[line] for tax in taxes if tax.kind == kind) for kind in TAX_KINDS}
    return Item(
        product_id=product.id,
        name=product.name,
        product_class=product.product_class,
        quantity=quantity,
        unit_price_cents=product.price_cents,
        total_price_cents=product.price_cents * quantity,
        net_weight_mg=product.net_weight_mg,
        thc_mg=product.thc_mg,
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
    offered: frozenset[str],
    now: datetime,
) -> list[Situation]:
    goods = [Goods(product.name, product.product_class, product.barred_tenders) for product in products]
    problem = tender_problem(
        method.type, goods, book=checkout.book, offered=offered, terms=checkout.card_terms
    )
    problems: list[Situation] = [problem] if problem else []
    if payments.has_expired(method.expires_at, today=compliance.business_day(checkout.book, now)):
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
