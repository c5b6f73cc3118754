"""Changing an order's goods until its packing ends (docs/adr/0024).

The row of the order is held by whoever proposes, answers, applies or closes, so they come one after the other; what
the goods cost and whether they may be sold is judged above, by checkout.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from faded_skies.domains.orders import rules
from faded_skies.domains.orders.errors import (
    AmendmentNotFound,
    AmendmentOver,
    AmendmentWaits,
    NotAmendable,
)
from faded_skies.domains.orders.models import Amendment, Order, Revision
from faded_skies.domains.orders.queries import amendments, reading
from faded_skies.domains.orders.rules import BEFORE_DEPARTURE, CONSENT, HOLD, Resettled
from faded_skies.domains.orders.service.exchanging import (
    Change,
    apply,
    money_left,
    picture,
    reserve,
    resettle,
    to_charge,
    total_of,
)
from faded_skies.domains.orders.service.finding import (
    lock_order,
)
from faded_skies.domains.orders.service.life import (
    end_amendment,
    tell_amendment,
)
from faded_skies.domains.payments import service as payments
from faded_skies.domains.payments.service import ChargeResult, IntentStatus, PaymentMethod
from faded_skies.platform.db import Database, Tx


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
    if total_of(order, revision) != amendment.after["totalCents"]:
        raise AmendmentOver("Taxes have changed since this was proposed. Ask the shop for a new proposal.")
    if to_charge(order, revision):
        paying = await amendments.begin_paying(tx, amendment.id, now + HOLD)
        return await reserve(tx, order, paying, method)
    settled = await amendments.settle_amendment(tx, amendment.id, "applied")
    if settled is None:
        raise AmendmentOver(rules.OVER["applied"])
    return await apply(tx, order, settled, revision, actor_id=actor_id)


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
    is_charged = to_charge(order, revision) > 0
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
        return await reserve(tx, order, amendment, method)
    return await apply(tx, order, amendment, revision, actor_id=actor_id)


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
    changed = await apply(
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
    settled = resettle(order, revision, money_left=await money_left(tx, order))
    return await amendments.insert_amendment(
        tx,
        order.id,
        proposed_by=actor_id,
        by_customer=reason is None,
        status=status,
        reason=reason,
        lines=_lines(revision),
        before=picture(before, order),
        after=_outlook(order, revision, settled),
        restock=restock,
        revision=revision,
        expires_at=expires_at,
    )


def _lines(revision: Revision) -> list[dict[str, Any]]:
    return [
        {"productId": item.product_id, "quantity": item.quantity, "unitPriceCents": item.unit_price_cents}
        for item in revision.items
    ]


def _outlook(order: Order, revision: Revision, settled: Resettled) -> dict[str, Any]:
    return {
        **picture(revision.items, order),
        "subtotalCents": revision.subtotal_cents,
        "taxCents": revision.tax_cents,
        "totalCents": total_of(order, revision),
        "coinsUsed": settled.coins_used,
        "amountDueCents": settled.amount_due_cents,
    }
