"""Positions, and where an order is, on the wire (contract §3, §6, §7)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from faded_skies.domains.delivery import rules
from faded_skies.domains.delivery.models.road import Position
from faded_skies.domains.orders.schemas import present_order, present_tracking
from faded_skies.domains.orders.service import EtaSource, Order, TrackingLine
from faded_skies.platform.errors import Refused
from faded_skies.platform.http.fields import Body, Id, Latitude, Longitude, Shape

MOST_POSITIONS = 100

Heading = Annotated[
    float, Field(strict=True, ge=0, le=360, allow_inf_nan=False, description="Degrees from north.")
]
Speed = Annotated[
    float, Field(strict=True, ge=0, le=100, allow_inf_nan=False, description="Metres per second.")
]
Timestamp = Annotated[
    int, Field(strict=True, ge=0, le=10**14, description="Epoch milliseconds; now if left out.")
]


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


class ReceivedAnswer(Shape):
    received: int = Field(description="How many positions were taken.")


class TrackOrder(Body):
    order_id: Id


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


class DriverHiddenShape(Shape):
    """The driver goes elsewhere first: what was shown until then (epoch milliseconds) is shown no more."""

    order_id: UUID
    timestamp: int


class DriverLocationShape(Shape):
    """Where the driver is: degrees, degrees from north, metres per second, epoch milliseconds; minutes to the door."""

    lat: float
    lng: float
    heading: float | None
    speed: float | None
    timestamp: int
    eta: int


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
