"""Giving orders to drivers, as values."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

RefusalKind = Literal["declined", "unanswered"]


@dataclass(frozen=True, slots=True)
class Terms:
    """How the shop works with its drivers.

    An assignment is good for `answer_within` while dispatch is automatic; a driver waits `no_show_after` at a door that
    stays shut; a vehicle whose number is not entered takes `most_orders`.
    """

    answer_within: timedelta
    no_show_after: timedelta
    most_orders: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a driver said to an assignment, and when."""

    order_id: UUID
    kind: Literal["accepted", "declined"]
    at: datetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """An order came back from a driver; `reason` is the driver's own, None for who did not answer."""

    order_id: UUID
    driver_id: UUID
    kind: RefusalKind
    reason: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Assignment:
    """Whose an order is; by nobody's hand where dispatch gave it."""

    order_id: UUID
    driver_id: UUID
    is_automatic: bool
    assigned_at: datetime
    accepted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Decision:
    """A choice as it was kept: by which plan, and as which stop of the driver's way (from 1), expected when."""

    id: UUID
    order_id: UUID
    order_number: str
    driver_id: UUID | None
    why: str
    plan_id: UUID | None
    stop: int | None
    expected_at: datetime | None
    decided_at: datetime
