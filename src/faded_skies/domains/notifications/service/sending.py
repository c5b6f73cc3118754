"""Sending what was queued: what became of it is noted, and what could not go now waits for its time.

Who sends a message claims it first, so that of two senders who both live one sends. Nothing is locked while it is on
its way, and a process may die at any line: when a claim ends without a word, the message is queued again. It is
therefore sent at least once, with the same id each time: mail systems that look at Message-ID, and phones that look at
the push's tag, show it once.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from faded_skies.domains.notifications import queries, rules
from faded_skies.domains.notifications.errors import MessageNotFound, NothingToResend
from faded_skies.domains.notifications.events import MessageQueued
from faded_skies.domains.notifications.models import Message, MessageRecord, MessageState
from faded_skies.domains.notifications.ports import Delayed, Mailer, Pusher, PushReport, Undeliverable
from faded_skies.domains.notifications.rules import Channel, Letter, Push, QuietHours
from faded_skies.platform import metrics
from faded_skies.platform.db import Database, Tx

log = structlog.get_logger()

SHOPS_QUIET = (21 * 60, 8 * 60)
"""From 21:00 until 08:00 at the shop nobody is advertised to who has not chosen other hours."""

NO_DEVICE = "no_device"
"""Why a push to somebody was dropped who has no device, or no longer one."""

CLAIM = timedelta(minutes=3)
"""How long a message is its sender's: longer than any way of sending one takes."""

MOST_AT_ONCE = 5
"""So many of a channel are on their way in one process; the others wait unclaimed."""

MOST_DUE_AT_ONCE = 300
KEEP_FAILED = timedelta(days=7)
KEEP_NOTICES = timedelta(days=365)
KEEP_MESSAGES = timedelta(days=730)


@dataclass(frozen=True)
class Post:
    """How messages leave: by whom, with which links, and the zone of the shop's quiet hours."""

    db: Database
    mailer: Mailer
    pusher: Pusher
    origin: str
    unsubscribe_link: Callable[[UUID], str]
    zone: ZoneInfo
    turns: Mapping[Channel, asyncio.Semaphore] = field(
        default_factory=lambda: {channel: asyncio.Semaphore(MOST_AT_ONCE) for channel in Channel}
    )


async def send(post: Post, message_id: UUID, *, now: datetime) -> None:
    """Send a message that has not ended, does not wait and is nobody else's, then note what became of it."""
    channel = await queries.messages.find_channel(post.db, message_id)
    if channel is None:
        return
    async with post.turns[channel]:
        async with post.db.transaction() as tx:
            message = await queries.messages.claim(tx, message_id, lease=CLAIM)
        if message is not None:
            await _send_claimed(post, message, now=now)


async def _send_claimed(post: Post, message: Message, *, now: datetime) -> None:
    if message.barred is not None:
        async with post.db.transaction() as tx:
            await queries.messages.drop(tx, message.id, reason=message.barred)
            tx.count(metrics.MESSAGES, message.channel, "dropped")
        return
    if message.kind == rules.PROMOTIONS and message.user_id is not None:
        until = rules.quiet_until(await _quiet_hours(post, message.user_id), now)
        if until is not None:
            async with post.db.transaction() as tx:
                await queries.messages.delay(tx, message.id, until=until, tried=False, reason="quiet_hours")
            return
    try:
        report = await _hand_over(post, message)
    except Undeliverable as refusal:
        report = PushReport(refused=str(refusal))
    except Delayed as delay:
        report = PushReport(delayed=message.devices, reason=str(delay))
        await _note(post, message, report, again=True, now=now)
        return
    except Exception:
        async with post.db.transaction() as tx:  # the job's next attempt comes before the claim would end
            await queries.messages.release(tx, message.id)
        raise
    await _note(post, message, report, again=bool(report.delayed), now=now)


