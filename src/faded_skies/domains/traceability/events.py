"""Facts about reports."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from faded_skies.platform.events import Event


@dataclass(frozen=True, kw_only=True)
class ReportOverdue(Event):
    """Reports that are not sent came near their legal deadline, or passed it (`missed`); told once for each.

    `report_id` is the one that is due first, `due_at` its deadline, `count` how many came with it.
    """

    name: ClassVar[str] = "traceability.report_overdue"

    report_id: UUID
    due_at: datetime
    count: int
    missed: bool


@dataclass(frozen=True, kw_only=True)
class ReportRejected(Event):
    """The system refused a report: the rest of its trip waits until somebody has put it right."""

    name: ClassVar[str] = "traceability.report_rejected"

    report_id: UUID
    trip_id: UUID | None
