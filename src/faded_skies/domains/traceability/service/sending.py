"""Sends what is queued: in order, each thing once, and for as long as the system is away.

What cannot be told apart from a lost answer is looked up before it is sent again. One process claims a report; a
process that died leaves it `sending`, and whoever finds it so after a while looks it up first.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from faded_skies.domains.traceability import rules
from faded_skies.domains.traceability.events import ReportRejected
from faded_skies.domains.traceability.models import Claimed
from faded_skies.domains.traceability.ports import (
    Done,
    Failure,
    Found,
    Rejected,
    Thing,
    Throttled,
    TrackAndTrace,
    Unauthorised,
    Unreachable,
)
from faded_skies.domains.traceability.queries import sending as queries
from faded_skies.domains.traceability.queries.reports import STALE_AFTER
from faded_skies.domains.traceability.service.things import Unsendable, thing_of
from faded_skies.platform.db import Database
from faded_skies.platform.keyring import Keyring

log = structlog.get_logger()

_LOOKS_AT = 200
_MOST_SECONDS = STALE_AFTER.total_seconds() * 0.6
_LOOKS_AT_ONCE = 5
_LONGEST_WAIT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Sender:
    """What sending needs."""

    db: Database
    system: TrackAndTrace
    keyring: Keyring


@dataclass(frozen=True, slots=True)
class _Back:
    """A report that goes back into the queue, and why."""

    claimed: Claimed
    why: str
    unsure: bool
    alone: bool = False


async def send_next(sender: Sender, *, now: datetime) -> int:
    """Send the next reports that may go, as many of one step as fit into a call; returns how many were settled.

    Nothing happens while the system is left alone after a failure, or refuses our licence. `now` is the time of the
    claim.
    """
    if not await queries.may_ask(sender.db, now):
        return 0
    async with sender.db.transaction() as tx:
        claimed = await queries.claim(
            tx, now=now, stale_before=now - STALE_AFTER, most=rules.MOST_AT_ONCE, looks_at=_LOOKS_AT
        )
    if not claimed:
        return 0
    try:
        async with asyncio.timeout(_MOST_SECONDS):
            await _send(sender, claimed, now)
    except TimeoutError:
        await _fail(sender, [_Back(one, "no answer in time", unsure=True) for one in claimed], None, now)
    return len(claimed)


async def _send(sender: Sender, claimed: Sequence[Claimed], now: datetime) -> None:
    things = await _make(sender, claimed, now)
    unsure = [(one, thing) for one, thing in things if one.report.unsure]
    ready = [(one, thing) for one, thing in things if not one.report.unsure]
    known: list[tuple[Claimed, Found]] = []
    # The first alone: while the system is away, one question is enough to hear of it.
    parts = [unsure[:1], *(unsure[at : at + _LOOKS_AT_ONCE] for at in range(1, len(unsure), _LOOKS_AT_ONCE))]
    for part in parts:
        answers = await asyncio.gather(*(sender.system.find(thing) for _, thing in part))
        for (one, thing), answer in zip(part, answers, strict=True):
            if isinstance(answer, Found):
                known.append((one, answer))
            elif answer is None:
                ready.append((one, thing))
            else:
                await _settle_found(sender, known, now)
                known_ids = {found.report.id for found, _ in known}
                rest = [one for one, _ in things if one.report.id not in known_ids]
                # Not sent in this turn: what was sure to be new still is.
                backs = [_Back(one, _reason(answer), unsure=one.report.unsure) for one in rest]
                await _fail(sender, backs, answer, now)
                return
    await _settle_found(sender, known, now)
    if unsure and ready:
        held = await queries.list_still_ours(sender.db, [one for one, _ in ready])
        ready = [(one, thing) for one, thing in ready if one.report.id in held]
    if ready:
        await _tell(sender, ready, now)


async def _make(sender: Sender, claimed: Sequence[Claimed], now: datetime) -> list[tuple[Claimed, Thing]]:
    made = []
    for one in claimed:
        try:
            made.append((one, thing_of(one, sender.keyring)))
        except Unsendable as refusal:
            await _reject(sender, one, str(refusal), now)
    return made


async def _tell(sender: Sender, ready: Sequence[tuple[Claimed, Thing]], now: datetime) -> None:
    outcome = await sender.system.tell([thing for _, thing in ready])
    sent = [one for one, _ in ready]
    if isinstance(outcome, Done):
        async with sender.db.transaction() as tx:
            for one, metrc_id in zip(sent, outcome.ids, strict=True):
                await queries.set_sent(tx, one, at=now, what="sent", metrc_id=metrc_id)
            await queries.note_answer(tx, now)
    elif isinstance(outcome, Rejected):
        await _refused(sender, sent, outcome, now)
    else:
        lost = isinstance(outcome, Unreachable) and outcome.unsure
        await _fail(sender, [_Back(one, _reason(outcome), unsure=lost) for one in sent], outcome, now)


async def _refused(sender: Sender, sent: Sequence[Claimed], outcome: Rejected, now: datetime) -> None:
    """Reject the rows that are named; where none is, each of them is sent alone to see which it was."""
    named = {place: text for place, text in outcome.rows.items() if 0 <= place < len(sent)}
    if not named and len(sent) == 1:
        named = {0: outcome.message or "It was refused without a reason."}
    for place, one in enumerate(sent):
        if place in named:
            await _reject(sender, one, named[place], now)
    rest = [one for place, one in enumerate(sent) if place not in named]
    async with sender.db.transaction() as tx:
        for one in rest:
            await queries.put_back(
                tx,
                one,
                at=now,
                error="It was in one call with a report that was refused.",
                unsure=False,
                alone=not named,
                next_try_at=now,
            )
        await queries.note_answer(tx, now)


async def _reject(sender: Sender, one: Claimed, error: str, now: datetime) -> None:
    async with sender.db.transaction() as tx:
        if await queries.set_rejected(tx, one, at=now, error=error[:500]):
            tx.emit(ReportRejected(report_id=one.report.id, trip_id=one.report.trip_id))
    log.error(
        "metrc_rejected",
        report_id=one.report.id,
        step=one.report.step,
        trip_id=one.report.trip_id,
        order_id=one.report.order_id,
    )


async def _settle_found(sender: Sender, known: Sequence[tuple[Claimed, Found]], now: datetime) -> None:
    if not known:
        return
    async with sender.db.transaction() as tx:
        for one, found in known:
            await queries.set_sent(tx, one, at=now, what="found there", metrc_id=found.id)
        await queries.note_answer(tx, now)
    log.info("metrc_found_sent", reports=len(known))


async def _fail(sender: Sender, backs: Sequence[_Back], failure: Failure | None, now: datetime) -> None:
    """Put reports back and leave the system alone for a while."""
    why = "no answer in time" if failure is None else _reason(failure)
    failures = await queries.count_failures(sender.db) + 1
    wait = rules.pause(failures, jitter=random.random())  # noqa: S311 - spreads workers, hides nothing
    if isinstance(failure, Throttled):
        wait = min(max(wait, failure.retry_after), _LONGEST_WAIT)
    async with sender.db.transaction() as tx:
        for back in backs:
            await queries.put_back(
                tx,
                back.claimed,
                at=now,
                error=back.why,
                unsure=back.unsure,
                alone=back.alone,
                next_try_at=now + wait,
            )
        failures = await queries.note_failure(tx, now, until=now + wait, error=why)
    tell = log.error if isinstance(failure, Unauthorised) else log.warning
    tell("metrc_unavailable", why=why, failures=failures, wait_seconds=round(wait.total_seconds(), 1))


def _reason(failure: Failure) -> str:
    match failure:
        case Unauthorised(message):
            return f"The keys or the licence are not accepted: {message}"[:500]
        case Throttled(_):
            return "The system wants fewer calls."
        case Unreachable(why, _):
            return f"The system does not answer: {why}"[:500]
