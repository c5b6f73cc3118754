"""Keeps what the engine answered, and the files it read."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from faded_skies.domains.compliance import queries
from faded_skies.domains.compliance.models import DecisionRecord
from faded_skies.domains.compliance.rules.book import RuleBook
from faded_skies.domains.compliance.rules.facts import Decision
from faded_skies.domains.compliance.rules.judging import outcome_of, refused
from faded_skies.domains.compliance.rules.law import Law
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.errors import Situation
from faded_skies.platform.idempotency import Answer, Call, answer_once, keep_refusal
from faded_skies.platform.ids import new_id


async def keep_files(db: Database, law: Law) -> None:
    """Keep the rule files whole under their hash, so that it can be looked up for as long as orders are kept."""
    async with db.transaction() as tx:
        for digest, files in law.files.items():
            await queries.insert_files(tx, digest, law.id, files)


def held_on(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    """Return what the law was asked about a person's orders, and its answers."""
    return {"lawDecisions": queries.stream_decisions_of(tx, user_id)}


async def list_decisions(
    db: Database, *, order_id: UUID | None, trip_id: UUID | None, limit: int, offset: int
) -> tuple[list[DecisionRecord], int]:
    """Return a page of what the law was asked, the newest first, and how many there are."""
    return await queries.list_decisions(db, order_id=order_id, trip_id=trip_id, limit=limit, offset=offset)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to the law: by which book it was answered, how, and what it was about."""

    stage: Literal["order", "departure", "handover"]
    book: RuleBook
    decisions: Sequence[Decision]
    user_id: UUID
    order_id: UUID | None = None
    trip_id: UUID | None = None

    @property
    def against(self) -> list[Decision]:
        return refused(self.decisions)


class RefusedAfterAsking(Exception):
    """Something was refused once the law had been asked: `situation` is for the caller, `asked` is to be kept.

    `also` writes what else is to be known of the refusal, in the same transaction.
    """

    def __init__(
        self,
        situation: Situation,
        asked: Sequence[Asked],
        *,
        also: Callable[[Tx], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(situation.text)
        self.situation = situation
        self.asked = asked
        self.also = also


async def keep(tx: Tx, asked: Asked) -> None:
    """Keep every answer to one question, with the hash of the rules that gave them."""
    await queries.insert_decisions(
        tx,
        new_id(),
        stage=asked.stage,
        user_id=asked.user_id,
        order_id=asked.order_id,
        trip_id=asked.trip_id,
        jurisdiction=asked.book.id,
        rules_hash=asked.book.digest,
        outcome=outcome_of(asked.decisions).value,
        decisions=[
            {
                "rule": one.rule,
                "outcome": one.outcome.value,
                "reason": one.reason,
                "source": one.source,
            }
            for one in asked.decisions
        ],
    )


async def keep_refused(db: Database, call: Call | None, refusal: RefusedAfterAsking) -> Answer:
    """Keep what the law said and return the refusal, or raise it where no key keeps it."""
    async with db.transaction() as tx:
        for asked in refusal.asked:
            await keep(tx, asked)
        if refusal.also is not None:
            await refusal.also(tx)
    return await keep_refusal(db, call, refusal.situation)


async def judged_once(db: Database, call: Call | None, work: Callable[[Tx], Awaitable[Answer]]) -> Answer:
    """Run the work once for a key; what was refused after asking the law is kept in a transaction of its own."""
    try:
        return await answer_once(db, call, work)
    except RefusedAfterAsking as refusal:
        return await keep_refused(db, call, refusal)
