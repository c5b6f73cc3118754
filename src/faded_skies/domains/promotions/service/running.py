"""Starting, sending and stopping promotions.

People are looked at in the order of their ids, a batch in one transaction that also notes how far it is: a process
killed in the middle has queued nobody of its batch, and whoever goes on begins there. The promotion's row is locked for
a batch, so two senders take turns and a stop waits for one batch at most.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from faded_skies.domains.identity.ports import Adulthood
from faded_skies.domains.notifications import service as notifications
from faded_skies.domains.notifications.service import Channel, Promoted
from faded_skies.domains.places import service as places
from faded_skies.domains.promotions import queries
from faded_skies.domains.promotions.errors import (
    NotADraft,
    NothingToStop,
    PostalAddressMissing,
    PromotionNotFound,
    TooFarAhead,
)
from faded_skies.domains.promotions.events import PromotionStarted
from faded_skies.domains.promotions.models import ChannelCounts, Promotion
from faded_skies.domains.promotions.service.asking import asked, place_of
from faded_skies.domains.promotions.service.drafting import get_promotion
from faded_skies.platform.db import Database, Tx

BATCH = 100
_PACE = timedelta(minutes=1)
_FARTHEST = timedelta(days=366)


@dataclass(frozen=True)
class Sending:
    """Under which terms promotions go: who is old enough, whether mails must say where the shop is, and the pace."""

    adulthood: Adulthood
    needs_postal_address: bool
    most_a_minute: int


async def start(
    tx: Tx, promotion_id: UUID, sending: Sending, *, at: datetime | None, actor_id: UUID, now: datetime
) -> Promotion:
    """Send a draft from now on, or from a later moment.

    Raises PromotionNotFound, NotADraft, AreaUnknown, TooFarAhead or PostalAddressMissing.
    """
    promotion = await _lock(tx, promotion_id)
    if promotion.state != "draft":
        raise NotADraft
    if await _lacks_address(tx, promotion, sending):
        raise PostalAddressMissing
    if at is not None and at > now + _FARTHEST:
        raise TooFarAhead
    starts_at = at if at is not None and at > now else None
    place = await place_of(tx, promotion.segment)
    await queries.make_ready(tx, promotion_id, place=place, starts_at=starts_at)
    tx.audit(
        "promotion.started",
        object_type="promotion",
        object_id=promotion_id,
        actor_id=actor_id,
        startsAt=None if starts_at is None else starts_at.isoformat(),
    )
    if starts_at is None:
        await _begin(tx, promotion_id, sending, now=now)
    else:
        await queries.schedule(tx, promotion_id)
    return await get_promotion(tx, promotion_id)


async def _lock(tx: Tx, promotion_id: UUID) -> Promotion:
    promotion = await queries.lock_promotion(tx, promotion_id)
    if promotion is None:
        raise PromotionNotFound
    return promotion


async def _lacks_address(tx: Tx, promotion: Promotion, sending: Sending) -> bool:
    if Channel.EMAIL not in promotion.channels or not sending.needs_postal_address:
        return False
    return (await places.get_shop(tx)).address is None


async def _begin(tx: Tx, promotion_id: UUID, sending: Sending, *, now: datetime) -> None:
    promotion = await get_promotion(tx, promotion_id)
    question = asked(promotion, promotion.place, adulthood=sending.adulthood, now=now)
    reached, skipped = await queries.count_audience(tx, question)
    if await queries.start(tx, promotion_id, now=now, audience=reached + skipped.total()):
        tx.emit(PromotionStarted(promotion_id=promotion_id))


async def start_due(db: Database, sending: Sending, *, now: datetime) -> None:
    """Start what was to start by now; what must say where the shop is waits until it can, and admins are told."""
    for promotion_id in await queries.list_due(db, now):
        async with db.transaction() as tx:
            promotion = await _lock(tx, promotion_id)
            if promotion.state != "scheduled":
                continue
            if await _lacks_address(tx, promotion, sending):
                await notifications.alarm_admins(
                    tx,
                    fact=f"promotion_waits:{promotion_id}",
                    headline="A promotion waits for the shop's address",
                    paragraphs=[
                        f"“{promotion.title}” was to start by now. Mails of this kind must say where the shop is.",
                        "Set its address in the settings, and it starts within a minute; or stop the promotion.",
                    ],
                    path="/admin/promotions",
                )
            else:
                await _begin(tx, promotion_id, sending, now=now)


async def stop(tx: Tx, promotion_id: UUID, *, actor_id: UUID, now: datetime) -> Promotion:
    """Send it to nobody any more, and keep back what has not left. Raises PromotionNotFound or NothingToStop."""
    promotion = await _lock(tx, promotion_id)
    if promotion.state == "stopped":
        raise NothingToStop
    await queries.stop(tx, promotion_id, now=now)
    held_back = await notifications.drop_promotion(tx, promotion_id)
    tx.audit(
        "promotion.stopped",
        object_type="promotion",
        object_id=promotion_id,
        actor_id=actor_id,
        heldBack=held_back,
    )
    return await get_promotion(tx, promotion_id)


async def send_batches(db: Database, promotion_id: UUID, sending: Sending, *, now: datetime) -> None:
    """Queue a promotion batch by batch until it is done, stopped, or as many have it as may within this minute."""
    going = True
    while going:
        async with db.transaction() as tx:
            going = await _send_batch(tx, promotion_id, sending, now=now)


async def _send_batch(tx: Tx, promotion_id: UUID, sending: Sending, *, now: datetime) -> bool:
    """Queue one batch; False when nothing is left to do now."""
    promotion = await queries.lock_promotion(tx, promotion_id)
    if promotion is None or promotion.state != "sending":
        return False
    room = sending.most_a_minute - await queries.count_since(tx, promotion_id, now - _PACE)
    if room <= 0:
        return False
    most = min(BATCH, room)
    question = asked(promotion, promotion.place, adulthood=sending.adulthood, now=now)
    people = await queries.list_next(tx, question, after=promotion.reached_id, most=most)
    promoted = await _promoted(tx, promotion)
    for person in people:
        if person.skipped is None:
            await notifications.promote(
                tx,
                promoted,
                user_id=person.id,
                to=person.email,
                full_name=person.full_name,
                channels=person.channels,
            )
    is_done = len(people) < most
    await queries.advance(tx, promotion, people, is_done=is_done, now=now)
    return not is_done


async def _promoted(tx: Tx, promotion: Promotion) -> Promoted:
    shop = await places.get_shop(tx)
    small_print = [f"{shop.legal_name or shop.name}, licence {shop.license_number}"]
    if shop.address is not None:
        small_print.append(" ".join(shop.address.split()))
    return Promoted(promotion.id, promotion.title, promotion.body, promotion.image_url, small_print)


async def count_channels(source: Database | Tx, promotion_id: UUID) -> Mapping[Channel, ChannelCounts]:
    """Return what became of a promotion's messages by each channel."""
    rows = await notifications.count_promotion(source, promotion_id)
    return {
        channel: ChannelCounts(
            sum(
                number for way, state, _, number in rows if way == channel and state in {"queued", "delayed"}
            ),
            sum(number for way, state, _, number in rows if way == channel and state == "sent"),
            sum(number for way, state, _, number in rows if way == channel and state == "failed"),
            {
                reason or "unknown": number
                for way, state, reason, number in rows
                if way == channel and state == "dropped"
            },
        )
        for channel in Channel
    }
