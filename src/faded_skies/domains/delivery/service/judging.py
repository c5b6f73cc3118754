"""Asks the law on behalf of the road, and keeps every answer, also those that refused.

A refusal undoes its transaction, so it is carried out of it and kept in one of its own (`keep_refused`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.compliance.service import Decision, RuleBook
from faded_skies.domains.delivery.queries import trips as queries
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.errors import Situation
from faded_skies.platform.idempotency import Answer, Call, keep_refusal


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answers of one book to one question, and what they are about."""

    stage: Literal["departure", "handover"]
    book: RuleBook
    decisions: Sequence[Decision]
    user_id: UUID
    order_id: UUID | None = None
    trip_id: UUID | None = None

    @property
    def against(self) -> list[Decision]:
        return compliance.refused(self.decisions)


class RefusedByLaw(Exception):  # noqa: N818 - a refusal, on its way out of the transaction that it undoes
    """The law said no: `situation` is for the driver, `verdicts` are to be kept."""

    def __init__(
        self, situation: Situation, verdicts: Sequence[Verdict], *, driver_id: UUID, note: str | None = None
    ) -> None:
        super().__init__(situation.text)
        self.situation = situation
        self.verdicts = verdicts
        self.driver_id = driver_id
        self.note = note


async def keep(tx: Tx, verdict: Verdict) -> None:
    """Keep the answers with what they allowed."""
    await compliance.keep_decisions(
        tx,
        stage=verdict.stage,
        decisions=verdict.decisions,
        book=verdict.book,
        user_id=verdict.user_id,
        order_id=verdict.order_id,
        trip_id=verdict.trip_id,
    )


async def keep_refused(db: Database, call: Call | None, refused: RefusedByLaw) -> Answer:
    """Keep what the law said and return the refusal, or raise it where no key keeps it."""
    async with db.transaction() as tx:
        for verdict in refused.verdicts:
            await keep(tx, verdict)
            if verdict.stage == "handover" and refused.note is not None:
                await queries.log(
                    tx,
                    driver_id=refused.driver_id,
                    kind="id_checked",
                    trip_id=verdict.trip_id,
                    order_id=verdict.order_id,
                    note=refused.note,
                )
    return await keep_refusal(db, call, refused.situation)
