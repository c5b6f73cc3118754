"""What dispatch decided, on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from faded_skies.domains.delivery.events import Withdrawal
from faded_skies.domains.delivery.models.dispatch import Decision
from faded_skies.platform.http.fields import Shape


class DispatchDecisionShape(Shape):
    id: UUID
    order_id: UUID
    order_number: str
    driver_id: UUID | None = Field(description="null: the order waits.")
    why: str
    plan_id: UUID | None = Field(description="What was decided in one go has one plan.")
    stop: int | None = Field(description="Place on the driver's way, from 1.")
    expected_at: datetime | None = Field(description="When the driver was expected at the door.")
    decided_at: datetime


class OrderOfferedShape(Shape):
    """An order was given to the driver; `GET /api/driver/orders` has it all."""

    order_id: UUID
    order_number: str
    expected_at: datetime | None = Field(
        description="When they are expected at the door, where that was planned."
    )
    answer_by: datetime | None = Field(
        description="Accept or decline until then, or it goes to somebody else."
    )
    created_at: datetime


class OfferWithdrawnShape(Shape):
    """An order is not the driver's any more: moved to another one, not answered to, or cancelled."""

    order_id: UUID
    order_number: str
    reason: Withdrawal
    created_at: datetime


class DispatchDecisionsAnswer(Shape):
    decisions: list[DispatchDecisionShape]
    total: int
    has_more: bool


def present_decision(decision: Decision) -> dict[str, object]:
    return {
        "id": decision.id,
        "orderId": decision.order_id,
        "orderNumber": decision.order_number,
        "driverId": decision.driver_id,
        "why": decision.why,
        "planId": decision.plan_id,
        "stop": decision.stop,
        "expectedAt": decision.expected_at,
        "decidedAt": decision.decided_at,
    }
