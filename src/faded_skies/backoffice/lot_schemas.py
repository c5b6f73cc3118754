"""Lots and packing as staff see them."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from faded_skies.domains.inventory.service import (
    Lab,
    LabResult,
    Lot,
    LotMovement,
    LotStatus,
    NewLot,
    Package,
    Scan,
    Traced,
)
from faded_skies.domains.orders.schemas import OrderShape
from faded_skies.platform.http.fields import MOST_TEXT, Body, Day, Id, Line, Shape
from faded_skies.platform.ids import new_id

Tag = Annotated[
    Line, Field(pattern=r"^[A-Z0-9]{6,30}$", description="The package tag of the state's track and trace.")
]
Units = Annotated[int, Field(strict=True, ge=1, le=1_000_000, description="Units of the product.")]
Reason = Annotated[Line, Field(min_length=1, max_length=MOST_TEXT)]


class EnterLab(Body, json_schema_extra={"examples": [{"labResult": "passed", "labName": "Green Leaf Labs"}]}):
    """What the laboratory found."""

    lab_result: LabResult = "pending"
    lab_name: Annotated[Line, Field(max_length=100)] | None = None
    tested_on: Day | None = None
    lab_url: Annotated[Line, Field(max_length=500, pattern=r"^https://\S+$")] | None = None

    def lab(self) -> Lab:
        return Lab(self.lab_result, self.lab_name, self.tested_on, self.lab_url)


class ReceiveLot(
    EnterLab,
    json_schema_extra={
        "examples": [
            {
                "productId": "0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60",
                "tag": "1A4060300000022000000123",
                "quantity": 48,
                "labResult": "passed",
                "labName": "Green Leaf Labs",
                "testedOn": "2026-11-02",
                "expiresOn": "2027-11-02",
            }
        ]
    },
):
    """A package that arrives. `alreadyCounted` of its units stand in the stock level already, from before lots."""

    product_id: Id
    tag: Tag
    quantity: Units
    already_counted: Annotated[
        int,
        Field(
            strict=True, ge=0, le=1_000_000, description="Units of it that are in the stock level already."
        ),
    ] = 0
    expires_on: Day | None = None
    note: Annotated[Line, Field(max_length=MOST_TEXT)] | None = None

    def lot(self) -> NewLot:
        return NewLot(
            id=new_id(),
            product_id=self.product_id,
            tag=self.tag,
            quantity=self.quantity,
            already_counted=self.already_counted,
            lab=self.lab(),
            expires_on=self.expires_on,
            note=self.note,
        )


class Why(Body, json_schema_extra={"examples": [{"reason": "The lab called: moisture too high."}]}):
    reason: Reason


class AdjustLot(Body, json_schema_extra={"examples": [{"change": -2, "reason": "Two jars fell."}]}):
    """Units found (above zero) or lost."""

    change: Annotated[
        int, Field(strict=True, ge=-1_000_000, le=1_000_000, description="Units, below zero for lost ones.")
    ]
    reason: Reason


class DestroyUnits(Body, json_schema_extra={"examples": [{"quantity": 3, "reason": "Mouldy."}]}):
    quantity: Units
    reason: Reason


class ScanBody(Body, json_schema_extra={"examples": [{"tag": "1A4060300000022000000123", "quantity": 2}]}):
    tag: Tag
    quantity: Units


class PackOrder(
    Body, json_schema_extra={"examples": [{"lines": [{"tag": "1A4060300000022000000123", "quantity": 2}]}]}
):
    """What was scanned; nothing when no product of the order has lots."""

    lines: Annotated[list[ScanBody], Field(max_length=100)]

    def scans(self) -> list[Scan]:
        return [Scan(line.tag, line.quantity) for line in self.lines]


class LotShape(Shape):
    id: UUID
    product_id: UUID
    product_name: str
    tag: str
    received: int
    quantity: int
    lab_result: LabResult
    lab_name: str | None
    tested_on: date | None
    lab_url: str | None
    expires_on: date | None
    status: LotStatus
    on_sale: bool
    note: str | None
    received_at: datetime


class LotAnswer(Shape):
    lot: LotShape


class LotsAnswer(Shape):
    lots: list[LotShape]
    total: int
    has_more: bool


class LotMovementShape(Shape):
    change: int
    reason: str
    order_id: UUID | None
    actor_id: UUID | None
    note: str | None
    created_at: datetime


class TracedShape(Shape):
    order_id: UUID
    order_number: str
    status: str
    quantity: int
    returned: int
    packed_at: datetime


class LotStoryAnswer(Shape):
    lot: LotShape
    movements: list[LotMovementShape]
    orders: list[TracedShape]


class RecallAnswer(Shape):
    lot: LotShape
    orders: list[TracedShape]


class PackageShape(Shape):
    product_id: UUID
    tag: str
    quantity: int
    returned: int
    packed_at: datetime


class PackagesAnswer(Shape):
    packages: list[PackageShape]


class PackedAnswer(Shape):
    order: OrderShape
    packages: list[PackageShape]
    packed: bool = Field(description="Whether packing has ended.")


Move = Literal["hold", "release", "recall"]


def present_lot(lot: Lot) -> dict[str, object]:
    """Return a lot as staff see it."""
    return {
        "id": lot.id,
        "productId": lot.product_id,
        "productName": lot.product_name,
        "tag": lot.tag,
        "received": lot.received,
        "quantity": lot.quantity,
        "labResult": lot.lab_result,
        "labName": lot.lab_name,
        "testedOn": lot.tested_on,
        "labUrl": lot.lab_url,
        "expiresOn": lot.expires_on,
        "status": lot.status,
        "onSale": lot.on_sale,
        "note": lot.note,
        "receivedAt": lot.received_at,
    }


def present_movement(movement: LotMovement) -> dict[str, object]:
    """Return why a lot's units changed."""
    return {
        "change": movement.change,
        "reason": movement.reason,
        "orderId": movement.order_id,
        "actorId": movement.actor_id,
        "note": movement.note,
        "createdAt": movement.created_at,
    }


def present_traced(traced: Traced) -> dict[str, object]:
    """Return an order that has units of a lot."""
    return {
        "orderId": traced.order_id,
        "orderNumber": traced.order_number,
        "status": traced.status,
        "quantity": traced.quantity,
        "returned": traced.returned,
        "packedAt": traced.packed_at,
    }


def present_package(package: Package) -> dict[str, object]:
    """Return units of a lot in an order."""
    return {
        "productId": package.product_id,
        "tag": package.tag,
        "quantity": package.quantity,
        "returned": package.returned,
        "packedAt": package.packed_at,
    }