async def _quiet_hours(post: Post, user_id: UUID) -> QuietHours:
    own = await queries.preferences.find_quiet(post.db, user_id)
    return own or QuietHours(*SHOPS_QUIET, post.zone)


async def _hand_over(post: Post, message: Message) -> PushReport:
    if isinstance(message.content, Push):
        return await post.pusher.push(
            message.id, message.content, devices=message.devices, good_until=message.good_until
        )
    await post.mailer.send(message.id, _laid_out(post, message, message.content))
    return PushReport()


def _laid_out(post: Post, message: Message, letter: Letter) -> rules.Email:
    link = None
    if message.kind == rules.PROMOTIONS and message.user_id is not None:
        link = post.unsubscribe_link(message.user_id)
    return rules.lay_out(letter, origin=post.origin, unsubscribe=link)


async def _note(post: Post, message: Message, report: PushReport, *, again: bool, now: datetime) -> None:
    gives_up = message.attempts + 1 >= rules.MOST_ATTEMPTS
    async with post.db.transaction() as tx:
        if report.gone:
            await queries.devices.delete_devices(tx, report.gone)
        if again and not gives_up:
            wait = rules.wait_before(message.attempts + 2, asked=report.retry_after)
            await queries.messages.delay(
                tx, message.id, until=now + wait, tried=True, reason=report.reason, reached=report.reached
            )
            tx.count(metrics.MESSAGES, message.channel, "delayed")
            log.info("message_delayed", message_id=str(message.id), attempts=message.attempts + 1)
        elif again or (report.refused is not None and not report.reached):
            await queries.messages.stamp_failed(
                tx, message.id, reason=report.refused or report.reason or "nobody took it"
            )
            tx.count(metrics.MESSAGES, message.channel, "failed")
            log.warning("message_failed", message_id=str(message.id), kind=message.kind)
        elif isinstance(message.content, Push) and not (report.reached or message.is_reached):
            await queries.messages.drop(tx, message.id, reason=NO_DEVICE)
            tx.count(metrics.MESSAGES, message.channel, "dropped")
        else:
            await queries.messages.stamp_sent(tx, message.id)
            tx.count(metrics.MESSAGES, message.channel, "sent")


async def send_due(tx: Tx, *, now: datetime) -> None:
    """Queue again what has waited for its time."""
    for message_id in await queries.messages.take_due(tx, now=now, most=MOST_DUE_AT_ONCE):
        tx.emit(MessageQueued(message_id=message_id))


async def prune(tx: Tx, *, now: datetime) -> None:
    """Forget the words of mails that failed a week ago, and what the app's list has had for a year."""
    await queries.messages.forget_failed(tx, before=now - KEEP_FAILED)
    await queries.notices.prune(tx, before=now - KEEP_NOTICES)


async def forget_messages(tx: Tx, *, now: datetime) -> int:
    """Forget a batch of messages of years ago, and of promotions with them who was mailed; returns how many."""
    return await queries.messages.forget_old(tx, before=now - KEEP_MESSAGES)


async def list_messages(
    db: Database, *, state: MessageState | None, user_id: UUID | None, limit: int, offset: int
) -> tuple[list[MessageRecord], int]:
    """Return a page of what was written to whom and what became of it, the newest first, and how many there are."""
    return await queries.messages.list_messages(db, state=state, user_id=user_id, limit=limit, offset=offset)


async def resend(tx: Tx, message_id: UUID, *, actor_id: UUID, now: datetime) -> MessageRecord:
    """Try a message once more that failed within a week. Raises MessageNotFound or NothingToResend."""
    revived = await queries.messages.revive(tx, message_id, failed_after=now - KEEP_FAILED)
    record = await queries.messages.find_record(tx, message_id)
    if record is None:
        raise MessageNotFound
    if not revived:
        raise NothingToResend
    tx.emit(MessageQueued(message_id=message_id))
    tx.audit("message.resent", object_type="message", object_id=message_id, actor_id=actor_id)
    return record
