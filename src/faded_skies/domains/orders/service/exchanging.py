"""What a change of an order does once it is decided: stock, coins and money move, and the order is another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from faded_skies.domains.inventory import service as inventory
from faded_skies.domains.inventory.service import Wanted
from faded_skies.domains.ledger.service import Account
from faded_skies.domains.orders import rules
from faded_skies.domains.orders.errors import AmendmentNotDearer, NotAmendable
from faded_skies.domains.orders.models import Amendment, Item, Order, Revision
from faded_skies.domains.orders.queries import amendments, reading
from faded_skies.domains.orders.rules import Resettled
from faded_skies.domains.orders.service.life import (
    emit_amendment,
    note,
    quantities,
)
from faded_skies.domains.payments import service as payments
from faded_skies.domains.payments.service import BY_CARD, Intent, PaymentMethod
from faded_skies.domains.rewards import service as rewards
from faded_skies.platform.db import Tx
from faded_skies.platform.money import to_dollars


@dataclass(frozen=True, slots=True)
class Change:
    """An order and a change of it. `intent` is set while the difference is to be charged, and nothing changed yet."""

    order: Order
    amendment: Amendment
    intent: Intent | None = None


async def reserve(tx: Tx, order: Order, amendment: Amendment, method: PaymentMethod | None) -> Change:
    """Take what the order gets more of, and open an attempt to charge the difference; the rest waits for that."""
    if method is None:
        raise AmendmentNotDearer("The card that paid this order was removed, so it cannot become dearer.")
    before = (await reading.list_items(tx, [order.id]))[order.id]
    more, _ = rules.difference(quantities(before), quantities(amendment.revision.items))
    await inventory.exchange(
        tx, order_id=order.id, change_id=amendment.id, more=_wanted(amendment.revision.items, more), fewer={}
    )
    intent = await payments.open_intent(
        tx,
        user_id=order.user_id,
        order_id=order.id,
        method=method,
        amount_cents=to_charge(order, amendment.revision),
        captures_later=False,
        amendment_id=amendment.id,
    )
    tx.audit(
        "order.amendment_paying",
        object_type="order",
        object_id=order.id,
        actor_id=order.user_id,
        amendmentId=amendment.id,
        intentId=intent.id,
        amountCents=intent.amount_cents,
    )
    return Change(order, amendment, intent)


async def apply(
    tx: Tx,
    order: Order,
    amendment: Amendment,
    revision: Revision,
    *,
    actor_id: UUID,
    charged_cents: int = 0,
) -> Change:
    """Stock first, then coins, then money: locks are taken in one order."""
    before = (await reading.list_items(tx, [order.id]))[order.id]
    settled = resettle(order, revision, money_left=await money_left(tx, order))
    await _exchange(tx, order, amendment, before, revision.items, is_reserved=charged_cents > 0)
    await rewards.give_back(
        tx,
        user_id=order.user_id,
        order_id=order.id,
        coins=settled.coins_back,
        debits=[(Account.DEPOSITS, settled.coins_back)],
    )
    paid = order.paid_cents + charged_cents
    amended = await amendments.revise_order(
        tx,
        order,
        revision,
        settled,
        total_cents=total_of(order, revision),
        payment_status=rules.payment_status_after(
            order.payment_status,
            paid_cents=paid,
            charged_cents=charged_cents,
            amount_due_cents=settled.amount_due_cents,
        ),
        paid_cents=paid,
    )
    if settled.money_back_cents:
        await payments.refund_order(
            tx,
            order_id=order.id,
            amount_cents=settled.money_back_cents,
            debits=[(Account.DEPOSITS, settled.money_back_cents)],
            reason="The order was changed.",
            requested_by=actor_id,
        )
    elif order.awaits_money and not amended.awaits_money:
        await payments.let_go(tx, order_id=order.id)
    await note(
        tx,
        amended,
        message=f"Your order was changed. It comes to ${to_dollars(amended.total_cents):,.2f} now.",
    )
    tx.audit(
        "order.amended",
        object_type="order",
        object_id=order.id,
        actor_id=actor_id,
        reason=amendment.reason,
        amendmentId=amendment.id,
        before=picture(before, order),
        after=picture(revision.items, amended),
        chargedCents=charged_cents,
        moneyBackCents=settled.money_back_cents,
        coinsBack=settled.coins_back,
    )
    emit_amendment(tx, amended, amendment)
    return Change(amended, amendment)


async def _exchange(
    tx: Tx,
    order: Order,
    amendment: Amendment,
    before: Sequence[Item],
    after: Sequence[Item],
    *,
    is_reserved: bool,
) -> None:
    more, fewer = rules.difference(quantities(before), quantities(after))
    wanted = [] if is_reserved else _wanted(after, more)
    await inventory.exchange(tx, order_id=order.id, change_id=amendment.id, more=wanted, fewer=fewer)
    if not amendment.restock:
        await inventory.write_off(tx, fewer, actor_id=amendment.proposed_by)


async def money_left(tx: Tx, order: Order) -> int:
    return order.paid_cents - await reading.find_asked_back(tx, order.id)


def total_of(order: Order, revision: Revision) -> int:
    return revision.subtotal_cents + revision.tax_cents + order.delivery_fee_cents + order.tip_cents


def to_charge(order: Order, revision: Revision) -> int:
    """Return what a change of a paid order costs more, in cents; AmendmentNotDearer where nobody can charge it."""
    more = total_of(order, revision) - order.total_cents
    if more <= 0 or order.tender == "cash":
        return 0
    if order.tender in BY_CARD and order.paid_cents:
        return more
    raise AmendmentNotDearer(
        f"This order cannot become dearer by ${to_dollars(more):,.2f}, by the way it is paid. "
        "Choose goods that cost as much or less, or let the shop offer them at the old price.",
        dearerBy=to_dollars(more),
    )


def resettle(order: Order, revision: Revision, *, money_left: int) -> Resettled:
    to_charge(order, revision)
    settled = rules.resettle(
        total_before=order.total_cents,
        total_after=total_of(order, revision),
        coins_used=order.coins_used,
        coins_left=order.coins_left,
        paid_cents=order.paid_cents,
        money_left=money_left,
    )
    if settled is None:
        raise NotAmendable(
            "So much was given back of this order already that it cannot become that small. Cancel it instead."
        )
    return settled


def _wanted(items: Sequence[Item], more: dict[UUID, int]) -> list[Wanted]:
    return [
        Wanted(item.product_id, item.name, more[item.product_id]) for item in items if item.product_id in more
    ]


def picture(items: Sequence[Item], order: Order) -> dict[str, Any]:
    """Return an order's goods and sums (cents), as a change keeps them."""
    return {
        "items": [
            {
                "productId": item.product_id,
                "name": item.name,
                "quantity": item.quantity,
                "unitPriceCents": item.unit_price_cents,
                "totalPriceCents": item.total_price_cents,
            }
            for item in items
        ],
        "subtotalCents": order.subtotal_cents,
        "taxCents": order.tax_cents,
        "totalCents": order.total_cents,
        "coinsUsed": order.coins_used,
        "amountDueCents": order.amount_due_cents,
    }
