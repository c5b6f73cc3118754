"""Use cases of messages to drivers. They are pushes only: a mail would come when the order is long somebody else's."""

from datetime import datetime, timedelta
from uuid import UUID

from faded_skies.domains.notifications import rules
from faded_skies.domains.notifications.service.notifying import notify
from faded_skies.platform.db import Tx

OFFER_KEEPS = timedelta(hours=1)
"""How long an order that need not be answered by a certain time is news to its driver."""


async def notify_offer(
    tx: Tx, *, driver_id: UUID, order_id: UUID, order_number: str, at: datetime, answer_by: datetime | None
) -> None:
    """Push to a driver that an order was given to them at a moment, while they can answer."""
    push = rules.offered(order_id=order_id, order_number=order_number)
    fact = f"offer:{order_id}:{driver_id}:{at.isoformat()}"
    good_until = answer_by or at + OFFER_KEEPS
    await notify(tx, user_id=driver_id, kind="offer", fact=fact, push=push, good_until=good_until)


async def notify_withdrawal(
    tx: Tx, *, driver_id: UUID, order_id: UUID, order_number: str, reason: str, at: datetime
) -> None:
    """Push to a driver that they have an order no more; a cancellation is one fact however often it is stated."""
    push = rules.withdrawn(order_id=order_id, order_number=order_number, reason=reason)
    moment = "" if reason == "cancelled" else f":{at.isoformat()}"
    fact = f"withdrawal:{order_id}:{driver_id}:{reason}{moment}"
    await notify(tx, user_id=driver_id, kind="offer", fact=fact, push=push)
