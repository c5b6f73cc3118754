"""Trips, who and what drives them, and what happened on them, as values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

TripStatus = Literal["planned", "departed", "ended"]


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A vehicle of the shop; `enclosed` ones may carry more in some states.

    `max_orders` is how many dispatch puts into it, None for the shop's usual number.
    """

    id: UUID
    make: str
    model: str
    plate: str
    vin: str | None
    enclosed: bool
    is_active: bool
    max_orders: int | None = None


@dataclass(frozen=True, slots=True)
class HeldPaper:
    """A paper of a driver or a vehicle; its last good day, None for one that never ends."""

    kind: str
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class DriverPapers:
    """What manifests and the law want of a driver; the licence's number is wrapped."""

    driver_id: UUID
    full_name: str
    born_on: date | None
    employee_no: str | None
    license_wrapped: bytes | None
    papers: Sequence[HeldPaper]


@dataclass(frozen=True, slots=True)
class Trip:
    """A vehicle's way with its orders. One that `ends_itself` is over with its last stop."""

    id: UUID
    driver_id: UUID
    vehicle_id: UUID | None
    people: int
    ends_itself: bool
    created_at: datetime
    departed_at: datetime | None
    ended_at: datetime | None

    @property
    def status(self) -> TripStatus:
        if self.ended_at is not None:
            return "ended"
        return "planned" if self.departed_at is None else "departed"


@dataclass(frozen=True, slots=True)
class TripStop:
    """One order of a trip. `outcome` is None while it is on board, or before departure."""

    order_id: UUID
    place: int
    outcome: str | None
    ended_at: datetime | None
    order_number: str
    order_status: str
    order_driver_id: UUID | None
    delivery_address: dict[str, Any]
    arrived_at: datetime | None
    customer_id: UUID
    customer_name: str
    customer_phone: str | None
    eta_at: datetime | None
    items_back: bool
    """Whether staff has received what came back."""

    def is_on_board(self, driver_id: UUID) -> bool:
        """Tell whether the driver of the trip still has it with them."""
        on_the_road = self.order_status == "out_for_delivery" and self.order_driver_id == driver_id
        return self.outcome is None and on_the_road


@dataclass(frozen=True, slots=True)
class LogLine:
    """What happened on a trip, when and where. `code` is why an order came back."""

    order_id: UUID | None
    kind: str
    code: str | None
    note: str | None
    latitude: float | None
    longitude: float | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Manifest:
    """One version of a trip's paper; a driver's licence number stands beside it, wrapped."""

    id: UUID
    trip_id: UUID
    number: int
    version: int
    content: dict[str, Any]
    license_wrapped: bytes | None
    digest: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class TripOverview:
    """A trip with its stops and its log, as staff see it."""

    trip: Trip
    driver_name: str
    stops: Sequence[TripStop]
    log: Sequence[LogLine]
