"""Facts about trips."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from faded_skies.platform.events import Event

Withdrawal = Literal["moved", "unanswered", "cancelled"]
"""Why a driver has an order no more: another driver has it, they did not answer, or nobody wants it any more."""


@dataclass(frozen=True, kw_only=True)
class TripDeparted(Event):
    """A vehicle left the shop with its orders; their manifest is frozen."""

    name: ClassVar[str] = "delivery.trip_departed"

    trip_id: UUID
    at: datetime


@dataclass(frozen=True, kw_only=True)
class TripLoaded(Event):
    """More orders went along on a trip that had left before."""

    name: ClassVar[str] = "delivery.trip_loaded"

    trip_id: UUID
    driver_id: UUID


@dataclass(frozen=True, kw_only=True)
class DriverArrived(Event):
    """The driver is at an order's door."""

    name: ClassVar[str] = "delivery.driver_arrived"
    open_texts: ClassVar[frozenset[str]] = frozenset({"order_number"})

    order_id: UUID
    order_number: str
    user_id: UUID
    driver_id: UUID
    at: datetime


@dataclass(frozen=True, kw_only=True)
class StopDelivered(Event):
    """An order of a trip was handed over. `trip_id` is None for one that left before trips were kept."""

    name: ClassVar[str] = "delivery.stop_delivered"

    trip_id: UUID | None
    order_id: UUID
    at: datetime


@dataclass(frozen=True, kw_only=True)
class StopReturned(Event):
    """An order of a trip could not be handed over. `code` says why, as far as the driver said it."""

    name: ClassVar[str] = "delivery.stop_returned"

    trip_id: UUID | None
    order_id: UUID
    code: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class DriverChanged(Event):
    """An order on the road went to another driver."""

    name: ClassVar[str] = "delivery.driver_changed"

    order_id: UUID
    was: UUID
    now: UUID


@dataclass(frozen=True, kw_only=True)
class DriverMoved(Event):
    """A driver with orders on the road is further than a minute ago. Stated once a minute at most."""

    name: ClassVar[str] = "delivery.driver_moved"

    driver_id: UUID


@dataclass(frozen=True, kw_only=True)
class TripGivenUp(Event):
    """A planned trip will not leave; what was told of it beforehand is void."""

    name: ClassVar[str] = "delivery.trip_given_up"

    trip_id: UUID
    at: datetime


@dataclass(frozen=True, kw_only=True)
class TripEnded(Event):
    """A vehicle is back at the shop, with whatever could not be handed over."""

    name: ClassVar[str] = "delivery.trip_ended"

    trip_id: UUID
    at: datetime


@dataclass(frozen=True, kw_only=True)
class OrderGivenBack(Event):
    """A driver declined an order, or did not answer in time: it is nobody's."""

    name: ClassVar[str] = "delivery.order_given_back"

    order_id: UUID
    driver_id: UUID
    at: datetime


@dataclass(frozen=True, kw_only=True)
class OrderOffered(Event):
    """An order was given to a driver, by dispatch or by staff."""

    name: ClassVar[str] = "delivery.order_offered"
    open_texts: ClassVar[frozenset[str]] = frozenset({"order_number"})

    order_id: UUID
    order_number: str
    driver_id: UUID
    expected_at: datetime | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class OfferWithdrawn(Event):
    """An order is not the driver's any more, and it was not they who gave it back."""

    name: ClassVar[str] = "delivery.offer_withdrawn"
    open_texts: ClassVar[frozenset[str]] = frozenset({"order_number"})

    order_id: UUID
    order_number: str
    driver_id: UUID
    cause: Withdrawal
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ShiftStarted(Event):
    """A driver may be given orders."""

    name: ClassVar[str] = "delivery.shift_started"

    driver_id: UUID


@dataclass(frozen=True, kw_only=True)
class ShiftPlanned(Event):
    """A driver said anew until when they are there."""

    name: ClassVar[str] = "delivery.shift_planned"

    driver_id: UUID


@dataclass(frozen=True, kw_only=True)
class ShiftEnded(Event):
    """A driver is given no more orders."""

    name: ClassVar[str] = "delivery.shift_ended"

    driver_id: UUID
