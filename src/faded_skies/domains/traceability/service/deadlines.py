"""Raises the alarm before a legal deadline, and when it has passed; once for each report."""

from datetime import datetime

import structlog

from faded_skies.domains.traceability.events import ReportOverdue
from faded_skies.domains.traceability.queries import staff as queries
from faded_skies.platform.db import Tx

log = structlog.get_logger()


async def watch(tx: Tx, *, now: datetime) -> None:
    """Flag what is not sent and comes near its deadline or passed it, log it, and tell whoever subscribes."""
    for row in await queries.flag_due(tx, now):
        tx.emit(
            ReportOverdue(report_id=row["id"], due_at=row["due_at"], count=row["count"], missed=row["missed"])
        )
        event = "metrc_deadline_missed" if row["missed"] else "metrc_deadline_near"
        log.error(event, reports=row["count"], due_at=row["due_at"].isoformat(), report_id=row["id"])
