"""What the SQL of reports has in common: their columns, and how a row becomes one."""

from datetime import timedelta

from faded_skies.domains.traceability.models import Report
from faded_skies.domains.traceability.rules import State, Step
from faded_skies.platform.db import Row

STALE_AFTER = timedelta(minutes=3)
"""A report that is being sent for so long lost its sender."""

REPORT = (
    "id, lane, sequence, trip_id, order_id, lot_id, step, external_number, payload, state, happened_at, due_at, "
    "warned_at, overdue_at, attempts, unsure, next_try_at, last_error, metrc_id, sent_at, history, created_at"
)
R = ", ".join(f"r.{name}" for name in REPORT.split(", "))


def report_of(row: Row) -> Report:
    values = dict(row)
    return Report(
        **{name: values[name] for name in REPORT.split(", ")}
        | {"step": Step(values["step"]), "state": State(values["state"])}
    )
