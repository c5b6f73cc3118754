"""Waking the admins when reports to the state need somebody."""

from datetime import datetime
from uuid import UUID

from faded_skies.domains.notifications import service as notifications
from faded_skies.domains.traceability.queries import staff as queries
from faded_skies.platform.db import Tx

_PATH = "/admin/traceability"


async def alarm_overdue(tx: Tx, *, report_id: UUID, due_at: datetime, count: int, missed: bool) -> None:
    """Write to the admins that reports come near their legal deadline, or passed it."""
    several = f"{count} reports to the state" if count != 1 else "A report to the state"
    have = "have" if count != 1 else "has"
    due = f"{due_at:%Y-%m-%d %H:%M} UTC"
    headline = f"{several} {have} not been sent in time" if missed else f"{several} must be sent soon"
    await notifications.alarm_admins(
        tx,
        fact=f"trace_overdue:{report_id}:{'missed' if missed else 'near'}",
        headline=headline,
        paragraphs=[
            f"{headline}. The first was due at {due}."
            if missed
            else f"{headline}. The first is due at {due}.",
            "See what holds it up. While the line to the system is down, enter it there by hand and cancel it here.",
        ],
        path=_PATH,
    )


async def alarm_rejected(tx: Tx, *, report_id: UUID) -> None:
    """Write to the admins that the state's system refused a report; once for each refusal."""
    report = await queries.find_report(tx, report_id)
    if report is None:
        return
    await notifications.alarm_admins(
        tx,
        fact=f"trace_rejected:{report_id}:{report.attempts}",
        headline="The state refused a report",
        paragraphs=[
            f"Report {report.external_number} was refused. What else there is to tell of the same trip waits for it.",
            "Put it right and queue it again, or enter it there by hand and cancel it here.",
        ],
        path=_PATH,
    )
