"""An order's life: its states, the moves between them, and what the customer is told. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import Literal
from uuid import UUID

from faded_skies.domains.orders.errors import IllegalMove

EtaSource = Literal["google", "osrm", "distance"]
"""Who reckoned the way: a vendor, a map server, or nobody but the straight line."""


class Status(StrEnum):
    PENDING = "pending"
    PAYMENT_FAILED = "payment_failed"
    CONFIRMED = "confirmed"
    PREPARING = "preparing"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    RETURNED = "returned"
    CANCELLED = "cancelled"


MOVES: dict[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.CONFIRMED, Status.PAYMENT_FAILED, Status.CANCELLED}),
    Status.PAYMENT_FAILED: frozenset({Status.CONFIRMED, Status.CANCELLED}),
    Status.CONFIRMED: frozenset({Status.PREPARING, Status.CANCELLED}),
    Status.PREPARING: frozenset({Status.OUT_FOR_DELIVERY, Status.CANCELLED}),
    Status.OUT_FOR_DELIVERY: frozenset({Status.DELIVERED, Status.RETURNED}),
    Status.DELIVERED: frozenset(),
    Status.RETURNED: frozenset(),
    Status.CANCELLED: frozenset(),
}

UNPAID = frozenset({Status.PENDING, Status.PAYMENT_FAILED})
BEFORE_DEPARTURE = frozenset({Status.CONFIRMED, Status.PREPARING})
ASSIGNABLE = frozenset({Status.CONFIRMED, Status.PREPARING, Status.OUT_FOR_DELIVERY})

NEEDS = ("payment", "id", "pack", "assign")
"""What an order may wait for on the board: its money, its customer's ID, its goods in a bag, a driver."""

HOLD = timedelta(minutes=15)
CONSENT = timedelta(minutes=30)
"""How long a customer may think about a proposed change."""

MESSAGES: dict[Status, str] = {
    Status.PENDING: "We have your order and are waiting for the payment.",
    Status.PAYMENT_FAILED: "The payment did not go through. Try again or choose another way to pay.",
    Status.CONFIRMED: "Your order is confirmed.",
    Status.PREPARING: "Your order is being packed.",
    Status.OUT_FOR_DELIVERY: "Your order is on its way. Have your ID ready at the door.",
    Status.DELIVERED: "Your order was handed over. Enjoy it responsibly.",
    Status.RETURNED: "Your order could not be handed over and is on its way back to the shop.",
    Status.CANCELLED: "Your order was cancelled.",
}

_WORDS = {
    Status.PENDING: "waiting for its payment",
    Status.PAYMENT_FAILED: "unpaid",
    Status.CONFIRMED: "confirmed",
    Status.PREPARING: "being packed",
    Status.OUT_FOR_DELIVERY: "out for delivery",
    Status.DELIVERED: "delivered",
    Status.RETURNED: "returned",
    Status.CANCELLED: "cancelled",
}


def check_move(now: Status, to: Status) -> None:
    """Raise IllegalMove, saying where the order stands, unless the table allows the move."""
    if to not in MOVES[now]:
        allowed = ", ".join(sorted(MOVES[now])) or "nothing"
        raise IllegalMove(
            f"This order is {_WORDS[now]}, so it cannot become {to.value}. From here it can become: {allowed}."
        )


def points_earned(*, money_cents: int, tip_cents: int) -> int:
    """Return the coins a delivered order earns: whole dollars of money paid and kept; coins and tip do not count."""
    return max(0, money_cents - tip_cents) // 100


def share_of_units(amount_cents: int, *, quantity: int, before: int, units: int) -> int:
    """Return what `units` of a line's `quantity` are worth, when `before` of them went back already.

    Parts taken one after the other add up to the amount, whatever it is.
    """
    return amount_cents * (before + units) // quantity - amount_cents * before // quantity


OVER = {
    "paying": "This change waits for its payment.",
    "applied": "This change was made already.",
    "declined": "This change was declined already.",
    "withdrawn": "The shop has taken this proposal back.",
    "expired": "The time to answer this proposal is over. Ask the shop for a new one.",
    "closed": "The order was packed or ended before this change was made.",
    "failed": "This change was not paid, so the order stays as it was. Ask the shop for a new proposal.",
}
"""Why a change of an order waits for no answer any more."""


def difference(
    before: Mapping[UUID, int], after: Mapping[UUID, int]
) -> tuple[dict[UUID, int], dict[UUID, int]]:
    """Return how many more, and how many fewer, of each product it becomes."""
    more = {one: after[one] - before.get(one, 0) for one in after if after[one] > before.get(one, 0)}
    fewer = {one: before[one] - after.get(one, 0) for one in before if before[one] > after.get(one, 0)}
    return more, fewer


@dataclass(frozen=True, slots=True)
class Resettled:
    """How an order with another total is settled. `money_back_cents` and `coins_back` are given back."""

    coins_used: int
    amount_due_cents: int
    money_back_cents: int
    coins_back: int


def resettle(
    *, total_before: int, total_after: int, coins_used: int, coins_left: int, paid_cents: int, money_left: int
) -> Resettled | None:
    """Return how a change of the total is settled, money first and then coins; cents.

    `money_left` is what was paid and not given back, `coins_left` likewise. None when so much was given back before,
    as a favour, that the coins spent are more than the new total.
    """
    less = max(0, total_before - total_after)
    by_money = min(less, money_left if paid_cents else total_before - coins_used)
    coins_back = min(less - by_money, coins_left)
    coins = coins_used - coins_back
    if coins > total_after:
        return None
    return Resettled(
        coins_used=coins,
        amount_due_cents=total_after - coins,
        money_back_cents=by_money if paid_cents else 0,
        coins_back=coins_back,
    )


def payment_status_after(now: str, *, paid_cents: int, charged_cents: int, amount_due_cents: int) -> str:
    """Return the payment status of an order whose amount due has changed; `charged_cents` were paid for that."""
    if charged_cents:
        return "paid"
    if paid_cents:
        return now
    if amount_due_cents == 0:
        return "paid"
    return "unpaid" if now == "paid" else now


def minutes_until(eta: datetime | None, *, now: datetime) -> int | None:
    """Return the estimated minutes from now, 0 when the estimate has passed."""
    return None if eta is None else max(0, ceil((eta - now).total_seconds() / 60))
