"""Facts about orders."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from faded_skies.domains.orders.rules import EtaSource
from faded_skies.platform.events import Event


@dataclass(frozen=True, kw_only=True)
class OrderMoved(Event):
    """The order entered a state. `message` is the line that tracking shows."""

    name: ClassVar[str] = "orders.moved"
    counted_by: ClassVar[str | None] = "status"
    open_texts: ClassVar[frozenset[str]] = frozenset({"order_number", "status"})
    order_id: UUID
    user_id: UUID
    order_number: str
    status: str
    message: str
    moved_at: datetime


@dataclass(frozen=True, kw_only=True)
class OrderNoted(Event):
    """A line was added to the order's story, which stands as before."""

    name: ClassVar[str] = "orders.noted"
    open_texts: ClassVar[frozenset[str]] = frozenset({"status"})
    order_id: UUID
    user_id: UUID
    status: str
    message: str
    noted_at: datetime


@dataclass(frozen=True, kw_only=True)
class EtaChanged(Event):
    """The order arrives at another time than its customer was told. `source`: google, osrm or distance.

    `reckoned_at` is the moment of what it was reckoned from; jobs that were made before it was kept come without.
    """

    name: ClassVar[str] = "orders.eta_changed"
    open_texts: ClassVar[frozenset[str]] = frozenset({"order_number"})
    order_id: UUID
    user_id: UUID
    order_number: str
    eta_at: datetime
    source: EtaSource
    reckoned_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class OrderDied(Event):
    """The order was cancelled or returned; charges still under way for it must be stopped."""

    name: ClassVar[str] = "orders.died"
    order_id: UUID


@dataclass(frozen=True, kw_only=True)
class AmendmentMoved(Event):
    """A change of an order was proposed (`open`), applied, or ended. Totals in cents."""

    name: ClassVar[str] = "orders.amendment_moved"
    counted_by: ClassVar[str | None] = "status"
    open_texts: ClassVar[frozenset[str]] = frozenset({"order_number", "status"})
    amendment_id: UUID
    order_id: UUID
    user_id: UUID
    order_number: str
    status: str
    by_customer: bool
    reason: str | None
    total_before_cents: int
    total_after_cents: int
    moved_at: datetime


@dataclass(frozen=True, kw_only=True)
class SaleChanged(Event):
    """A delivered order holds other units than before: some were given back, or the refund of some failed."""

    name: ClassVar[str] = "orders.sale_changed"
    order_id: UUID
    at: datetime
