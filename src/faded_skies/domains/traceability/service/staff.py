"""What staff sees of reports, and what they can do about one that was rejected."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from faded_skies.domains.traceability import rules
from faded_skies.domains.traceability.errors import NotRejected, ReportNotFound, ReportOver, ReportUnderWay
from faded_skies.domains.traceability.models import Report, Status
from faded_skies.domains.traceability.queries import staff as queries
from faded_skies.domains.traceability.rules import State
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.errors import Refused


async def list_reports(
    db: Database, *, state: State | None, trip_id: UUID | None, limit: int, offset: int
) -> tuple[list[Report], int]:
    """Return a page of reports, the newest first, and how many there are."""
    return await queries.list_reports(db, state=state, trip_id=trip_id, limit=limit, offset=offset)


async def get_report(source: Database | Tx, report_id: UUID) -> Report:
    """Return a report. Raises ReportNotFound."""
    report = await queries.find_report(source, report_id)
    if report is None:
        raise ReportNotFound
    return report


async def get_status(db: Database, *, now: datetime) -> Status:
    """Return how reporting does."""
    return await queries.get_status(db, now)


async def requeue(tx: Tx, report_id: UUID, *, actor_id: UUID, now: datetime) -> Report:
    """Send a rejected report again, or one that waits at once; alone, so that it holds up nothing else.

    Raises ReportNotFound, ReportUnderWay, ReportOver, Refused while something is missing in it.
    """
    report = await _lock_open(tx, report_id)
    missing = rules.lacking(report.step, report.payload)
    if missing:
        raise Refused("payload", " ".join(missing))
    return await _change(tx, report, State.WAITING, "requeued", actor_id=actor_id, now=now)


async def correct(
    tx: Tx, report_id: UUID, corrections: Mapping[str, Any], *, actor_id: UUID, now: datetime
) -> Report:
    """Put a rejected report right; it stays rejected until it is requeued.

    Raises ReportNotFound, ReportUnderWay, ReportOver, NotRejected, Refused.
    """
    report = await _lock_open(tx, report_id)
    if report.state is not State.REJECTED:
        raise NotRejected
    payload = rules.corrected(report.payload, corrections)
    return await _change(
        tx,
        report,
        State.REJECTED,
        "corrected",
        payload=payload,
        error=report.last_error,
        actor_id=actor_id,
        now=now,
    )


async def cancel(tx: Tx, report_id: UUID, *, reason: str, actor_id: UUID, now: datetime) -> Report:
    """Give a report up, because it was entered by hand or must not be told; its trip goes on.

    Raises ReportNotFound, ReportUnderWay, ReportOver.
    """
    report = await _lock_open(tx, report_id)
    return await _change(
        tx,
        report,
        State.CANCELLED,
        "cancelled",
        error=report.last_error,
        reason=reason,
        actor_id=actor_id,
        now=now,
    )


async def _lock_open(tx: Tx, report_id: UUID) -> Report:
    report = await queries.lock_report(tx, report_id)
    if report is None:
        raise ReportNotFound
    if report.state is State.SENDING:
        raise ReportUnderWay
    if report.state in {State.SENT, State.CANCELLED}:
        raise ReportOver(report.state)
    return report


async def _change(
    tx: Tx,
    report: Report,
    to: State,
    what: str,
    *,
    actor_id: UUID,
    now: datetime,
    payload: Mapping[str, Any] | None = None,
    error: str | None = None,
    reason: str | None = None,
) -> Report:
    await queries.change(
        tx,
        report.id,
        state=to,
        payload=report.payload if payload is None else payload,
        at=now,
        what=what,
        error=error,
        detail=reason,
        actor_id=actor_id,
    )
    tx.audit(
        f"trace_report.{what}",
        object_type="trace_report",
        object_id=report.id,
        actor_id=actor_id,
        reason=reason,
        step=report.step,
        number=report.external_number,
    )
    return await get_report(tx, report.id)
