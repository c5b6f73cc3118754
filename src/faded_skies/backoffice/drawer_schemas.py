"""Drivers' cash as staff see it, and what they send when they count it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from faded_skies.domains.cash.service import Drawer, DrawerStatus
from faded_skies.platform.http.fields import MOST_TEXT, Body, Line, Shape
from faded_skies.platform.money import Cents, Dollars, to_dollars


class SignOff(Body, json_schema_extra={"examples": [{"receivedCash": 184.5}]}):
    """What staff counted themselves; `note` says why it differs, where it does."""

    received_cash: Dollars
    note: Annotated[Line, Field(max_length=MOST_TEXT)] | None = None


class DrawerPersonShape(Shape):
    id: UUID
    first_name: str


class DrawerShape(Shape):
    """`expected` is the float and what was collected; `counted` the driver's count, `received` the staff's.

    `countedBy` is who of the staff counted in the driver's place, null where the driver did.
    `difference` is what staff received too much, below zero what is missing.
    """

    id: UUID
    driver: DrawerPersonShape
    status: DrawerStatus
    opened_at: datetime
    counted_at: datetime | None
    opening_cash: float
    collected: float
    expected: float
    counted: float | None
    counted_by: DrawerPersonShape | None
    received: float | None
    difference: float | None
    signed_off_by: DrawerPersonShape | None
    signed_off_at: datetime | None
    note: str | None


class DrawerAnswer(Shape):
    drawer: DrawerShape


class DrawersAnswer(Shape):
    drawers: list[DrawerShape]
    total: int
    has_more: bool


def present_drawer(drawer: Drawer) -> dict[str, object]:
    """Return a drawer as staff sees it."""
    return {
        "id": drawer.id,
        "driver": {"id": drawer.driver_id, "firstName": drawer.driver_first_name},
        "status": drawer.status,
        "openedAt": drawer.opened_at,
        "countedAt": drawer.counted_at,
        "openingCash": to_dollars(drawer.float_cents),
        "collected": to_dollars(drawer.collected_cents),
        "expected": to_dollars(drawer.expected_cents),
        "counted": _dollars(drawer.counted_cents),
        "countedBy": _person(drawer.counted_by, drawer.counted_by_first_name),
        "received": _dollars(drawer.received_cents),
        "difference": _dollars(drawer.difference_cents),
        "signedOffBy": _person(drawer.signed_off_by, drawer.signed_off_by_first_name),
        "signedOffAt": drawer.signed_off_at,
        "note": drawer.note,
    }


def _dollars(cents: Cents | None) -> float | None:
    return None if cents is None else to_dollars(cents)


def _person(user_id: UUID | None, first_name: str | None) -> dict[str, object] | None:
    return None if user_id is None else {"id": user_id, "firstName": first_name}
