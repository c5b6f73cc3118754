"""What staff send and get."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from faded_skies.domains.delivery.schemas.answers import AssignmentShape, RefusalShape
from faded_skies.domains.identity.service import Person
from faded_skies.domains.orders.schemas import OrderShape
from faded_skies.domains.orders.service import Status
from faded_skies.domains.payments.ports import DisputeStatus
from faded_skies.domains.payments.service import Dispute
from faded_skies.platform.errors import Refused
from faded_skies.platform.http.fields import Body, Id, Line, Shape
from faded_skies.platform.money import JsonNumber, Sum, to_dollars


class MoveOrder(Body, json_schema_extra={"examples": [{"status": "preparing"}]}):
    """Departure and handover are the driver's calls: their checks cannot be stepped round here."""

    status: Literal["preparing", "cancelled"]
    reason: Annotated[Line, Field(max_length=500)] | None = None


class AssignOrder(
    Body, json_schema_extra={"examples": [{"driverId": "0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60"}]}
):
    driver_id: Id


Need = Literal["payment", "id", "pack", "assign"]
PaymentStatus = Literal[
    "unpaid",
    "processing",
    "requires_action",
    "failed",
    "authorized",
    "paid",
    "refund_pending",
    "refunded",
    "cancelled",
]


class BoardCustomerShape(Shape):
    """Whose order it is, and whether their papers are approved."""

    id: UUID
    full_name: str
    email: str
    phone: str | None
    id_verification_status: str


class BoardOrderShape(OrderShape):
    """An order with whose it is and what its driver said, and who gave it back before."""

    customer: BoardCustomerShape
    driver_id: UUID | None
    packed_at: datetime | None
    assignment: AssignmentShape | None
    refusals: list[RefusalShape]


class BoardAnswer(Shape):
    orders: list[BoardOrderShape]
    total: int
    has_more: bool


class CountsAnswer(Shape):
    """`counts` by state, `needs` by what is waited for; an order may wait for several things."""

    counts: dict[Status, int]
    needs: dict[Need, int]


def present_customer(person: Person) -> dict[str, object]:
    return {
        "id": person.id,
        "fullName": person.full_name,
        "email": person.email,
        "phone": person.phone,
        "idVerificationStatus": person.id_verification_status,
    }


class RefundedUnits(Body):
    product_id: Id
    quantity: Annotated[int, Field(strict=True, ge=1, le=10_000, description="How many of its units.")]


class RefundOrder(
    Body,
    json_schema_extra={
        "examples": [
            {
                "items": [{"productId": "0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60", "quantity": 1}],
                "reason": "The jar was broken.",
                "restock": False,
            }
        ]
    },
):
    """`items` go back with their taxes, `amount` (dollars) is a favour; send one of them. `restock`: onto the shelf."""

    amount: Annotated[Sum, Field(ge=Decimal("0.01")), JsonNumber()] | None = None
    items: Annotated[list[RefundedUnits], Field(min_length=1, max_length=100)] | None = None
    reason: Annotated[Line, Field(max_length=500)]
    restock: Annotated[bool, Field(strict=True)] = False

    def units(self) -> dict[UUID, int] | None:
        """Return the units of each product, None for an amount. Raises Refused unless it is one or the other."""
        if (self.amount is None) == (self.items is None):
            raise Refused("amount", "Send either an amount or items, one of them.")
        if self.items is None:
            if self.restock:
                raise Refused(
                    "restock", "Only items can go back onto the shelf. Name them, or leave this out."
                )
            return None
        units = {item.product_id: item.quantity for item in self.items}
        if len(units) < len(self.items):
            raise Refused("items", "Name each product once, with all its units.")
        return units


class GrantCoins(Body, json_schema_extra={"examples": [{"coins": 500, "reason": "Sorry for the wait."}]}):
    """FS coins as a favour; one is worth a cent. The customer reads the reason."""

    coins: Annotated[
        int, Field(strict=True, ge=1, le=1_000_000, description="FS coins; one is worth a cent.")
    ]
    reason: Annotated[Line, Field(max_length=200)]


class GrantedAnswer(Shape):
    """What the person has now."""

    balance: int
    debt: int


class DisputeShape(Shape):
    """A charge that its customer's bank asks back; it is answered at the payment provider, until `evidenceDueAt`."""

    id: UUID
    order_id: UUID | None
    order_number: str | None
    amount: float
    fee: float
    reason: str
    status: DisputeStatus
    withdrawn: bool
    evidence_due_at: datetime | None
    opened_at: datetime


class DisputesAnswer(Shape):
    disputes: list[DisputeShape]
    total: int
    has_more: bool


def present_dispute(dispute: Dispute) -> dict[str, object]:
    return {
        "id": dispute.id,
        "orderId": dispute.order_id,
        "orderNumber": dispute.order_number,
        "amount": to_dollars(dispute.amount_cents),
        "fee": to_dollars(dispute.fee_cents),
        "reason": dispute.reason,
        "status": dispute.status,
        "withdrawn": dispute.withdrawn,
        "evidenceDueAt": dispute.evidence_due_at,
        "openedAt": dispute.opened_at,
    }
