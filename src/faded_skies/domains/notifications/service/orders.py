"""Use cases of messages about orders."""

from datetime import datetime
from uuid import UUID

from faded_skies.domains.identity import service as identity
from faded_skies.domains.notifications import rules
from faded_skies.domains.notifications.rules import Purchase
from faded_skies.domains.notifications.service.notifying import notify
from faded_skies.platform.db import Tx
from faded_skies.platform.money import to_dollars


async def notify_order_status(
    tx: Tx,
    *,
    user_id: UUID,
    order_id: UUID,
    order_number: str,
    status: str,
    message: str,
    purchase: Purchase | None = None,
) -> None:
    """Write to a customer how their order stands now; nothing for a status that is not worth a message.

    With its `purchase`, an order that is confirmed is written with its goods and sums.
    """
    customer = await identity.find_customer(tx, user_id)
    if customer is None:
        return
    fact = f"order:{order_id}:{status}"
    if status == "confirmed" and purchase is not None:
        letter, push = rules.order_confirmed(
            to=customer.email,
            full_name=customer.full_name,
            order_id=order_id,
            order_number=order_number,
            message=message,
            purchase=purchase,
        )
        await notify(tx, user_id=user_id, kind="order_confirmed", fact=fact, letter=letter, push=push)
        return
    written = rules.order_status(
        to=customer.email,
        full_name=customer.full_name,
        order_id=order_id,
        order_number=order_number,
        status=status,
        message=message,
    )
    if written is not None:
        letter, push = written
        await notify(tx, user_id=user_id, kind="order_status", fact=fact, letter=letter, push=push)


async def notify_amendment(
    tx: Tx,
    *,
    user_id: UUID,
    order_id: UUID,
    order_number: str,
    amendment_id: UUID,
    status: str,
    reason: str | None,
    total_before_cents: int,
    total_after_cents: int,
) -> None:
    """Write to a customer that a change of their order is proposed, was made, or needs no answer any more."""
    customer = await identity.find_customer(tx, user_id)
    if customer is None:
        return
    written = rules.amendment(
        to=customer.email,
        full_name=customer.full_name,
        order_id=order_id,
        order_number=order_number,
        status=status,
        reason=reason,
        total_before=to_dollars(total_before_cents),
        total_after=to_dollars(total_after_cents),
    )
    if written is not None:
        letter, push = written
        fact = f"amendment:{amendment_id}:{status}"
        await notify(tx, user_id=user_id, kind="order_amendment", fact=fact, letter=letter, push=push)


async def notify_eta(
    tx: Tx, *, user_id: UUID, order_id: UUID, order_number: str, eta_at: datetime, now: datetime
) -> None:
    """Write to a customer that the order comes at another time than they were told.

    The caller decides when a change is worth it; the same expected minute is told once.
    """
    customer = await identity.find_customer(tx, user_id)
    if customer is None:
        return
    minutes = max(1, round((eta_at - now).total_seconds() / 60))
    letter, push = rules.eta_changed(
        to=customer.email,
        full_name=customer.full_name,
        order_id=order_id,
        order_number=order_number,
        minutes=minutes,
    )
    fact = f"eta:{order_id}:{int(eta_at.timestamp()) // 60}"
    await notify(tx, user_id=user_id, kind="eta", fact=fact, letter=letter, push=push)


async def notify_refund(
    tx: Tx,
    *,
    user_id: UUID,
    order_id: UUID,
    order_number: str,
    refund_id: UUID,
    amount_cents: int,
    in_cash: bool,
) -> None:
    """Write to a customer that money of an order went back."""
    customer = await identity.find_customer(tx, user_id)
    if customer is None:
        return
    letter, push = rules.refunded(
        to=customer.email,
        full_name=customer.full_name,
        order_id=order_id,
        order_number=order_number,
        amount_cents=amount_cents,
        in_cash=in_cash,
    )
    await notify(tx, user_id=user_id, kind="refund", fact=f"refund:{refund_id}", letter=letter, push=push)
