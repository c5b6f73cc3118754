"""Shifts, stops, positions and handovers as values."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Shift:
    """One driver's time on the road; open while `ended_at` is None. They mean to be back at `planned_end_at`."""

    id: UUID
    vehicle_id: UUID | None
    started_at: datetime
    ended_at: datetime | None
    planned_end_at: datetime | None


@dataclass(frozen=True, slots=True)
class Stop:
    """One order on a driver's list, with what the door needs. `cash_due_cents` is still to collect.

    `expected_at`: when dispatch planned them to be at the door. `is_dispatched`: the shop gives orders out by itself,
    so an answer is waited for.
    """

    order_id: UUID
    order_number: str
    status: str
    delivery_address: dict[str, Any]
    special_instructions: str | None
    customer_first_name: str
    customer_phone: str | None
    cash_due_cents: int
    items: list[dict[str, Any]]
    assigned_at: datetime
    accepted_at: datetime | None
    expected_at: datetime | None
    arrived_at: datetime | None
    is_dispatched: bool


@dataclass(frozen=True, slots=True)
class Position:
    """Where a driver was. Degrees, compass degrees, metres per second, epoch milliseconds."""

    order_id: UUID | None
    lat: float
    lng: float
    heading: float | None
    speed: float | None
    timestamp: int


@dataclass(frozen=True, slots=True)
class Destination:
    """An order of the driver that positions may name; they have had it since `given_at`."""

    order_id: UUID
    status: str
    latitude: float
    longitude: float
    city: str
    eta_at: datetime | None
    eta_source: str | None
    given_at: datetime | None

    def shows(self, position: Position) -> bool:
        """Tell whether a position that names the order is one of this driver's way to it.

        What they named before they had it this time, its watchers were told with the driver before.
        """
        return self.given_at is None or position.timestamp >= int(self.given_at.timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class NextStop:
    """A door that the driver has yet to go to, or stands at since `arrived_at`; as it was at `read_at`."""

    order_id: UUID
    latitude: float
    longitude: float
    arrived_at: datetime | None
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Handover:
    """What was checked at the door. No birth date and no document number: only the outcome is kept."""

    order_id: UUID
    driver_id: UUID
    document_type: str
    document_expires_on: date
    method: str
    signature: str | None
    cash_received_cents: int | None
