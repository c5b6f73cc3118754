"""SQL of what staff sees and puts right, and of deadlines."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from faded_skies.domains.traceability.models import (
    Report,
    Status,
)
from faded_skies.domains.traceability.queries.reports import REPORT, report_of
from faded_skies.domains.traceability.rules import State
from faded_skies.platform.db import Database, Row, Tx

_FIND = f"SELECT {REPORT} FROM trace_reports WHERE id = $1"
_LOCK = f"SELECT {REPORT} FROM trace_reports WHERE id = $1 FOR NO KEY UPDATE"
_LIST = f"""
SELECT {REPORT}, count(*) OVER ()::int AS total FROM trace_reports
WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR trip_id = $2)
ORDER BY created_at DESC, id DESC LIMIT $3 OFFSET $4
"""
_COUNT = """
SELECT count(*)::int FROM trace_reports WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR trip_id = $2)
"""
_CHANGE = """
UPDATE trace_reports SET state = $2, payload = $4, alone = true, last_error = $6,
       next_try_at = CASE WHEN $2 = 'waiting' THEN $3 ELSE next_try_at END,
       history = history || jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
           'at', $3::timestamptz, 'what', $5::text, 'detail', $7::text, 'by', $8::uuid)))
WHERE id = $1
"""
_STATUS = """
SELECT (SELECT coalesce(jsonb_object_agg(state, n), '{}'::jsonb)
        FROM (SELECT state, count(*)::int AS n FROM trace_reports GROUP BY state) c) AS counts,
       (SELECT min(created_at) FROM trace_reports WHERE state IN ('waiting', 'sending')) AS oldest_waiting_at,
       (SELECT min(due_at) FROM trace_reports WHERE state IN ('waiting', 'sending', 'rejected')) AS next_due_at,
       (SELECT count(*)::int FROM trace_reports
        WHERE state IN ('waiting', 'sending', 'rejected') AND due_at <= $1) AS overdue,
       l.last_success_at, l.down_since, l.last_error, l.compared_at, l.licence_checked_at, l.licence_refused,
       l.licence_warning,
       (SELECT count(*)::int FROM trace_differences WHERE resolved_at IS NULL) AS open_differences
FROM (SELECT) one LEFT JOIN trace_line l ON true
"""
_FLAG = """
WITH hit AS (
    UPDATE trace_reports SET warned_at = coalesce(warned_at, $1),
           overdue_at = CASE WHEN due_at <= $1 THEN $1 END
    WHERE state IN ('waiting', 'sending', 'rejected') AND overdue_at IS NULL AND warn_at <= $1
      AND (warned_at IS NULL OR due_at <= $1)
    RETURNING id, due_at, overdue_at IS NOT NULL AS missed
)
SELECT missed, count(*)::int AS count, min(due_at) AS due_at, (array_agg(id ORDER BY due_at, id))[1] AS id
FROM hit GROUP BY missed ORDER BY missed
"""


async def find_report(source: Database | Tx, report_id: UUID) -> Report | None:
    row = await source.fetchrow(_FIND, report_id)
    return None if row is None else report_of(row)


async def lock_report(tx: Tx, report_id: UUID) -> Report | None:
    row = await tx.fetchrow(_LOCK, report_id)
    return None if row is None else report_of(row)


async def list_reports(
    db: Database, *, state: State | None, trip_id: UUID | None, limit: int, offset: int
) -> tuple[list[Report], int]:
    rows = await db.fetch(_LIST, state, trip_id, limit, offset)
    total = rows[0]["total"] if rows else await db.fetchval(_COUNT, state, trip_id)
    return [report_of(row) for row in rows], total


async def change(
    tx: Tx,
    report_id: UUID,
    *,
    state: State,
    payload: Mapping[str, Any],
    at: datetime,
    what: str,
    error: str | None,
    detail: str | None,
    actor_id: UUID | None,
) -> None:
    await tx.execute(_CHANGE, report_id, state, at, payload, what, error, detail, actor_id)


async def get_status(db: Database, now: datetime) -> Status:
    row = cast("Row", await db.fetchrow(_STATUS, now))
    return Status(**dict(row))


async def flag_due(tx: Tx, now: datetime) -> list[Row]:
    """Mark what comes near its deadline or passed it; returns what is new of either, and how much."""
    return await tx.fetch(_FLAG, now)
