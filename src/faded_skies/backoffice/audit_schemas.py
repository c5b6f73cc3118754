"""The audit log as staff see it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from faded_skies.platform.audit.walk import Kind
from faded_skies.platform.http.fields import Shape


class AuditRow(Shape):
    """One row. `chain` to `mac` prove it (docs/adr/0013); they are null for rows of before the chain."""

    seq: int
    id: UUID
    recorded_at: datetime
    actor_id: UUID | None
    action: str
    object_type: str
    object_id: UUID | None
    details: dict[str, Any]
    reason: str | None
    address: str | None
    user_agent: str | None
    request_id: str | None
    chain: int | None
    position: int | None
    link: str | None
    mac: str | None


class AuditRowsAnswer(Shape):
    """`rows` newest first."""

    rows: list[AuditRow]
    total: int
    has_more: bool


class AuditFinding(Shape):
    """One thing that is wrong with the log, and where."""

    kind: Kind
    text: str
    chain: int | None
    position: int | None
    seq: int | None


class AuditVerdict(Shape):
    """`ok` speaks for the `rows` that were checked; `complete` when these are all there are.

    `findings` are the first hundred; `before` rows are older than the chains.
    """

    ok: bool
    rows: int
    before: int
    complete: bool
    findings: list[AuditFinding]
