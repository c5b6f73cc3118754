"""What we write about money: what was bought, and what was given back."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from faded_skies.domains.notifications.rules.messages import Letter, Push
from faded_skies.domains.notifications.rules.orders import about_order
from faded_skies.platform.money import money_text


@dataclass(frozen=True, slots=True)
class Purchase:
    """What an order is made of: lines of quantity, name and cents; sums in cents."""

    lines: Sequence[tuple[int, str, int]]
    subtotal_cents: int
    tax_cents: int
    delivery_fee_cents: int
    tip_cents: int
    total_cents: int
    coins_used: int
    amount_due_cents: int


def order_confirmed(
    *, to: str, full_name: str, order_id: UUID, order_number: str, message: str, purchase: Purchase
) -> tuple[Letter, Push]:
    """Write that an order counts, with its goods and sums. `message` is tracking's line."""
    sums = [
        ("Subtotal", purchase.subtotal_cents),
        ("Taxes", purchase.tax_cents),
        ("Delivery", purchase.delivery_fee_cents),
        ("Tip", purchase.tip_cents),
    ]
    totals = [[name, money_text(cents)] for name, cents in sums if cents or name in {"Subtotal", "Taxes"}]
    totals.append(["Total", money_text(purchase.total_cents)])
    if purchase.coins_used:
        totals += [
            ["Paid with coins", money_text(-purchase.coins_used)],
            ["To pay", money_text(purchase.amount_due_cents)],
        ]
    return about_order(
        to=to,
        full_name=full_name,
        order_id=order_id,
        order_number=order_number,
        headline="Order confirmed",
        paragraphs=[message, "We start packing soon and write again when it leaves the shop."],
        told=f"{order_number}: {message}",
        table=[[f"{quantity} × {name}", money_text(cents)] for quantity, name, cents in purchase.lines],  # noqa: RUF001 - the sign of multiplication is meant
        totals=totals,
    )


def refunded(
    *, to: str, full_name: str, order_id: UUID, order_number: str, amount_cents: int, in_cash: bool
) -> tuple[Letter, Push]:
    """Write that money of an order went back."""
    amount = money_text(amount_cents)
    told = f"We gave back {amount} of your order {order_number}."
    how = (
        "You get it in cash; our support tells you where."
        if in_cash
        else "It goes back the way you paid. Banks take up to ten days to show it."
    )
    return about_order(
        to=to,
        full_name=full_name,
        order_id=order_id,
        order_number=order_number,
        headline=f"We gave {amount} back",
        paragraphs=[told, how],
        told=f"{told} {how}",
    )
