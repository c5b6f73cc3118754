"""The cart as it lies in Valkey, and what an order of it would cost."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from faded_skies.domains.compliance.service import Decision, LimitUse, RuleBook, TaxAmount
from faded_skies.domains.orders.service import Item
from faded_skies.domains.payments.service import PaymentMethod
from faded_skies.domains.places.service import Address, ServiceArea, Shop
from faded_skies.platform.errors import Situation


@dataclass(frozen=True, slots=True)
class CartLine:
    """One product in a cart."""

    product_id: UUID
    quantity: int
    added_at: str


@dataclass(frozen=True, slots=True)
class Cart:
    """A person's cart. `id` is new for each cart that becomes an order; None while the cart is empty."""

    id: UUID | None
    lines: list[CartLine]


@dataclass(frozen=True, slots=True)
class Wish:
    """How a person wants their cart brought and paid. Amounts in cents; `coins` None means as many as there are."""

    delivery_address_id: UUID
    payment_method_id: UUID
    special_instructions: str | None
    use_coins: bool
    coins: int | None
    tip_cents: int
    payment_intent: str | None


@dataclass(frozen=True, slots=True)
class WishedLine:
    """One line of what an order shall become; without a price (cents) it costs what it did, or what it is sold for."""

    product_id: UUID
    quantity: int
    unit_price_cents: int | None = None


@dataclass(frozen=True, slots=True)
class Appraisal:
    """What an order would cost and everything that stands against it. Amounts in cents."""

    address: Address
    method: PaymentMethod
    items: list[Item]
    subtotal_cents: int
    taxes: list[TaxAmount]
    delivery_fee_cents: int
    tip_cents: int
    coins_used: int
    earliest_delivery: datetime
    limits: list[LimitUse]
    book: RuleBook
    decisions: list[Decision]
    problems: list[Situation] = field(default_factory=list)

    @property
    def tax_cents(self) -> int:
        return sum(tax.amount_cents for tax in self.taxes)

    @property
    def total_cents(self) -> int:
        return self.subtotal_cents + self.tax_cents + self.delivery_fee_cents + self.tip_cents

    @property
    def amount_due_cents(self) -> int:
        return self.total_cents - self.coins_used


@dataclass(frozen=True, slots=True)
class CartView:
    """A cart with what its products show and cost (cents), and how much of each daily limit it uses."""

    lines: list[CartLine]
    cards: dict[UUID, dict[str, Any]]
    prices: dict[UUID, int]
    limits: list[LimitUse]


@dataclass(frozen=True, slots=True)
class Shopfront:
    """The shop as anybody sees it; `serving` are the areas that take orders at this moment.

    `tenders` are the ways to pay that the law allows and the shop takes; `stripe_key` is the publishable one.
    """

    shop: Shop
    areas: list[ServiceArea]
    serving: frozenset[UUID]
    tenders: frozenset[str]
    stripe_key: str | None
    book: RuleBook


LICENCE_WARNING_DAYS = 60


@dataclass(frozen=True, slots=True)
class Licence:
    """The shop's licence; `days_left` is 0 on its last day and below zero once it has run out."""

    shop: Shop
    days_left: int
    book: RuleBook

    @property
    def status(self) -> str:
        """In the guide's manner: Active, Expires soon (60 days before), Expired."""
        if self.days_left < 0:
            return "Expired"
        return "Expires soon" if self.days_left <= LICENCE_WARNING_DAYS else "Active"
