"""Storing what clients tell, and the purchases that orders state."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from faded_skies.domains.analytics import queries, rules
from faded_skies.domains.analytics.models import Ignored, NewEvent, Recorded, Told, Visit
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.ids import new_id
from faded_skies.platform.money import to_dollars

_PRUNED_AT_ONCE = 5000


async def record(
    tx: Tx, visit: Visit, events: Sequence[Told], *, vendors: Sequence[str], now: datetime
) -> Recorded:
    """Store a batch, as far as consent goes; a batch that comes again changes nothing.

    With a visitor's no, what waits of theirs to be passed on is taken back.
    """
    if (
        visit.user_id is None
        and visit.visitor_id is not None
        and False in (visit.counted, visit.third_parties)
    ):
        await queries.held.take_back_of_visitor(tx, visit.visitor_id)
    counted, third_parties = await _allowed(tx, visit)
    if not counted:
        return Recorded(0, len(events), "no_consent")
    told = [event for event in (_new(visit, one, now=now) for one in events) if event is not None]
    await queries.events.insert_events(tx, told, vendors=vendors if third_parties else ())
    ignored = len(events) - len(told)
    reason: Ignored | None = "too_old" if ignored else None
    return Recorded(len(told), ignored, reason)


async def _allowed(tx: Tx, visit: Visit) -> tuple[bool, bool]:
    """Return whether a visit may be counted, and whether others may hear of it."""
    if visit.user_id is None:
        return visit.counted is True, visit.third_parties is True
    consent = await queries.consents.hold_consent(tx, visit.user_id)
    if consent is None or visit.counted is False:
        return False, False
    return True, consent.third_parties and visit.third_parties is not False


def _new(visit: Visit, told: Told, *, now: datetime) -> NewEvent | None:
    moment = rules.moment_of(told.occurred_at, now=now)
    if moment is None:
        return None
    visitor_id = visit.visitor_id if visit.user_id is None else None
    subject = visit.user_id or visitor_id
    event_id = new_id() if told.key is None else rules.event_id("told", subject, told.key)
    return NewEvent(event_id, visit.user_id, visitor_id, told.name, rules.cleaned(told.properties), moment)


async def record_purchase(tx: Tx, order_id: UUID, *, vendors: Sequence[str], at: datetime) -> None:
    """State the purchase of an order that was confirmed, once, if its customer agreed to be counted."""
    purchase = await queries.events.find_purchase(tx, order_id)
    if purchase is None:
        return
    consent = await queries.consents.hold_consent(tx, purchase.user_id)
    if consent is None:
        return
    event = NewEvent(
        rules.event_id("purchase", purchase.user_id, purchase.order_id),
        purchase.user_id,
        None,
        rules.PURCHASE,
        {
            "orderId": str(purchase.order_id),
            "orderNumber": purchase.order_number,
            "amount": to_dollars(purchase.total_cents),
            "tax": to_dollars(purchase.tax_cents),
            "shipping": to_dollars(purchase.delivery_fee_cents),
            "currency": "USD",
            "itemCount": purchase.units,
            "paymentMethod": purchase.tender,
            "deliveryArea": purchase.city or "",
        },
        at,
    )
    await queries.events.insert_events(tx, [event], vendors=vendors if consent.third_parties else ())


async def prune(db: Database, *, now: datetime, keep: timedelta) -> None:
    """Forget events that are older than they are kept, some thousands in a transaction."""
    pruned = _PRUNED_AT_ONCE
    while pruned == _PRUNED_AT_ONCE:
        async with db.transaction() as tx:
            pruned = await queries.events.prune(tx, before=now - keep, most=_PRUNED_AT_ONCE)
