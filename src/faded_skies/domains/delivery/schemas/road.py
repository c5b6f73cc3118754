"""Deliveries on the wire (contract §3, §6, §7)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from faded_skies.domains.cash.service import Drawer, DrawerStatus
from faded_skies.domains.delivery import rules
from faded_skies.domains.delivery.models.dispatch import Terms
from faded_skies.domains.delivery.models.road import Position, Shift, Stop
from faded_skies.domains.orders.schemas import OrderShape, present_order, present_tracking
from faded_skies.domains.orders.service import BEFORE_DEPARTURE, EtaSource, Order, TrackingLine
from faded_skies.platform.errors import Refused
from faded_skies.platform.http.fields import (
    MOST_TEXT,
    Body,
    Day,
    Id,
    Latitude,
    Line,
    Longitude,
    Moment,
    Shape,
    Text,
)
from faded_skies.platform.money import Cents, Dollars, cents_of, money_text, to_dollars

MOST_POSITIONS = 100

LONGEST_SHIFT = timedelta(hours=24)

Heading = Annotated[
    float, Field(strict=True, ge=0, le=360, allow_inf_nan=False, description="Degrees from north.")
]
Speed = Annotated[
    float, Field(strict=True, ge=0, le=100, allow_inf_nan=False, description="Metres per second.")
]
Timestamp = Annotated[
    int, Field(strict=True, ge=0, le=10**14, description="Epoch milliseconds; now if left out.")
]


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


class PositionBody(Body):
    order_id: Id | None = None
    lat: Latitude
    lng: Longitude
    heading: Heading | None = None
    speed: Speed | None = None
    timestamp: Timestamp | None = None

    def read(self, field: str, *, now: int) -> Position:
        """Return the position. `now` in epoch milliseconds; `field` names its time. Raises Refused."""
        timestamp = now if self.timestamp is None else self.timestamp
        rules.check_time(field, timestamp, now=now)
        return Position(self.order_id, self.lat, self.lng, self.heading, self.speed, timestamp)


class LocationBody(
    Body,
    json_schema_extra={
        "examples": [
            {
                "orderId": "0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60",
                "lat": 30.2672,
                "lng": -97.7431,
                "heading": 90,
                "speed": 8.5,
            }
        ]
    },
):
    """One position, or `positions`: up to 100 of them with their times."""

    order_id: Id | None = None
    lat: Latitude | None = None
    lng: Longitude | None = None
    heading: Heading | None = None
    speed: Speed | None = None
    timestamp: Timestamp | None = None
    positions: Annotated[list[PositionBody], Field(min_length=1, max_length=MOST_POSITIONS)] | None = None

    def read(self, now: datetime) -> list[Position]:
        """Return the positions; those without a time are of now. Raises Refused."""
        moment = int(now.timestamp() * 1000)
        if self.positions is not None:
            if self.model_fields_set != {"positions"}:
                raise Refused("positions", "Send either one position or a list of positions, not both.")
            return [
                one.read(f"positions.{place}.timestamp", now=moment)
                for place, one in enumerate(self.positions)
            ]
        if self.lat is None or self.lng is None:
            raise Refused("lat" if self.lat is None else "lng", "This field is required.")
        one = PositionBody.model_validate(self.model_dump(by_alias=True, exclude={"positions"}))
        return [one.read("timestamp", now=moment)]


class IdCheckBody(Body):
    method: Literal["barcode", "visual"]
    barcode: Annotated[Text, Field(max_length=4000)] | None = None
    document_type: Literal["drivers_license", "state_id", "passport", "military_id"] | None = None
    date_of_birth: Day | None = None
    expires_at: Day | None = None
    name_matches: Annotated[bool, Field(strict=True)] | None = None

    def read(self) -> rules.IdCheck | str:
        """Return what the driver read, or the text of the barcode. Raises Refused when something is missing."""
        if self.method == "barcode":
            if not self.barcode:
                raise Refused(
                    "idCheck.barcode", "Scan the barcode on the back of the card and send its text."
                )
            return self.barcode
        if self.barcode is not None:
            raise Refused("idCheck.barcode", "Send the barcode with the method barcode, or leave it out.")
        missing = "Read this from the ID and enter it."
        if self.document_type is None:
            raise Refused("idCheck.documentType", missing)
        if self.date_of_birth is None:
            raise Refused("idCheck.dateOfBirth", missing)
        if self.expires_at is None:
            raise Refused("idCheck.expiresAt", missing)
        if self.name_matches is None:
            raise Refused(
                "idCheck.nameMatches", "Compare the name with the order and say whether it matches."
            )
        return rules.IdCheck(self.document_type, self.date_of_birth, self.expires_at, self.name_matches)


class DeliverBody(
    Body,
    json_schema_extra={
        "examples": [
            {
                "idCheck": {
                    "method": "visual",
                    "documentType": "drivers_license",
                    "dateOfBirth": "1990-05-17",
                    "expiresAt": "2031-05-17",
                    "nameMatches": True,
                },
                "cashReceived": 80,
            }
        ]
    },
):
    id_check: IdCheckBody
    signature: (
        Annotated[Line, Field(max_length=50_000, description="As the device drew or typed it.")] | None
    ) = None
    cash_received: Dollars | None = None


ReturnCode = Literal[
    "nobody_there",
    "underage",
    "no_valid_id",
    "another_person",
    "intoxicated",
    "refused_by_customer",
    "unsafe",
    "other",
]


class ReturnBody(
    Body, json_schema_extra={"examples": [{"reason": "Nobody opened the door.", "code": "nobody_there"}]}
):
    """`reason` is told to the customer; `code` is for the records."""

    reason: Annotated[Line, Field(max_length=MOST_TEXT)]
    code: ReturnCode | None = None


class TrackOrder(Body):
    order_id: Id


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
    arrived_at: datetime | None
    wait_until: datetime | None = Field(description="Before then nobody_there is no reason to bring it back.")


class StopsAnswer(Shape):
    orders: list[StopShape]


class DeliveredAnswer(Shape):
    order: OrderShape
    change: float | None = Field(description="The change to give; null when no cash was due.")


class ReceivedAnswer(Shape):
    received: int = Field(description="How many positions were taken.")


class DriverPositionShape(Shape):
    lat: float
    lng: float
    heading: float | None
    speed: float | None
    last_update: int


class TrackedOrderShape(Shape):
    id: UUID
    order_number: str
    status: str
    estimated_delivery_time: int | None
    eta_source: EtaSource | None = Field(
        description="Who reckoned it: google, osrm, or distance; null for the first estimate."
    )


class TrackingLineShape(Shape):
    status: str
    message: str
    latitude: float | None
    longitude: float | None
    created_at: datetime


class TrackedShape(Shape):
    order: TrackedOrderShape
    driver: DriverPositionShape | None


class TrackingAnswer(TrackedShape):
    tracking: list[TrackingLineShape]


class DriverChangedShape(Shape):
    """Another driver brings the order: the position that was shown is not theirs."""

    order_id: UUID


class DriverLocationShape(Shape):
    """Where the driver is: degrees, degrees from north, metres per second, epoch milliseconds; minutes to the door."""

    lat: float
    lng: float
    heading: float | None
    speed: float | None
    timestamp: int
    eta: int


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


def present_position(position: Position | None) -> dict[str, object] | None:
    """Return where the driver is, as the customer sees it."""
    if position is None:
        return None
    return {
        "lat": position.lat,
        "lng": position.lng,
        "heading": position.heading,
        "speed": position.speed,
        "lastUpdate": position.timestamp,
    }


def present_tracked(order: Order, position: Position | None, *, now: datetime) -> dict[str, object]:
    """Return where an order stands, as its watchers see it."""
    whole = present_order(order, (), now=now)
    shown = {key: whole[key] for key in ("id", "orderNumber", "status", "estimatedDeliveryTime")}
    return {
        "order": {**shown, "etaSource": order.eta_source},
        "driver": present_position(position),
    }


def present_story(
    order: Order, lines: Sequence[TrackingLine], position: Position | None, *, now: datetime
) -> dict[str, object]:
    """Return where an order stands and how it came there."""
    return {
        **present_tracked(order, position, now=now),
        "tracking": [present_tracking(line) for line in lines],
    }
