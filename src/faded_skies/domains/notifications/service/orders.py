"""Use cases of messages about orders."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from faded_skies.domains.notifications import rules
from faded_skies.domains.notifications.rules import Purchase
from faded_skies.domains.notifications.service.notifying import tell
from faded_skies.platform.db import Tx


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

    An order that is confirmed is written with its `purchase`: its goods and sums.
    """
    fact = f"order:{order_id}:{status}"
    if purchase is not None:
        confirmed = partial(
            rules.order_confirmed,
            order_id=order_id,
            order_number=order_number,
            message=message,
            purchase=purchase,
        )
        await tell(tx, user_id, kind="order_confirmed", fact=fact, write=confirmed)
        return
    write = partial(
        rules.order_status, order_id=order_id, order_number=order_number, status=status, message=message
    )
    await tell(tx, user_id, kind="order_status", fact=fact, write=write)


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
    write = partial(
        rules.amendment,
        order_id=order_id,
        order_number=order_number,
        status=status,
        reason=reason,
        total_before_cents=total_before_cents,
        total_after_cents=total_after_cents,
    )
    await tell(tx, user_id, kind="order_amendment", fact=f"amendment:{amendment_id}:{status}", write=write)


ETA_KEEPS = timedelta(minutes=5)
"""How long "in 12 minutes" is near enough to the truth."""

AT_DOOR = timedelta(minutes=15)
"""How long after an arrival it is still worth hearing of."""


async def notify_eta(
    tx: Tx,
    *,
    user_id: UUID,
    order_id: UUID,
    order_number: str,
    eta_at: datetime,
    reckoned_at: datetime | None,
    now: datetime,
) -> None:
    """Write to a customer that the order comes at another time than they were told; each estimate is told once.

    The caller decides when a change is worth it. Without `reckoned_at`, as old jobs come, the same expected minute is
    told once.
    """
    minutes = max(1, round((eta_at - now).total_seconds() / 60))
    write = partial(rules.eta_changed, order_id=order_id, order_number=order_number, minutes=minutes)
    fact = f"eta:{order_id}:{int(eta_at.timestamp()) // 60}"
    if reckoned_at is not None:
        fact += f":{reckoned_at.isoformat()}"
    good_until = min(eta_at, now + ETA_KEEPS)
    await tell(tx, user_id, kind="eta", fact=fact, write=write, good_until=good_until)


async def notify_arrival(
    tx: Tx, *, user_id: UUID, order_id: UUID, order_number: str, driver_id: UUID, arrived_at: datetime
) -> None:
    """Write to a customer that a driver is at the door; once for each driver."""
    write = partial(rules.arrived, order_id=order_id, order_number=order_number)
    fact = f"arrived:{order_id}:{driver_id}"
    await tell(tx, user_id, kind="arrived", fact=fact, write=write, good_until=arrived_at + AT_DOOR)


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
    write = partial(
        rules.refunded,
        order_id=order_id,
        order_number=order_number,
        amount_cents=amount_cents,
        in_cash=in_cash,
    )
    await tell(tx, user_id, kind="refund", fact=f"refund:{refund_id}", write=write)
