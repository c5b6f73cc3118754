"""What traceability needs from outside: the state's track-and-trace system.

Every `number` is ours, made from the fact that is told, and the same however often it is told. Moments are aware;
whoever speaks to the system turns them into the wall-clock time of the shop. Prices are cents, before tax.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Protocol, TypeAlias


@dataclass(frozen=True, slots=True)
class Good:
    """So much of one package, in its own unit of measure. `price_cents` is for all of it."""

    tag: str
    quantity: Decimal
    unit: str
    price_cents: int


@dataclass(frozen=True, slots=True)
class Crew:
    """Who drives in what."""

    driver_name: str
    employee_no: str | None
    license_no: str | None
    make: str
    model: str
    plate: str


@dataclass(frozen=True, slots=True)
class Destination:
    """Where something is delivered."""

    street: str
    street_2: str | None
    city: str
    state: str
    zip: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a vehicle leaves with."""

    number: str
    made_at: datetime
    departs_at: datetime
    crew: Crew
    goods: Sequence[Good]


@dataclass(frozen=True, slots=True)
class LedgerDeparture:
    """The vehicle of a ledger has left."""

    number: str
    ledger_id: int


@dataclass(frozen=True, slots=True)
class LedgerRestock:
    """Goods that came onto a ledger after departure, and goods that left it without a sale."""

    number: str
    ledger_id: int
    at: datetime
    added: Sequence[Good]
    removed: Sequence[Good]


@dataclass(frozen=True, slots=True)
class LedgerSale:
    """A sale at the door, out of a ledger."""

    number: str
    ledger_id: int
    sold_at: datetime
    departed_at: datetime
    destination: Destination
    goods: Sequence[Good]


@dataclass(frozen=True, slots=True)
class LedgerEnd:
    """The vehicle is back, with what is left."""

    number: str
    ledger_id: int
    at: datetime
    left: Sequence[Good]


@dataclass(frozen=True, slots=True)
class Delivery:
    """An order that is about to be brought to its customer."""

    number: str
    sold_at: datetime
    departs_at: datetime
    arrives_at: datetime
    crew: Crew
    destination: Destination
    goods: Sequence[Good]


@dataclass(frozen=True, slots=True)
class DeliveryEnd:
    """What became of a delivery: packages that were accepted, and goods that came back with the reason."""

    number: str
    delivery_id: int
    at: datetime
    accepted: Sequence[str]
    returned: Sequence[Good]
    reason: str | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A sale."""

    number: str
    sold_at: datetime
    goods: Sequence[Good]


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A package holds more or less than it did, by `quantity`: found again, lost, or destroyed.

    `reason` is in the system's words; None leaves them to whoever speaks to it.
    """

    number: str
    tag: str
    quantity: Decimal
    unit: str
    destroyed: bool
    reason: str | None
    note: str | None
    on: date


@dataclass(frozen=True, slots=True)
class ReceiptChange:
    """A sale holds other goods than it was told with; `receipt` says all of it again, under its own number."""

    number: str
    receipt_id: int
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class ReceiptVoid:
    """All goods of a sale came back: it is none any more."""

    number: str
    receipt_id: int


@dataclass(frozen=True, slots=True)
class DeliveryChange:
    """A delivered sale holds other goods than it was told with; `delivery` says all of it again."""

    number: str
    delivery_id: int
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class DeliveryVoid:
    """All goods of a delivered sale came back, or a delivery that was told beforehand never left."""

    number: str
    delivery_id: int


@dataclass(frozen=True, slots=True)
class LedgerVoid:
    """The vehicle of a ledger never left."""

    number: str
    ledger_id: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """A package arrived with so much in it. Whoever sent it told the system; it is asked whether it agrees."""

    number: str
    tag: str
    quantity: Decimal
    unit: str


Thing: TypeAlias = (
    Ledger
    | LedgerDeparture
    | LedgerRestock
    | LedgerSale
    | LedgerEnd
    | Delivery
    | DeliveryEnd
    | Receipt
    | Adjustment
    | ReceiptChange
    | ReceiptVoid
    | DeliveryChange
    | DeliveryVoid
    | LedgerVoid
    | Arrival
)


@dataclass(frozen=True, slots=True)
class Done:
    """All were taken. `ids` are the system's, in our order; None where it gives none."""

    ids: Sequence[int | None]


@dataclass(frozen=True, slots=True)
class Rejected:
    """None was taken. `rows` says by place what is wrong with which; `message` is of the whole where it is said so."""

    rows: Mapping[int, str]
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Unauthorised:
    """The keys or the licence are not good (or not any more). None was taken."""

    message: str


@dataclass(frozen=True, slots=True)
class Throttled:
    """Too much was asked of it; after so long it may be asked again. None was taken."""

    retry_after: timedelta


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No answer, or one that says nothing. `unsure`: it may have been done all the same."""

    why: str
    unsure: bool


Failure: TypeAlias = Unauthorised | Throttled | Unreachable
Outcome: TypeAlias = Done | Rejected | Failure


@dataclass(frozen=True, slots=True)
class Found:
    """It is known there, under this id if it has one."""

    id: int | None


@dataclass(frozen=True, slots=True)
class Package:
    """A package as the system holds it."""

    tag: str
    quantity: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale as the system holds it; `number` is None where none was given."""

    id: int
    number: str | None
    total_cents: int


@dataclass(frozen=True, slots=True)
class Facility:
    """A place of ours with its licence, and which flows the system lets it use."""

    license_no: str
    name: str
    can_sell: bool
    can_deliver: bool
    has_ledgers: bool

    def offers(self, flow: str) -> bool:
        """Return whether sales may be told in this flow there."""
        return {"receipts": self.can_sell, "deliveries": self.can_deliver}.get(flow, self.has_ledgers)


class TrackAndTrace(Protocol):
    """The state's system. It is slow and often away, so it is asked outside of any transaction."""

    async def tell(self, things: Sequence[Thing]) -> Outcome:
        """Tell up to ten things of one kind in one call: all are taken or none. Voids and arrivals are told singly."""
        ...

    async def find(self, thing: Thing) -> Found | Failure | None:
        """Return whether the system knows of this already, by its number or what else tells it apart."""
        ...

    async def list_packages(self) -> Sequence[Package] | Failure | None:
        """Return all our active packages; None where it holds none to compare with."""
        ...

    async def list_sales(self, since: datetime, until: datetime) -> Sequence[Sale] | Failure:
        """Return the sales and deliveries that changed in the span, of whatever length."""
        ...

    async def facilities(self) -> Sequence[Facility] | Failure:
        """Return the places that the keys are good for."""
        ...


@dataclass(frozen=True, slots=True)
class Line:
    """The line to the system in the name of a licence: None where no keys are set.

    `blocks_departure` as METRC_BLOCKS_DEPARTURE says.
    """

    system: TrackAndTrace | None
    license_no: str | None = None
    blocks_departure: bool = False
