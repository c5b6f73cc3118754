"""Changing an order's goods until its packing ends (docs/adr/0024).

The row of the order is held by whoever proposes, answers, applies or closes, so they come one after the other; what
the goods cost and whether they may be sold is judged above, by checkout.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from faded_skies.domains.inventory import service as inventory
from faded_skies.domains.inventory.service import Wanted
from faded_skies.domains.ledger.service import Account
from faded_skies.domains.orders import queries, rules
from faded_skies.domains.orders.errors import (
    AmendmentNotDearer,
    AmendmentNotFound,
    AmendmentOver,
    AmendmentWaits,
    NotAmendable,
)
from faded_skies.domains.orders.events import AmendmentMoved
from faded_skies.domains.orders.models import Amendment, Item, Order, Revision
from faded_skies.domains.orders.rules import BEFORE_DEPARTURE, CONSENT, Resettled
from faded_skies.domains.orders.service.life import lock_order, note
from faded_skies.domains.payments import service as payments
from faded_skies.domains.rewards import service as rewards
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.money import to_dollars

_OVER = {
    "applied": "This change was made already.",
    "declined": "This change was declined already.",
    "withdrawn": "The shop has taken this proposal back.",
    "expired": "The time to answer this proposal is over. Ask the shop for a new one.",
    "closed": "The order was packed or ended before this proposal was answered.",
}


def check_amendable(order: Order) -> None:
    """Raise NotAmendable unless the order is confirmed or being packed, and its packing has not ended."""
    if order.status not in BEFORE_DEPARTURE:
        raise NotAmendable("Only an order that is confirmed or being packed can be changed.")
    if order.packed_at is not None:
        raise NotAmendable("This order is packed, so it can no longer be changed.")


async def check_none_waits(tx: Tx, order: Order, *, now: datetime) -> None:
    """Raise AmendmentWaits while a proposal waits for its answer; one whose time is over ends here."""
    waiting = await queries.find_open_amendment(tx, order.id)
    if waiting is None:
        return
    if waiting.expires_at > now:
        raise AmendmentWaits(
            "A proposed change of this order waits for its answer. It has to be answered or taken back first.",
            amendmentId=waiting.id,
        )
    await _end(tx, order, waiting, "expired", actor_id=None)


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
    before = (await queries.list_items(tx, [order.id]))[order.id]
    amendment = await queries.insert_amendment(
        tx,
        order.id,
        proposed_by=actor_id,
        by_customer=False,
        status="open",
        reason=reason,
        lines=_lines(revision),
        before=_picture(before, order),
        after=_outlook(order, revision, _settle(order, revision, money_left=await _money_left(tx, order))),
        restock=restock,
        expires_at=now + CONSENT,
    )
    _tell(tx, order, amendment, actor_id=actor_id)
    return amendment


async def list_amendments(db: Database, order_id: UUID) -> list[Amendment]:
    """Return the last hundred changes of an order, the newest first."""
    return await queries.list_amendments(db, order_id)


async def get_open_amendment(tx: Tx, order: Order, amendment_id: UUID, *, now: datetime) -> Amendment:
    """Return a proposal that waits for its answer. Raises AmendmentNotFound, AmendmentOver."""
    amendment = await queries.find_amendment(tx, order.id, amendment_id)
    if amendment is None:
        raise AmendmentNotFound
    if amendment.status != "open":
        raise AmendmentOver(_OVER[amendment.status])
    if amendment.expires_at <= now:
        raise AmendmentOver(_OVER["expired"])
    return amendment


async def decline_amendment(tx: Tx, order: Order, amendment: Amendment, *, actor_id: UUID) -> Amendment:
    """End a proposal because the customer does not want it; the order stays as it was."""
    return await _end(tx, order, amendment, "declined", actor_id=actor_id)


async def withdraw_amendment(tx: Tx, order: Order, amendment: Amendment, *, actor_id: UUID) -> Amendment:
    """Take a proposal back."""
    return await _end(tx, order, amendment, "withdrawn", actor_id=actor_id)


async def close_amendments(tx: Tx, order: Order, *, actor_id: UUID) -> None:
    """End a proposal that still waits because packing ends; the caller holds the order's row.

    An order that departs or ends closes its proposal by itself.
    """
    waiting = await queries.find_open_amendment(tx, order.id)
    if waiting is not None:
        await _end(tx, order, waiting, "closed", actor_id=actor_id)


async def accept_amendment(
    tx: Tx, order: Order, amendment: Amendment, revision: Revision, *, actor_id: UUID
) -> tuple[Order, Amendment]:
    """Apply a proposal to which the customer consents.

    Raises AmendmentOver when it would cost another sum than was shown, OutOfStock, NotAmendable, AmendmentNotDearer.
    """
    if _total(order, revision) != amendment.after["totalCents"]:
        raise AmendmentOver("Taxes have changed since this was proposed. Ask the shop for a new proposal.")
    settled = await queries.settle_amendment(tx, amendment.id, "applied")
    if settled is None:
        raise AmendmentOver(_OVER["applied"])
    amended = await _apply(tx, order, settled, revision, actor_id=actor_id)
    return amended, settled


async def amend_own(
    tx: Tx, order: Order, revision: Revision, *, actor_id: UUID, now: datetime
) -> tuple[Order, Amendment]:
    """Apply what the customer wants changed, at once.

    Raises OutOfStock, NotAmendable, AmendmentNotDearer.
    """
    before = (await queries.list_items(tx, [order.id]))[order.id]
    amendment = await queries.insert_amendment(
        tx,
        order.id,
        proposed_by=actor_id,
        by_customer=True,
        status="applied",
        reason=None,
        lines=_lines(revision),
        before=_picture(before, order),
        after=_outlook(order, revision, _settle(order, revision, money_left=await _money_left(tx, order))),
        restock=True,
        expires_at=now,
    )
    amended = await _apply(tx, order, amendment, revision, actor_id=actor_id)
    return amended, amendment


async def expire_amendments(db: Database, *, now: datetime) -> int:
    """End the proposals whose time is over, each in its own transaction; return how many were looked at."""
    expired = await queries.list_expired_amendments(db, now)
    for order_id, amendment_id in expired:
        async with db.transaction() as tx:
            order = await lock_order(tx, order_id)
            amendment = await queries.find_open_amendment(tx, order_id)
            if amendment is not None and amendment.id == amendment_id:
                await _end(tx, order, amendment, "expired", actor_id=None)
    return len(expired)


async def _money_left(tx: Tx, order: Order) -> int:
    return order.paid_cents - await queries.find_asked_back(tx, order.id)


def _total(order: Order, revision: Revision) -> int:
    return revision.subtotal_cents + revision.tax_cents + order.delivery_fee_cents + order.tip_cents


def _settle(order: Order, revision: Revision, *, money_left: int) -> Resettled:
    total = _total(order, revision)
    if total > order.total_cents and not (order.tender == "cash" and order.paid_cents == 0):
        raise AmendmentNotDearer(
            f"This order is paid, so it cannot become dearer by ${to_dollars(total - order.total_cents):,.2f}. "
            "Choose goods that cost as much or less, or let the shop offer them at the old price.",
            dearerBy=to_dollars(total - order.total_cents),
        )
    settled = rules.resettle(
        total_before=order.total_cents,
        total_after=total,
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


async def _apply(tx: Tx, order: Order, amendment: Amendment, revision: Revision, *, actor_id: UUID) -> Order:
    """Stock first, then coins, then money: locks are taken in one order."""
    before = (await queries.list_items(tx, [order.id]))[order.id]
    settled = _settle(order, revision, money_left=await _money_left(tx, order))
    await _exchange(tx, order, amendment, before, revision.items)
    await rewards.give_back(
        tx,
        user_id=order.user_id,
        order_id=order.id,
        coins=settled.coins_back,
        debits=[(Account.DEPOSITS, settled.coins_back)],
    )
    amended = await queries.revise_order(
        tx,
        order,
        revision,
        settled,
        total_cents=_total(order, revision),
        payment_status=rules.payment_status_after(
            order.payment_status, paid_cents=order.paid_cents, amount_due_cents=settled.amount_due_cents
        ),
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
        moneyBackCents=settled.money_back_cents,
        coinsBack=settled.coins_back,
    )
    _emit(tx, amended, amendment)
    return amended


async def _exchange(
    tx: Tx, order: Order, amendment: Amendment, before: Sequence[Item], after: Sequence[Item]
) -> None:
    had = {item.product_id: item.quantity for item in before}
    wants = {item.product_id: item.quantity for item in after}
    fewer = {one: had[one] - wants.get(one, 0) for one in had if had[one] > wants.get(one, 0)}
    more = [
        Wanted(item.product_id, item.name, item.quantity - had.get(item.product_id, 0))
        for item in after
        if item.quantity > had.get(item.product_id, 0)
    ]
    await inventory.exchange(tx, order_id=order.id, change_id=amendment.id, more=more, fewer=fewer)
    if not amendment.restock:
        await inventory.write_off(tx, fewer, actor_id=amendment.proposed_by)


async def _end(
    tx: Tx, order: Order, amendment: Amendment, status: str, *, actor_id: UUID | None
) -> Amendment:
    ended = await queries.settle_amendment(tx, amendment.id, status)
    if ended is None:
        raise AmendmentOver(_OVER[status])
    _tell(tx, order, ended, actor_id=actor_id)
    return ended


def _tell(tx: Tx, order: Order, amendment: Amendment, *, actor_id: UUID | None) -> None:
    tx.audit(
        f"order.amendment_{'proposed' if amendment.status == 'open' else amendment.status}",
        object_type="order",
        object_id=order.id,
        actor_id=actor_id,
        reason=amendment.reason,
        amendmentId=amendment.id,
        **({"before": amendment.before, "after": amendment.after} if amendment.status == "open" else {}),
    )
    _emit(tx, order, amendment)


def _emit(tx: Tx, order: Order, amendment: Amendment) -> None:
    tx.emit(
        AmendmentMoved(
            amendment_id=amendment.id,
            order_id=order.id,
            user_id=order.user_id,
            order_number=order.order_number,
            status=amendment.status,
            by_customer=amendment.by_customer,
            reason=amendment.reason,
            total_before_cents=amendment.before["totalCents"],
            total_after_cents=amendment.after["totalCents"],
            moved_at=amendment.settled_at or amendment.created_at,
        )
    )


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
