"""What we write about money: what was bought, and what was given back."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from faded_skies.domains.notifications.rules.messages import Letter, Push


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


def dollars(cents: int) -> str:
    """Return an amount as people write it."""
    return f"{'-' if cents < 0 else ''}${abs(cents) // 100:,}.{abs(cents) % 100:02}"


def order_confirmed(
    *, to: str, full_name: str, order_id: UUID, order_number: str, message: str, purchase: Purchase
) -> tuple[Letter, Push]:
    """Write that an order counts, with its goods and sums. `message` is tracking's line."""
    headline, path = "Order confirmed", f"/orders/{order_id}"
    sums = [
        ("Subtotal", purchase.subtotal_cents),
        ("Taxes", purchase.tax_cents),
        ("Delivery", purchase.delivery_fee_cents),
        ("Tip", purchase.tip_cents),
    ]
    totals = [[name, dollars(cents)] for name, cents in sums if cents or name in {"Subtotal", "Taxes"}]
    totals.append(["Total", dollars(purchase.total_cents)])
    if purchase.coins_used:
        totals += [
            ["Paid with coins", dollars(-purchase.coins_used)],
            ["To pay", dollars(purchase.amount_due_cents)],
        ]
    letter = Letter(
        to=to,
        subject=f"{headline}: {order_number}",
        full_name=full_name,
        paragraphs=[message, "We start packing soon and write again when it leaves the shop."],
        button="See my order",
        path=path,
        table=[[f"{quantity} × {name}", dollars(cents)] for quantity, name, cents in purchase.lines],  # noqa: RUF001 - the sign of multiplication is meant
        totals=totals,
    )
    data = {"type": "order_update", "orderId": str(order_id), "url": path}
    return letter, Push(title=headline, body=f"{order_number}: {message}", data=data)


def refunded(
    *, to: str, full_name: str, order_id: UUID, order_number: str, amount_cents: int, in_cash: bool
) -> tuple[Letter, Push]:
    """Write that money of an order went back."""
    path, amount = f"/orders/{order_id}", dollars(amount_cents)
    headline = f"We gave {amount} back"
    told = f"We gave back {amount} of your order {order_number}."
    how = (
        "You get it in cash; our support tells you where."
        if in_cash
        else "It goes back the way you paid. Banks take up to ten days to show it."
    )
    letter = Letter(
        to=to,
        subject=f"{headline}: {order_number}",
        full_name=full_name,
        paragraphs=[told, how],
        button="See my order",
        path=path,
    )
    data = {"type": "order_update", "orderId": str(order_id), "url": path}
    return letter, Push(title=headline, body=f"{told} {how}", data=data)
