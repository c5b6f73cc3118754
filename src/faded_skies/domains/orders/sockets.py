"""Socket.IO: what is told of orders (contract §7)."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from faded_skies.domains.orders.rules import EtaSource, Status
from faded_skies.platform.http.fields import Shape
from faded_skies.platform.realtime import ServerEvent


class OrderStatusShape(Shape):
    """A new line of the order's story; its `status` is the order's, also where only something was noted."""

    order_id: UUID
    status: Status
    message: str
    created_at: datetime


class OrderAmendmentShape(Shape):
    """A change of the order was proposed, applied or ended; ask for it to see what it says."""

    order_id: UUID
    amendment_id: UUID
    status: Literal["open", "paying", "applied", "declined", "withdrawn", "expired", "closed", "failed"]
    created_at: datetime


class EtaUpdateShape(Shape):
    """The order arrives in other minutes than before."""

    order_id: UUID
    eta: int = Field(description="Minutes from now.")
    source: EtaSource = Field(description="Who reckoned the way; `distance` without a map of streets.")


SERVER_EVENTS = (
    ServerEvent(
        "order-status", OrderStatusShape, "to the order's customer, and to everybody who watches the order"
    ),
    ServerEvent(
        "order-amendment",
        OrderAmendmentShape,
        "to the order's customer, and to everybody who watches the order",
    ),
    ServerEvent(
        "eta-update",
        EtaUpdateShape,
        "to everybody who watches the order when its estimate moves by a minute or more, to its customer wherever they "
        "are signed in when it is more than five minutes from what they were told",
    ),
)
