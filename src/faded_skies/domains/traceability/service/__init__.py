"""What can be done about reports to the track-and-trace system; one file each."""

from faded_skies.domains.traceability.models import Difference, Report, Status
from faded_skies.domains.traceability.rules import State, Step
from faded_skies.domains.traceability.service.alarming import alarm_overdue, alarm_rejected
from faded_skies.domains.traceability.service.changing import report_sale_change, withdraw_trip
from faded_skies.domains.traceability.service.comparing import compare, list_differences
from faded_skies.domains.traceability.service.deadlines import watch
from faded_skies.domains.traceability.service.departing import Gate
from faded_skies.domains.traceability.service.licensing import check_licence
from faded_skies.domains.traceability.service.queueing import (
    list_trips_of,
    prepare_departure,
    report_adjustment,
    report_arrival,
    report_sale,
    report_trip,
)
from faded_skies.domains.traceability.service.sending import Sender, send_next
from faded_skies.domains.traceability.service.staff import (
    cancel,
    correct,
    get_report,
    get_status,
    list_reports,
    requeue,
)

__all__ = [
    "Difference",
    "Gate",
    "Report",
    "Sender",
    "State",
    "Status",
    "Step",
    "alarm_overdue",
    "alarm_rejected",
    "cancel",
    "check_licence",
    "compare",
    "correct",
    "get_report",
    "get_status",
    "list_differences",
    "list_reports",
    "list_trips_of",
    "prepare_departure",
    "report_adjustment",
    "report_arrival",
    "report_sale",
    "report_sale_change",
    "report_trip",
    "requeue",
    "send_next",
    "watch",
    "withdraw_trip",
]
