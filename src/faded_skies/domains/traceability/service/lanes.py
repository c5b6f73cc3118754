"""Lanes of the queue: what was queued in one, and how something is added to its end."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import structlog

from faded_skies.domains.compliance.service import RuleBook
from faded_skies.domains.traceability import rules
from faded_skies.domains.traceability.events import ReportRejected
from faded_skies.domains.traceability.models import NewReport, Report
from faded_skies.domains.traceability.queries import lanes as queries
from faded_skies.domains.traceability.rules import ONE_BY_ONE, State, Step
from faded_skies.platform.db import Tx

log = structlog.get_logger()

_OF_GOODS = frozenset({Step.LEDGER_OPEN, Step.LEDGER_RESTOCK})


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was told of an order's deliveries on one trip: how many were created and completed, and the last of them."""

    created: int
    completed: int
    open: bool
    ended_at: datetime | None


def _is_withdrawn(report: Report) -> bool:
    return report.state is State.CANCELLED and any(one["what"] == "withdrawn" for one in report.history)


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

    def on_ledger(self) -> dict[UUID, list[dict[str, Any]]]:
        """Return the lines of each order whose goods were put onto the ledger and not taken off it since."""
        lines: dict[UUID, list[dict[str, Any]]] = {}
        for report in self.there:
            if report.step not in _OF_GOODS:
                continue
            if report.payload.get("removed") and report.order_id is not None:
                lines.pop(report.order_id, None)
            for order_id in report.payload["orders"]:
                lines[UUID(order_id)] = [
                    line for line in report.payload["goods"] if line["order_id"] == order_id
                ]
        return lines

    def restocks(self, order_id: UUID) -> tuple[int, int]:
        """Return how often the order's goods were put onto the ledger after it was opened, and taken off it."""
        of_order = [
            bool(report.payload["removed"])
            for report in self.there
            if report.step is Step.LEDGER_RESTOCK and report.order_id == order_id
        ]
        return of_order.count(False), of_order.count(True)

    def delivery_of(self, order_id: UUID) -> "Delivery":
        """Return how far an order's single deliveries were told."""
        told = Delivery(0, 0, open=False, ended_at=None)
        for report in self.there:
            if report.order_id != order_id:
                continue
            if report.step is Step.DELIVERY_CREATE:
                told = replace(told, created=told.created + 1, open=not _is_withdrawn(report))
            elif report.step is Step.DELIVERY_COMPLETE:
                told = replace(told, completed=told.completed + 1, open=False, ended_at=report.happened_at)
            elif report.step is Step.DELIVERY_VOID:
                told = replace(told, open=False)
        return told

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
