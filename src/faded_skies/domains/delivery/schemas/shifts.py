"""Shifts and a driver's list on the wire (contract §6)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field

from faded_skies.domains.cash.service import Drawer, DrawerStatus
from faded_skies.domains.delivery.models.dispatch import Terms
from faded_skies.domains.delivery.models.road import Shift, Stop
from faded_skies.domains.orders.service import BEFORE_DEPARTURE
from faded_skies.platform.errors import Refused
from faded_skies.platform.http.fields import Body, Id, Moment, Shape
from faded_skies.platform.money import Cents, Dollars, cents_of, money_text, to_dollars

LONGEST_SHIFT = timedelta(hours=24)


class ShiftBody(
    Body,
    json_schema_extra={
        "examples": [
            {"online": True, "openingCash": 100, "plannedEndAt": "2026-11-28T23:00:00Z"},
            {"online": False, "closingCash": 184.5},
        ]
    },
):
    """`openingCash` is the float in the drawer, `closingCash` what was counted in it at the end.

    `plannedEndAt` is when the driver means to be back at the shop for the last time.
    """

    online: Annotated[bool, Field(strict=True)]
    vehicle_id: Id | None = None
    opening_cash: Dollars | None = None
    closing_cash: Dollars | None = None
    planned_end_at: Moment | None = None

    def planned_end(self, now: datetime) -> datetime | None:
        """Return when the shift is planned to end. Raises Refused for a time that no shift ends at."""
        if self.planned_end_at is not None and not now < self.planned_end_at <= now + LONGEST_SHIFT:
            raise Refused(
                "plannedEndAt",
                "A shift ends in the future, within 24 hours. Say when you will be back at the shop.",
            )
        return self.planned_end_at

    def cash(self) -> Cents | None:
        """Return the float of a start, the count of an end. Raises Refused for the one at the other."""
        if self.online:
            if self.closing_cash is not None:
                raise Refused("closingCash", "Cash is counted when the shift ends. Leave this field out.")
            return None if self.opening_cash is None else cents_of(self.opening_cash)
        if self.opening_cash is not None:
            raise Refused("openingCash", "A float is given when the shift starts. Leave this field out.")
        if self.planned_end_at is not None:
            raise Refused("plannedEndAt", "This shift is about to end. Leave this field out.")
        return None if self.closing_cash is None else cents_of(self.closing_cash)


class ShiftShape(Shape):
    id: UUID
    online: bool
    vehicle_id: UUID | None
    started_at: datetime
    planned_end_at: datetime | None
    ended_at: datetime | None


class CashShape(Shape):
    """The driver's drawer by their own words; what should be in it is never told."""

    opening_cash: float
    closing_cash: float | None
    status: DrawerStatus


class ShiftAnswer(Shape):
    shift: ShiftShape | None
    cash: CashShape | None


class PinShape(Shape):
    latitude: float
    longitude: float


class CustomerShape(Shape):
    first_name: str
    contact: str | None = Field(examples=["(•••) •••-0134"])


class StopItemShape(Shape):
    product_id: UUID
    name: str
    quantity: int


class StopShape(Shape):
    id: UUID
    order_number: str
    status: str
    stop: int = Field(description="Place in the list, from 1.")
    delivery_address: dict[str, object]
    pin: PinShape
    special_instructions: str | None
    customer: CustomerShape
    cash_due: float
    items: list[StopItemShape]
    checks: list[str] = Field(description="What to check at the door.")
    assigned_at: datetime
    accepted_at: datetime | None
    answer_by: datetime | None = Field(
        description="Accept or decline until then, or it goes to somebody else."
    )
    expected_at: datetime | None = Field(
        description="When dispatch planned to be at the door; null for what staff assigned."
    )
    arrived_at: datetime | None
    wait_until: datetime | None = Field(description="Before then nobody_there is no reason to bring it back.")


class StopsAnswer(Shape):
    orders: list[StopShape]


def present_shift(shift: Shift | None) -> dict[str, object] | None:
    """Return the shift as the driver sees it."""
    if shift is None:
        return None
    return {
        "id": shift.id,
        "online": shift.ended_at is None,
        "vehicleId": shift.vehicle_id,
        "startedAt": shift.started_at,
        "plannedEndAt": shift.planned_end_at,
        "endedAt": shift.ended_at,
    }


def present_cash(drawer: Drawer | None) -> dict[str, object] | None:
    """Return the drawer as its driver sees it: what they said, and never what came in."""
    if drawer is None:
        return None
    counted = drawer.counted_cents
    return {
        "openingCash": to_dollars(drawer.float_cents),
        "closingCash": None if counted is None else to_dollars(counted),
        "status": drawer.status,
    }


def present_stops(stops: Sequence[Stop], *, min_age: int, terms: Terms) -> list[dict[str, object]]:
    """Return the driver's list; of the customer only what the door needs."""
    return [
        {
            "id": stop.order_id,
            "orderNumber": stop.order_number,
            "status": stop.status,
            "stop": place,
            "deliveryAddress": stop.delivery_address,
            "pin": {
                "latitude": stop.delivery_address["latitude"],
                "longitude": stop.delivery_address["longitude"],
            },
            "specialInstructions": stop.special_instructions,
            "customer": {
                "firstName": stop.customer_first_name,
                "contact": stop.customer_phone and f"(•••) •••-{stop.customer_phone[-4:]}",
            },
            "cashDue": to_dollars(stop.cash_due_cents),
            "items": stop.items,
            "checks": _checks(stop, min_age),
            "assignedAt": stop.assigned_at,
            "acceptedAt": stop.accepted_at,
            "answerBy": _answer_by(stop, terms),
            "expectedAt": stop.expected_at,
            "arrivedAt": stop.arrived_at,
            "waitUntil": stop.arrived_at and stop.arrived_at + terms.no_show_after,
        }
        for place, stop in enumerate(stops, start=1)
    ]


def _answer_by(stop: Stop, terms: Terms) -> datetime | None:
    """Return until when the driver has to take an order or give it back; None for what nobody takes from them."""
    waits = stop.is_dispatched and stop.accepted_at is None and stop.status in BEFORE_DEPARTURE
    return stop.assigned_at + terms.answer_within if waits else None


def _checks(stop: Stop, min_age: int) -> list[str]:
    checks = [
        f"See a valid photo ID of {stop.customer_first_name}: not expired, {min_age} years or older today.",
        "Hand over to this person only, never to somebody else or to the doorstep.",
    ]
    if stop.cash_due_cents:
        checks.append(f"Collect {money_text(stop.cash_due_cents)} in cash before you hand over.")
    return checks
