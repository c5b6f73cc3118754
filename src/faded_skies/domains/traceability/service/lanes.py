"""Lanes of the queue: what was queued in one, and how something is added to its end."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import structlog

from faded_skies.domains.compliance.service import RuleBook
from faded_skies.domains.traceability import queries, rules
from faded_skies.domains.traceability.events import ReportRejected
from faded_skies.domains.traceability.models import NewReport, Report
from faded_skies.domains.traceability.rules import ONE_BY_ONE, State, Step
from faded_skies.platform.db import Tx

log = structlog.get_logger()

_OF_GOODS = frozenset({Step.LEDGER_OPEN, Step.LEDGER_RESTOCK})


@dataclass(slots=True)
class Lane:
    """A lane that this transaction holds, and what is in it by now."""

    tx: Tx
    book: RuleBook
    id: UUID
    trip_id: UUID | None
    there: list[Report]
    now: datetime

    def has(self, number: str) -> bool:
        return any(report.external_number == number for report in self.there)

    def orders_told(self) -> set[UUID]:
        """Orders whose goods are, or once were, on the ledger."""
        return {
            UUID(order_id)
            for report in self.there
            if report.step in _OF_GOODS
            for order_id in report.payload["orders"]
        }

    def goods_told(self) -> list[dict[str, Any]]:
        """What was put onto the ledger, line by line."""
        return [line for report in self.there if report.step in _OF_GOODS for line in report.payload["goods"]]

    async def withdraw(self, report: Report, *, at: datetime) -> None:
        """Take back what was told before a departure; what nobody was told yet is not told any more."""
        step = Step.LEDGER_VOID if report.step is Step.LEDGER_OPEN else Step.DELIVERY_VOID
        number = rules.external_number(step, uuid5(report.id, "void").hex)
        if self.has(number) or report.state is State.CANCELLED:
            return
        if await queries.withdraw(self.tx, report.id, at=self.now):
            return
        await self.add(step, number, {"at": at.isoformat()}, at=at, order_id=report.order_id)

    async def add(
        self,
        step: Step,
        number: str,
        payload: dict[str, Any],
        *,
        at: datetime,
        order_id: UUID | None = None,
        lot_id: UUID | None = None,
    ) -> None:
        if self.has(number):
            return
        reporting = self.book.reporting
        due = rules.due_at(
            step, at, bound=reporting.due, hours=reporting.due_hours, timezone=self.book.timezone
        )
        missing = rules.lacking(step, payload)
        new = NewReport(
            lane=self.id,
            trip_id=self.trip_id,
            order_id=order_id,
            lot_id=lot_id,
            step=step,
            external_number=number,
            payload=payload,
            happened_at=at,
            warn_at=rules.warn_at(at, due),
            due_at=due,
            error=" ".join(missing) or None,
            alone=step in ONE_BY_ONE,
        )
        report_id = await queries.add_report(self.tx, new, now=self.now)
        if report_id is None:
            return
        self.there = await queries.lock_lane(self.tx, self.id)
        if missing:
            self.tx.emit(ReportRejected(report_id=report_id, trip_id=self.trip_id))
            log.error(
                "metrc_rejected", report_id=report_id, step=step, trip_id=self.trip_id, order_id=order_id
            )


async def open_lane(tx: Tx, book: RuleBook, lane: UUID, *, trip_id: UUID | None, now: datetime) -> Lane:
    return Lane(tx, book, lane, trip_id, await queries.lock_lane(tx, lane), now)
