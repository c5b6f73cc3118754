"""Reports, the line to the system, and differences, as rows."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from faded_skies.domains.traceability.rules import State, Step


@dataclass(frozen=True, slots=True)
class Report:
    """One thing to tell. `payload` is in our words; `unsure` when an answer may have been lost."""

    id: UUID
    lane: UUID
    sequence: int
    trip_id: UUID | None
    order_id: UUID | None
    lot_id: UUID | None
    step: Step
    external_number: str
    payload: dict[str, Any]
    state: State
    happened_at: datetime
    due_at: datetime
    warned_at: datetime | None
    overdue_at: datetime | None
    attempts: int
    unsure: bool
    next_try_at: datetime
    last_error: str | None
    metrc_id: int | None
    sent_at: datetime | None
    history: list[dict[str, Any]]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewReport:
    """A report that is about to be queued."""

    lane: UUID
    trip_id: UUID | None
    order_id: UUID | None
    lot_id: UUID | None
    step: Step
    external_number: str
    payload: dict[str, Any]
    happened_at: datetime
    warn_at: datetime
    due_at: datetime
    error: str | None
    """What stands in its way from the start: it is rejected until staff has put it right."""
    alone: bool
    """It never goes in one call with others."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A report that this process is about to send, and what its thing needs from the database at that moment."""

    report: Report
    token: datetime
    parent_id: int | None
    """The system's id of the ledger or delivery that it belongs to."""
    address: dict[str, Any] | None
    driver_id: UUID | None
    driver_name: str | None
    employee_no: str | None
    license_wrapped: bytes | None
    make: str | None
    model: str | None
    plate: str | None


@dataclass(frozen=True, slots=True)
class TripFacts:
    """What happened to a trip so far."""

    id: UUID
    driver_id: UUID
    vehicle_id: UUID | None
    departed_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class StopFacts:
    """What happened to one of its stops so far."""

    order_id: UUID
    place: int
    outcome: str | None
    ended_at: datetime | None
    code: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """How reporting does, for the staff's screen."""

    counts: dict[str, int]
    oldest_waiting_at: datetime | None
    next_due_at: datetime | None
    overdue: int
    last_success_at: datetime | None
    down_since: datetime | None
    last_error: str | None
    compared_at: datetime | None
    licence_checked_at: datetime | None
    licence_refused: str | None
    licence_warning: str | None
    open_differences: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is otherwise there than here; `subject` is a tag or a number."""

    id: UUID
    kind: str
    subject: str
    ours: str | None
    theirs: str | None
    seen_on: date
    last_seen_on: date
    resolved_at: datetime | None
