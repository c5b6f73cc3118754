"""Stock as the other domains see it."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from faded_skies.domains.inventory.rules import LabResult, LotStatus


@dataclass(frozen=True, slots=True)
class Wanted:
    """How much of a product an order wants. `name` is for the sentence when there is too little."""

    product_id: UUID
    name: str
    quantity: int


@dataclass(frozen=True, slots=True)
class StockLevel:
    """How much of a product can be sold; `owed` units are sold and not on sale any more."""

    quantity: int
    owed: int


@dataclass(frozen=True, slots=True)
class StockMovement:
    """Why a product's stock changed, and by whom where it was somebody of the staff."""

    id: UUID
    change: int
    reason: str
    note: str | None
    order_id: UUID | None
    actor_id: UUID | None
    actor_name: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LowStock:
    """A product on sale of which little is left; `category` is a slug."""

    product_id: UUID
    name: str
    category: str
    quantity: int
    owed: int


@dataclass(frozen=True, slots=True)
class Lab:
    """What a laboratory found."""

    result: LabResult
    name: str | None
    tested_on: date | None
    url: str | None


@dataclass(frozen=True, slots=True)
class NewLot:
    """A package that arrives. `already_counted` of its units stand in the product's stock level already."""

    id: UUID
    product_id: UUID
    tag: str
    quantity: int
    already_counted: int
    lab: Lab
    expires_on: date | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Lot:
    """A package of the state's track and trace. `quantity` units of those `received` lie in the shop."""

    id: UUID
    product_id: UUID
    product_name: str
    tag: str
    received: int
    quantity: int
    lab_result: LabResult
    lab_name: str | None
    tested_on: date | None
    lab_url: str | None
    expires_on: date | None
    status: LotStatus
    on_sale: bool
    note: str | None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class LotMovement:
    """Why a lot's units changed."""

    change: int
    reason: str
    order_id: UUID | None
    actor_id: UUID | None
    note: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Package:
    """Units of a lot in an order. `returned` of them went back or are gone."""

    order_id: UUID
    product_id: UUID
    lot_id: UUID
    tag: str
    quantity: int
    returned: int
    packed_at: datetime

    @property
    def left(self) -> int:
        """How many are still in the order, or with the customer."""
        return self.quantity - self.returned


@dataclass(frozen=True, slots=True)
class Scan:
    """What a packer scanned: so many units of the lot with this tag."""

    tag: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Traced:
    """An order that has units of a lot."""

    order_id: UUID
    order_number: str
    status: str
    quantity: int
    returned: int
    packed_at: datetime
