"""Orders as rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from faded_skies.domains.orders.rules import BEFORE_DEPARTURE, UNPAID, Status


@dataclass(frozen=True, slots=True)
class Item:
    """One line as it was sold. Amounts in cents, weights in mg per unit.

    The taxes are its share of the order's, by kind; `refunded_quantity` of its units went back.
    """

    product_id: UUID
    name: str
    product_class: str
    quantity: int
    unit_price_cents: int
    total_price_cents: int
    net_weight_mg: int
    thc_mg: int
    tax_state_cents: int
    tax_cannabis_cents: int
    tax_local_cents: int
    refunded_quantity: int = 0

    @property
    def taxes(self) -> dict[str, int]:
        """Its share of each kind of tax."""
        return {
            "state": self.tax_state_cents,
            "cannabis": self.tax_cannabis_cents,
            "local": self.tax_local_cents,
        }


_PROMISED = {"authorized", "failed", "processing", "requires_action"}


@dataclass(frozen=True, slots=True)
class Order:
    """An order without its lines. Amounts in cents; a coin is a cent."""

    id: UUID
    order_number: str
    user_id: UUID
    cart_id: UUID
    status: Status
    subtotal_cents: int
    tax_cents: int
    taxes: dict[str, Any]
    delivery_fee_cents: int
    tip_cents: int
    total_cents: int
    coins_used: int
    coins_returned: int
    amount_due_cents: int
    paid_cents: int
    refunded_cents: int
    payment_status: str
    tender: str
    payment_method_id: UUID
    payment_method: dict[str, Any]
    delivery_address: dict[str, Any]
    special_instructions: str | None
    eta_at: datetime | None
    eta_source: str | None
    driver_id: UUID | None
    driver_first_name: str | None
    hold_expires_at: datetime | None
    packed_at: datetime | None
    delivered_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @property
    def coins_left(self) -> int:
        """Coins spent on it that have not gone back."""
        return self.coins_used - self.coins_returned

    @property
    def awaits_money(self) -> bool:
        """Whether a charge for it is still wanted: it is unpaid, or its authorised money is not taken yet."""
        promised = self.payment_status in _PROMISED and self.status in BEFORE_DEPARTURE
        return self.status in UNPAID or promised

    @property
    def can_be_paid(self) -> bool:
        """Whether another attempt to pay may begin."""
        return self.awaits_money and self.payment_status != "authorized"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardFilter:
    """Which orders the board shows; all that is given must hold. `today` is the shop's, for papers that have expired.

    `words` is a pattern of LIKE in lower case for number, name, e-mail and phone. `rings` (PostgreSQL's polygons, the
    first the outside) and `circle` (latitude, longitude, metres) say where the address lies.
    """

    today: date
    statuses: Sequence[str] | None = None
    driver_id: UUID | None = None
    order_number: str | None = None
    payment_statuses: Sequence[str] | None = None
    tender: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    zip_code: str | None = None
    words: str | None = None
    rings: Sequence[str] | None = None
    circle: Sequence[float] | None = None
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BoardCounts:
    """How many orders stand in each column, and how many wait for what."""

    by_status: Mapping[Status, int]
    by_need: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class EtaSet:
    """An estimate that was set: by how many seconds it moved, and whether its customer must hear of it."""

    order_id: UUID
    user_id: UUID
    order_number: str
    eta_at: datetime
    moved_seconds: float
    is_news: bool


@dataclass(frozen=True, slots=True)
class NewOrder:
    """What checkout decided; the order is made from it."""

    id: UUID
    user_id: UUID
    cart_id: UUID
    delivery_address_id: UUID
    delivery_address: dict[str, Any]
    payment_method_id: UUID
    tender: str
    items: list[Item]
    subtotal_cents: int
    tax_cents: int
    taxes: dict[str, Any]
    delivery_fee_cents: int
    tip_cents: int
    coins_used: int
    special_instructions: str | None
    rules_hash: str

    @property
    def total_cents(self) -> int:
        return self.subtotal_cents + self.tax_cents + self.delivery_fee_cents + self.tip_cents

    @property
    def amount_due_cents(self) -> int:
        return self.total_cents - self.coins_used


@dataclass(frozen=True, slots=True)
class Revision:
    """Other goods for an order, judged and priced by checkout. Amounts in cents."""

    items: list[Item]
    subtotal_cents: int
    tax_cents: int
    taxes: dict[str, Any]
    rules_hash: str


@dataclass(frozen=True, slots=True)
class Amendment:
    """A change of an order's goods. `lines` is the whole new list: productId, quantity and unitPriceCents.

    `before` and `after` hold items and sums (cents) as they stood when it was proposed, `revision` all that the order
    becomes. With `restock` what is taken off goes back to the shelf, else it is gone.
    """

    id: UUID
    order_id: UUID
    proposed_by: UUID
    by_customer: bool
    status: str
    reason: str | None
    lines: list[dict[str, Any]]
    before: dict[str, Any]
    after: dict[str, Any]
    restock: bool
    revision: Revision
    expires_at: datetime
    created_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class TrackingLine:
    """One line of an order's story."""

    id: UUID
    status: str
    message: str
    latitude: float | None
    longitude: float | None
    created_at: datetime
