"""Socket.IO: what is told of orders (contract §7)."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from faded_skies.domains.orders.rules import Status
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


SERVER_EVENTS = (
    ServerEvent(
        "order-status", OrderStatusShape, "to the order's customer, and to everybody who watches the order"
    ),
    ServerEvent(
        "order-amendment",
        OrderAmendmentShape,
        "to the order's customer, and to everybody who watches the order",
    ),
)
