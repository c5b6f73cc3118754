"""What we write about an order on its way: how it stands, when it comes, and changes of it."""

from dataclasses import dataclass
from uuid import UUID

from faded_skies.domains.notifications.rules.messages import Letter, Push


@dataclass(frozen=True, slots=True)
class _Step:
    """How one order status is told: the headline, and what the mail says after the status's own line."""

    headline: str
    advice: str
    type: str = "order_update"


_STEPS = {
    "confirmed": _Step("Order confirmed", "We start packing soon and write again when it leaves the shop."),
    "preparing": _Step("We are packing your order", "It goes to a driver as soon as it is sealed."),
    "out_for_delivery": _Step(
        "Your order is on its way",
        "You can follow the driver on the map. Have a valid ID at hand: it is checked at the door.",
    ),
    "delivered": _Step(
        "Your order has arrived",
        "Thank you for shopping with us. Keep it out of the reach of children and pets.",
        "order_delivered",
    ),
    "returned": _Step(
        "We could not hand over your order",
        "Once it is back we settle the payment by the rules of the shop. Our support helps with questions.",
    ),
    "cancelled": _Step(
        "Your order is cancelled",
        "Coins you used are back in your account, and money you paid is on its way back.",
    ),
    "payment_failed": _Step(
        "Your payment did not go through",
        "Your things are held for 15 minutes. Try again, or choose another way to pay.",
    ),
}


def order_status(
    *, to: str, full_name: str, order_id: UUID, order_number: str, status: str, message: str
) -> tuple[Letter, Push] | None:
    """Write how an order stands; None for a status not worth a message. `message` is tracking's line."""
    step = _STEPS.get(status)
    if step is None:
        return None
    path = f"/orders/{order_id}"
    letter = Letter(
        to=to,
        subject=f"{step.headline}: {order_number}",
        full_name=full_name,
        paragraphs=[message, step.advice],
        button="See my order",
        path=path,
    )
    push = Push(
        title=step.headline,
        body=f"{order_number}: {message}",
        data={"type": step.type, "orderId": str(order_id), "url": path},
    )
    return letter, push


_AMENDMENTS = {
    "open": (
        "May we change your order?",
        "Please answer within 30 minutes. Without your consent your order stays as it is.",
    ),
    "applied": ("Your order was changed", "Money and coins that are left over go back the way they came."),
    "withdrawn": ("A proposed change was taken back", "Your order stays as it is; you need not answer."),
    "expired": ("A proposed change was not answered in time", "Your order stays as it is."),
    "failed": (
        "A change of your order was not paid",
        "Your order stays as it is, and nothing more was charged.",
    ),
}


def amendment(
    *,
    to: str,
    full_name: str,
    order_id: UUID,
    order_number: str,
    status: str,
    reason: str | None,
    total_before: float,
    total_after: float,
) -> tuple[Letter, Push] | None:
    """Write of a change of an order; None for a step not worth a message. Totals in dollars."""
    if status not in _AMENDMENTS:
        return None
    headline, advice = _AMENDMENTS[status]
    change = f"The total was ${total_before:,.2f} and is ${total_after:,.2f} with the change."
    path = f"/orders/{order_id}"
    letter = Letter(
        to=to,
        subject=f"{headline}: {order_number}",
        full_name=full_name,
        paragraphs=[*([reason] if reason else []), change, advice],
        button="See my order",
        path=path,
    )
    push = Push(
        title=headline,
        body=f"{order_number}: {reason or change}",
        data={"type": "order_amendment", "orderId": str(order_id), "url": path},
    )
    return letter, push


def eta_changed(
    *, to: str, full_name: str, order_id: UUID, order_number: str, minutes: int
) -> tuple[Letter, Push]:
    """Write that an order comes at another time than was said: in so many minutes from now."""
    path = f"/orders/{order_id}"
    headline = "Delivery update"
    told = f"Your driver will arrive in approximately {minutes} minute{'' if minutes == 1 else 's'}."
    letter = Letter(
        to=to,
        subject=f"{headline}: {order_number}",
        full_name=full_name,
        paragraphs=[told, "You can follow the driver on the map. Have a valid ID at hand."],
        button="Follow my order",
        path=path,
    )
    data = {"type": "eta_update", "orderId": str(order_id), "url": path}
    return letter, Push(title=headline, body=told, data=data)
