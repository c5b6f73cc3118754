"""Trips on the wire."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from faded_skies.domains.delivery.models.trips import LogLine, Trip, TripOverview, TripStatus, TripStop
from faded_skies.platform.http.fields import MOST_TEXT, Body, Id, Line, Shape

MOST_ORDERS = 50


def _each_once(ids: list[UUID]) -> list[UUID]:
    if len(set(ids)) < len(ids):
        raise PydanticCustomError("repeated", "Name each order once.")
    return ids


class PlanTrip(
    Body, json_schema_extra={"examples": [{"orderIds": ["0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60"]}]}
):
    """The orders in the order of their stops, and how many people are on board."""

    order_ids: Annotated[list[Id], Field(min_length=1, max_length=MOST_ORDERS), AfterValidator(_each_once)]
    people: Annotated[
        int, Field(strict=True, ge=1, le=4, description="How many people are on board, with the driver.")
    ] = 1


class NoteStop(Body, json_schema_extra={"examples": [{"kind": "fuel", "note": "Lamar Blvd"}]}):
    kind: Literal["rest", "fuel", "repair", "traffic", "other"]
    note: Annotated[Line, Field(max_length=MOST_TEXT)] | None = None


class TripStopShape(Shape):
    """A driver sees name and address no longer once the order was given to another one."""

    order_id: UUID
    order_number: str
    stop: int = Field(description="Place on the trip, from 1.")
    status: Literal["planned", "on_board", "delivered", "returned", "handed_on"]
    customer_first_name: str | None
    delivery_address: dict[str, object] | None
    arrived_at: datetime | None
    ended_at: datetime | None


class GoodsShape(Shape):
    order_id: UUID
    order_number: str


class TripShape(Shape):
    """`goodsToReceive` are the orders that came back and that staff has not received yet."""

    id: UUID
    status: TripStatus
    vehicle_id: UUID | None
    people: int
    stops: list[TripStopShape]
    goods_to_receive: list[GoodsShape]
    created_at: datetime
    departed_at: datetime | None
    ended_at: datetime | None


class TripAnswer(Shape):
    trip: TripShape


class TripLineShape(Shape):
    """A trip in a list."""

    id: UUID
    status: TripStatus
    driver_id: UUID
    driver_name: str
    vehicle_id: UUID | None
    people: int
    created_at: datetime
    departed_at: datetime | None
    ended_at: datetime | None


class TripsAnswer(Shape):
    trips: list[TripLineShape]
    total: int
    has_more: bool


class LogShape(Shape):
    """A line of the log; `code` is why an order came back, the place is where the driver was, if that is known."""

    kind: str
    order_id: UUID | None
    code: str | None
    note: str | None
    latitude: float | None
    longitude: float | None
    at: datetime


class WatchedTripShape(TripShape):
    driver_id: UUID
    driver_name: str
    log: list[LogShape]


class WatchedTripAnswer(Shape):
    trip: WatchedTripShape


def present_trip(trip: Trip, stops: Sequence[TripStop], *, is_staff: bool = False) -> dict[str, object]:
    """Return a trip as its driver sees it, of customers only what a stop of theirs needs; staff see all stops."""
    return {
        "id": trip.id,
        "status": trip.status,
        "vehicleId": trip.vehicle_id,
        "people": trip.people,
        "stops": [
            _present_stop(trip, stop, place, is_theirs=is_staff or stop.order_driver_id == trip.driver_id)
            for place, stop in enumerate(stops, start=1)
        ],
        "goodsToReceive": [
            {"orderId": stop.order_id, "orderNumber": stop.order_number}
            for stop in stops
            if stop.order_status == "returned" and not stop.items_back
        ],
        "createdAt": trip.created_at,
        "departedAt": trip.departed_at,
        "endedAt": trip.ended_at,
    }


def _present_stop(trip: Trip, stop: TripStop, place: int, *, is_theirs: bool) -> dict[str, object]:
    return {
        "orderId": stop.order_id,
        "orderNumber": stop.order_number,
        "stop": place,
        "status": stop.outcome or ("planned" if trip.departed_at is None else "on_board"),
        "customerFirstName": stop.customer_name.partition(" ")[0] if is_theirs else None,
        "deliveryAddress": stop.delivery_address if is_theirs else None,
        "arrivedAt": stop.arrived_at,
        "endedAt": stop.ended_at,
    }


def present_trip_line(trip: Trip, driver_name: str) -> dict[str, object]:
    return {
        "id": trip.id,
        "status": trip.status,
        "driverId": trip.driver_id,
        "driverName": driver_name,
        "vehicleId": trip.vehicle_id,
        "people": trip.people,
        "createdAt": trip.created_at,
        "departedAt": trip.departed_at,
        "endedAt": trip.ended_at,
    }


def present_watched(overview: TripOverview) -> dict[str, object]:
    """Return a trip with its log, as staff see it."""
    return {
        **present_trip(overview.trip, overview.stops, is_staff=True),
        "driverId": overview.trip.driver_id,
        "driverName": overview.driver_name,
        "log": [_present_line(line) for line in overview.log],
    }


def _present_line(line: LogLine) -> dict[str, object]:
    return {
        "kind": line.kind,
        "orderId": line.order_id,
        "code": line.code,
        "note": line.note,
        "latitude": line.latitude,
        "longitude": line.longitude,
        "at": line.at,
    }
