"""Passing events on: claimed in one transaction, told outside of any, and ended in a second one.

A process may die at any line, and a vendor's answer may get lost. Who tells repetitions apart is told again then; who
does not is never told twice, so the event is lost for that vendor.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

import structlog

from faded_skies.domains.analytics import queries, rules
from faded_skies.domains.analytics.models import Waiting
from faded_skies.domains.analytics.ports import Fact, NotNow, Outcome, Taken, Unsure, Vendor
from faded_skies.domains.analytics.rules import Scalar
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.keyring import PurposeKeys

log = structlog.get_logger()

PURPOSE = "analytics"
"""The key of the digests by which vendors tell subjects apart."""

STALE = timedelta(minutes=10)
"""A claim that is older was left behind by a process that ended; telling takes half a minute at most."""


def subject_for(keys: PurposeKeys, vendor: str, subject: UUID) -> str:
    """Return how one vendor knows a person or a visitor; no other vendor has the same, and none can lead back."""
    return keys.digest(PURPOSE, vendor.encode() + b":" + subject.bytes)[:16].hex()


async def tidy(db: Database, vendor: Vendor, *, now: datetime) -> None:
    """See to what a dead process left behind, and end what is too old for the vendor."""
    async with db.transaction() as tx:
        state = "waiting" if vendor.tells_repetitions else "lost"
        left = await queries.forwards.take_up(tx, vendor.name, before=now - STALE, state=state)
        expired = await queries.forwards.expire(tx, vendor.name, before=now - vendor.oldest)
    if left or expired:
        log.warning("analytics_not_told", vendor=vendor.name, left_behind=left, expired=expired)


async def lose_waiting(tx: Tx) -> None:
    """Pass on nothing that waited at the moment of a backup.

    Since then vendors may have got it, or its people have taken their consent back: neither is known any more.
    """
    await queries.forwards.lose_all(tx, why="it waited when the backup was taken that was restored")


async def tell_next(db: Database, vendor: Vendor, keys: PurposeKeys, *, now: datetime) -> bool:
    """Tell one batch; False when nothing is due, or the vendor takes nothing now."""
    async with db.transaction() as tx:
        waiting = await queries.forwards.claim(
            tx, vendor.name, now=now, most=vendor.most_events, one_subject=vendor.one_subject
        )
    if not waiting:
        return False
    outcome = await vendor.tell([_fact(keys, vendor, one) for one in waiting])
    await _settle(db, vendor, waiting, outcome, now=now)
    return not isinstance(outcome, NotNow)


def _fact(keys: PurposeKeys, vendor: Vendor, one: Waiting) -> Fact:
    return Fact(
        one.id,
        subject_for(keys, vendor.name, one.subject),
        one.name,
        _for_others(one.name, one.properties),
        one.occurred_at,
    )


def _for_others(name: str, properties: Mapping[str, Scalar]) -> Mapping[str, Scalar]:
    """Return what others may hear: of a purchase its sums, without our numbers and the place."""
    if name != rules.PURCHASE:
        return properties
    told = {key: properties[key] for key in ("currency", "tax", "shipping", "itemCount", "paymentMethod")}
    return {"value": properties["amount"]} | told


async def _settle(
    db: Database, vendor: Vendor, waiting: Sequence[Waiting], outcome: Outcome, *, now: datetime
) -> None:
    ids = [one.id for one in waiting]
    wait = rules.wait_after(max(one.attempts for one in waiting))
    async with db.transaction() as tx:
        await queries.forwards.hold(tx, vendor.name, ids)
        match outcome:
            case Taken(refused):
                ended = {ids[place]: reason for place, reason in refused.items()}
                await queries.forwards.end(tx, vendor.name, ended, state="refused")
                await queries.forwards.forget(tx, vendor.name, ids)
            case Unsure(why) if not vendor.tells_repetitions:
                await queries.forwards.end(tx, vendor.name, dict.fromkeys(ids, why), state="lost")
            case Unsure(why):
                await queries.forwards.try_again(tx, vendor.name, ids, at=now + wait, why=why)
            case NotNow(why, after):
                await queries.forwards.try_again(tx, vendor.name, ids, at=now + max(wait, after), why=why)
            case _:
                assert_never(outcome)
    if not isinstance(outcome, Taken):
        log.warning("analytics_vendor_failed", vendor=vendor.name, events=len(ids), why=outcome.why)
    elif outcome.refused:
        log.error("analytics_refused", vendor=vendor.name, events=len(outcome.refused))
