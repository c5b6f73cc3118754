"""Changing an order's goods until its packing ends (docs/adr/0024).

The row of the order is held by whoever proposes, answers, applies or closes, so they come one after the other; what
the goods cost and whether they may be sold is judged above, by checkout.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from faded_skies.domains.inventory import service as inventory
from faded_skies.domains.inventory.service import Wanted
from faded_skies.domains.ledger.service import Account
from faded_skies.domains.orders import rules
from faded_skies.domains.orders.errors import (
    AmendmentNotDearer,
    AmendmentNotFound,
    AmendmentOver,
    AmendmentWaits,
    NotAmendable,
)
from faded_skies.domains.orders.models import Amendment, Item, Order, Revision
from faded_skies.domains.orders.queries import amendments, reading
from faded_skies.domains.orders.rules import BEFORE_DEPARTURE, CONSENT, HOLD, Resettled
from faded_skies.domains.orders.service.life import (
    emit_amendment,
    end_amendment,
    lock_order,
    note,
    quantities,
    tell_amendment,
)
from faded_skies.domains.payments import service as payments
from faded_skies.domains.payments.service import BY_CARD, ChargeResult, Intent, IntentStatus, PaymentMethod
from faded_skies.domains.rewards import service as rewards
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.money import to_dollars


@dataclass(frozen=True, slots=True)
class Change:
    """An order and a change of it. `intent` is set while the difference is to be charged, and nothing changed yet."""

    order: Order
    amendment: Amendment
    intent: Intent | None = None


def check_amendable(order: Order) -> None:
    """Raise NotAmendable unless the order is confirmed or being packed, and its packing has not ended."""
    if order.status not in BEFORE_DEPARTURE:
        raise NotAmendable("Only an order that is confirmed or being packed can be changed.")
    if order.packed_at is not None:
        raise NotAmendable("This order is packed, so it can no longer be changed.")


async def check_none_waits(tx: Tx, order: Order, *, now: datetime) -> None:
    """Raise AmendmentWaits while a change waits for its answer or money; a proposal whose time is over ends here."""
    waiting = await amendments.find_waiting_amendment(tx, order.id)
    if waiting is None:
        return
    if waiting.status == "paying" or waiting.expires_at > now:
        raise AmendmentWaits(
            "A change of this order waits for its answer or its payment. That has to end first.",
            amendmentId=waiting.id,
        )
    await end_amendment(tx, order, waiting, "expired", actor_id=None)


async def propose_amendment(
    tx: Tx,
    order: Order,
    revision: Revision,
    *,
    reason: str,
    restock: bool,
    actor_id: UUID,
    now: datetime,
) -> Amendment:
    """Write down what staff proposes; the customer is asked. Raises AmendmentNotDearer, NotAmendable."""
    amendment = await _insert(
        tx,
        order,
        revision,
        status="open",
        reason=reason,
        restock=restock,
        actor_id=actor_id,
        expires_at=now + CONSENT,
    )
    tell_amendment(tx, order, amendment, actor_id=actor_id)
    return amendment


async def list_amendments(db: Database, order_id: UUID) -> list[Amendment]:
    """Return the last hundred changes of an order, the newest first."""
    return await amendments.list_amendments(db, order_id)


async def get_amendment(tx: Tx, order: Order, amendment_id: UUID) -> Amendment:
    """Return a change of an order. Raises AmendmentNotFound."""
    amendment = await amendments.find_amendment(tx, order.id, amendment_id)
    if amendment is None:
        raise AmendmentNotFound
    return amendment


async def get_open_amendment(tx: Tx, order: Order, amendment_id: UUID, *, now: datetime) -> Amendment:
    """Return a proposal that waits for its answer. Raises AmendmentNotFound, AmendmentOver."""
    amendment = await get_amendment(tx, order, amendment_id)
    if amendment.status != "open":
        raise AmendmentOver(rules.OVER[amendment.status])
    if amendment.expires_at <= now:
        raise AmendmentOver(rules.OVER["expired"])
    return amendment


async def decline_amendment(tx: Tx, order: Order, amendment: Amendment, *, actor_id: UUID) -> Amendment:
    """End a proposal because the customer does not want it; the order stays as it was."""
    return await end_amendment(tx, order, amendment, "declined", actor_id=actor_id)


async def withdraw_amendment(tx: Tx, order: Order, amendment: Amendment, *, actor_id: UUID) -> Amendment:
    """Take a proposal back."""
    return await end_amendment(tx, order, amendment, "withdrawn", actor_id=actor_id)


async def accept_amendment(
    tx: Tx,
    order: Order,
    amendment: Amendment,
    revision: Revision,
    *,
    method: PaymentMethod | None,
    actor_id: UUID,
    now: datetime,
) -> Change:
    """Apply a proposal to which the customer consents, or reserve it until its difference is charged to `method`.

    Raises AmendmentOver when it would cost another sum than was shown, OutOfStock, NotAmendable, AmendmentNotDearer.
    """
    if _total(order, revision) != amendment.after["totalCents"]:
        raise AmendmentOver("Taxes have changed since this was proposed. Ask the shop for a new proposal.")
    if _to_charge(order, revision):
        paying = await amendments.begin_paying(tx, amendment.id, now + HOLD)
        return await _reserve(tx, order, paying, method)
    settled = await amendments.settle_amendment(tx, amendment.id, "applied")
    if settled is None:
        raise AmendmentOver(rules.OVER["applied"])
    return await _apply(tx, order, settled, revision, actor_id=actor_id)


async def amend_own(
    tx: Tx,
    order: Order,
    revision: Revision,
    *,
    method: PaymentMethod | None,
    actor_id: UUID,
    now: datetime,
) -> Change:
    """Apply what the customer wants changed, or reserve it until its difference is charged to `method`.

    Raises OutOfStock, NotAmendable, AmendmentNotDearer.
    """
    is_charged = _to_charge(order, revision) > 0
    amendment = await _insert(
        tx,
        order,
        revision,
        status="paying" if is_charged else "applied",
        reason=None,
        restock=True,
        actor_id=actor_id,
        expires_at=now + HOLD,
    )
    if is_charged:
        return await _reserve(tx, order, amendment, method)
    return await _apply(tx, order, amendment, revision, actor_id=actor_id)


async def settle_change(
    tx: Tx, order: Order, *, amendment_id: UUID, intent_id: UUID, result: ChargeResult
) -> Order:
    """Bring home what the gateway says of the difference; late, repeated and reordered answers change nothing.

    The caller holds the order's row. Paid, the change is applied; refused, the order stays as it was. Money for a
    change that is over goes back by itself.
    """
    amendment = await get_amendment(tx, order, amendment_id)
    waits = amendment.status == "paying"
    intent = await payments.apply_result(tx, intent_id=intent_id, result=result, wanted=waits)
    if not waits or intent.status.is_open:
        return order
    if intent.status is not IntentStatus.SUCCEEDED:
        await end_amendment(tx, order, amendment, "failed", actor_id=None)
        return order
    settled = await amendments.settle_amendment(tx, amendment.id, "applied")
    if settled is None:
        raise AmendmentOver(rules.OVER["applied"])
    changed = await _apply(
        tx, order, settled, settled.revision, actor_id=order.user_id, charged_cents=intent.amount_cents
    )
    return changed.order


async def expire_amendments(db: Database, *, now: datetime) -> int:
    """End the changes whose time is over, each in its own transaction; return how many were looked at.

    One that is being paid has its charge stopped, and ends as the gateway answers to that.
    """
    expired = await amendments.list_expired_amendments(db, now)
    for order_id, amendment_id in expired:
        async with db.transaction() as tx:
            order = await lock_order(tx, order_id)
            amendment = await amendments.find_waiting_amendment(tx, order_id)
            if amendment is None or amendment.id != amendment_id or amendment.expires_at >= now:
                continue
            if amendment.status == "paying":
                await payments.let_go(tx, order_id=order_id)
            else:
                await end_amendment(tx, order, amendment, "expired", actor_id=None)
    return len(expired)


async def _insert(
    tx: Tx,
    order: Order,
    revision: Revision,
    *,
    status: str,
    reason: str | None,
    restock: bool,
    actor_id: UUID,
    expires_at: datetime,
) -> Amendment:
    before = (await reading.list_items(tx, [order.id]))[order.id]
    settled = _settle(order, revision, money_left=await _money_left(tx, order))
    return await amendments.insert_amendment(
        tx,
        order.id,
        proposed_by=actor_id,
        by_customer=reason is None,
        status=status,
        reason=reason,
        lines=_lines(revision),
        before=_picture(before, order),
        after=_outlook(order, revision, settled),
        restock=restock,
        revision=revision,
        expires_at=expires_at,
    )


async def _money_left(tx: Tx, order: Order) -> int:
    return order.paid_cents - await reading.find_asked_back(tx, order.id)


def _total(order: Order, revision: Revision) -> int:
    return revision.subtotal_cents + revision.tax_cents + order.delivery_fee_cents + order.tip_cents


def _to_charge(order: Order, revision: Revision) -> int:
    """Return what a change of a paid order costs more, in cents; AmendmentNotDearer where nobody can charge it."""
    more = _total(order, revision) - order.total_cents
    if more <= 0 or order.tender == "cash":
        return 0
    if order.tender in BY_CARD and order.paid_cents:
        return more
    raise AmendmentNotDearer(
        f"This order cannot become dearer by ${to_dollars(more):,.2f}, by the way it is paid. "
        "Choose goods that cost as much or less, or let the shop offer them at the old price.",
        dearerBy=to_dollars(more),
    )


def _settle(order: Order, revision: Revision, *, money_left: int) -> Resettled:
    _to_charge(order, revision)
    settled = rules.resettle(
        total_before=order.total_cents,
        total_after=_total(order, revision),
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


async def _reserve(tx: Tx, order: Order, amendment: Amendment, method: PaymentMethod | None) -> Change:
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
        amount_cents=_to_charge(order, amendment.revision),
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


async def _apply(
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
    settled = _settle(order, revision, money_left=await _money_left(tx, order))
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
        total_cents=_total(order, revision),
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
        before=_picture(before, order),
        after=_picture(revision.items, amended),
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


def _wanted(items: Sequence[Item], more: dict[UUID, int]) -> list[Wanted]:
    return [
        Wanted(item.product_id, item.name, more[item.product_id]) for item in items if item.product_id in more
    ]


def _lines(revision: Revision) -> list[dict[str, Any]]:
    return [
        {"productId": item.product_id, "quantity": item.quantity, "unitPriceCents": item.unit_price_cents}
        for item in revision.items
    ]


def _picture(items: Sequence[Item], order: Order) -> dict[str, Any]:
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


def _outlook(order: Order, revision: Revision, settled: Resettled) -> dict[str, Any]:
    return {
        **_picture(revision.items, order),
        "subtotalCents": revision.subtotal_cents,
        "taxCents": revision.tax_cents,
        "totalCents": _total(order, revision),
        "coinsUsed": settled.coins_used,
        "amountDueCents": settled.amount_due_cents,
    }
