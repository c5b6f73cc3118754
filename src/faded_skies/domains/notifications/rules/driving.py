"""What we write to drivers about orders that they are given."""

from uuid import UUID

from faded_skies.domains.notifications.rules.messages import Push

_WHY = {
    "moved": "Another driver has it now.",
    "unanswered": "There was no answer in time, so another driver is asked.",
    "cancelled": "It was cancelled. Leave it in the shop.",
}


def offered(*, order_id: UUID, order_number: str) -> Push:
    """Write that an order waits for the driver's answer."""
    return Push(
        title="A new order for you",
        body=f"{order_number}: accept it, or say that you cannot bring it.",
        data={"type": "order_offered", "orderId": str(order_id), "url": f"/orders/{order_id}"},
    )


def withdrawn(*, order_id: UUID, order_number: str, reason: str) -> Push:
    """Write that an order is not the driver's any more; `reason` is moved, unanswered or cancelled."""
    return Push(
        title="An order is not yours any more",
        body=f"{order_number}: {_WHY[reason]}",
        data={"type": "offer_withdrawn", "orderId": str(order_id), "url": f"/orders/{order_id}"},
    )
