"""Keeps what the engine answered, and the files it read."""

from collections.abc import AsyncIterator, Sequence
from typing import Literal
from uuid import UUID

from faded_skies.domains.compliance import queries
from faded_skies.domains.compliance.models import DecisionRecord
from faded_skies.domains.compliance.rules.book import RuleBook
from faded_skies.domains.compliance.rules.facts import Decision
from faded_skies.domains.compliance.rules.judging import outcome_of
from faded_skies.domains.compliance.rules.law import Law
from faded_skies.platform.db import Database, Row, Tx
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


async def keep_decisions(
    tx: Tx,
    *,
    stage: Literal["order", "departure", "handover"],
    decisions: Sequence[Decision],
    book: RuleBook,
    user_id: UUID | None = None,
    order_id: UUID | None = None,
    trip_id: UUID | None = None,
) -> None:
    """Keep every answer to one question, with the hash of the rules that gave them."""
    await queries.insert_decisions(
        tx,
        new_id(),
        stage=stage,
        user_id=user_id,
        order_id=order_id,
        trip_id=trip_id,
        jurisdiction=book.id,
        rules_hash=book.digest,
        outcome=outcome_of(decisions).value,
        decisions=[
            {
                "rule": one.rule,
                "outcome": one.outcome.value,
                "reason": one.reason,
                "source": one.source,
            }
            for one in decisions
        ],
    )
