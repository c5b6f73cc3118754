"""What we write about an order on its way: how it stands, when it comes, and changes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from faded_skies.domains.notifications.rules.messages import Letter, Push
from faded_skies.platform.money import money_text


def about_order(
    *,
    to: str,
    full_name: str,
    order_id: UUID,
    order_number: str,
    headline: str,
    paragraphs: Sequence[str],
    told: str,
    kind: str = "order_update",
    button: str = "See my order",
    table: Sequence[list[str]] = (),
    totals: Sequence[list[str]] = (),
) -> tuple[Letter, Push]:
    """Write something of an order by mail and as a push, which says what is `told`; both lead to the order."""
    path = f"/orders/{order_id}"
    letter = Letter(
        to=to,
        subject=f"{headline}: {order_number}",
        full_name=full_name,
        paragraphs=list(paragraphs),
        button=button,
        path=path,
        table=list(table),
        totals=list(totals),
    )
    return letter, Push(headline, told, {"type": kind, "orderId": str(order_id), "url": path})


@dataclass(frozen=True, slots=True)
class _Step:
    """How one order status is told: the headline, and what the mail says after the status's own line."""

    headline: str
    advice: str
    kind: str = "order_update"


_STEPS = {
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
    """Write how an order stands; None for a status not worth a message, or with a letter of its own (confirmed).

    `message` is tracking's line.
    """
    step = _STEPS.get(status)
    if step is None:
        return None
    return about_order(
        to=to,
        full_name=full_name,
        order_id=order_id,
        order_number=order_number,
        headline=step.headline,
        paragraphs=[message, step.advice],
        told=f"{order_number}: {message}",
        kind=step.kind,
    )


_AMENDMENTS = {
    "open": (
        "Your order needs your answer",
        "May we change it? Please answer within 30 minutes. Without your consent your order stays as it is.",
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
    total_before_cents: int,
    total_after_cents: int,
) -> tuple[Letter, Push] | None:
    """Write of a change of an order; None for a step not worth a message."""
    if status not in _AMENDMENTS:
        return None
    headline, advice = _AMENDMENTS[status]
    before, after = money_text(total_before_cents), money_text(total_after_cents)
    change = f"The total was {before} and is {after} with the change."
    return about_order(
        to=to,
        full_name=full_name,
        order_id=order_id,
        order_number=order_number,
        headline=headline,
        paragraphs=[*([reason] if reason else []), change, advice],
        told=f"{order_number}: {reason or change}",
        kind="order_amendment",
    )


def arrived(*, to: str, full_name: str, order_id: UUID, order_number: str) -> tuple[Letter, Push]:
    """Write that the driver is at the door."""
    told = "Your driver is at the door. Please bring your ID."
    return about_order(
        to=to,
        full_name=full_name,
        order_id=order_id,
        order_number=order_number,
        headline="Your driver is here",
        paragraphs=[told, "They cannot wait for long, and hand over only to the person who ordered."],
        told=f"{order_number}: {told}",
    )


def eta_changed(
    *, to: str, full_name: str, order_id: UUID, order_number: str, minutes: int
) -> tuple[Letter, Push]:
    """Write that an order comes at another time than was said: in so many minutes from now."""
    told = f"Your driver will arrive in approximately {minutes} minute{'' if minutes == 1 else 's'}."
    return about_order(
        to=to,
        full_name=full_name,
        order_id=order_id,
        order_number=order_number,
        headline="Delivery update",
        paragraphs=[told, "You can follow the driver on the map. Have a valid ID at hand."],
        told=told,
        kind="eta_update",
        button="Follow my order",
    )
