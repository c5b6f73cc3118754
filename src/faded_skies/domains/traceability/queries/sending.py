"""SQL of sending: reports claimed and settled, and the line to the system."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from faded_skies.domains.traceability.models import (
    Claimed,
)
from faded_skies.domains.traceability.queries.reports import R, report_of
from faded_skies.platform.db import Database, Tx

# A report may go when it waits or its sender is gone, and nothing before it in its lane is open. All of one step
# that can go together are taken at once; one of a batch that was refused as a whole goes alone.
_MAY_GO = """
    (r.state = 'waiting' AND r.next_try_at <= $1 OR r.state = 'sending' AND r.claimed_at <= $2)
"""
_CLAIM = f"""
WITH ready AS MATERIALIZED (
    SELECT r.id, r.step, r.alone, r.due_at FROM trace_reports r
    WHERE r.state IN ('waiting', 'sending') AND {_MAY_GO} AND NOT EXISTS (
        SELECT FROM trace_reports b
        WHERE b.lane = r.lane AND b.sequence < r.sequence AND b.state IN ('waiting', 'sending', 'rejected'))
    ORDER BY r.due_at, r.id LIMIT $4
), first AS (
    SELECT step, alone, id FROM ready ORDER BY due_at, id LIMIT 1
), taken AS (
    SELECT r.id, r.unsure OR r.state = 'sending' AS unsure FROM trace_reports r
    WHERE r.id = ANY(ARRAY(
        SELECT y.id FROM ready y, first f
        WHERE y.step = f.step AND CASE WHEN f.alone THEN y.id = f.id ELSE NOT y.alone END))
      AND r.state IN ('waiting', 'sending') AND {_MAY_GO}
    ORDER BY r.due_at, r.id LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE trace_reports r SET state = 'sending', claimed_at = $1, attempts = r.attempts + 1, unsure = t.unsure
FROM taken t WHERE r.id = t.id
RETURNING r.id
"""
_CLAIMED = f"""
SELECT {R}, p.metrc_id AS parent_id, o.delivery_address AS address, t.driver_id, d.full_name AS driver_name,
       d.employee_no, f.license_wrapped, v.make, v.model, v.plate
FROM trace_reports r
LEFT JOIN trips t ON t.id = r.trip_id
LEFT JOIN users d ON d.id = t.driver_id
LEFT JOIN driver_profiles f ON f.driver_id = t.driver_id
LEFT JOIN vehicles v ON v.id = (r.payload ->> 'vehicle_id')::uuid
LEFT JOIN orders o ON o.id = r.order_id
LEFT JOIN LATERAL (
    SELECT metrc_id FROM trace_reports p
    WHERE p.lane = r.lane AND p.state = 'sent' AND p.sequence < r.sequence AND (
        p.step = 'ledger_open' AND r.step LIKE 'ledger\\_%' OR
        p.step = 'receipt' AND r.step LIKE 'receipt\\_%' OR
        p.step IN ('delivery_create', 'ledger_sale') AND r.step LIKE 'delivery\\_%' AND p.order_id = r.order_id)
    ORDER BY p.sequence DESC LIMIT 1
) p ON true
WHERE r.id = ANY($1::uuid[]) ORDER BY r.due_at, r.id
"""
_HELD = "SELECT id FROM trace_reports WHERE id = ANY($1::uuid[]) AND state = 'sending' AND claimed_at = $2"
_ENTRY = "jsonb_build_array(jsonb_build_object('at', $3::timestamptz, 'what', $4::text, 'detail', $5::text))"
_SENT = f"""
UPDATE trace_reports SET state = 'sent', claimed_at = NULL, sent_at = $3, metrc_id = $6, unsure = false,
       last_error = NULL, history = history || {_ENTRY}
WHERE id = $1 AND state = 'sending' AND claimed_at = $2
"""
_REJECTED = f"""
UPDATE trace_reports SET state = 'rejected', claimed_at = NULL, unsure = false, last_error = $5,
       history = history || {_ENTRY}
WHERE id = $1 AND state = 'sending' AND claimed_at = $2
"""
# Only what is new is written into its history: an outage of two days is one line.
_PUT_BACK = f"""
UPDATE trace_reports SET state = 'waiting', claimed_at = NULL, unsure = $6, alone = alone OR $7, next_try_at = $8,
       last_error = $5,
       history = CASE WHEN last_error IS NOT DISTINCT FROM $5 THEN history ELSE history || {_ENTRY} END
WHERE id = $1 AND state = 'sending' AND claimed_at = $2
"""
_READ_LINE = "SELECT failures, paused_until, licence_refused FROM trace_line"
_LINE_GOOD = """
INSERT INTO trace_line (last_success_at) VALUES ($1)
ON CONFLICT (id) DO UPDATE
SET failures = 0, paused_until = NULL, down_since = NULL, last_error = NULL, last_success_at = EXCLUDED.last_success_at
"""
_LINE_BAD = """
INSERT INTO trace_line AS l (failures, down_since, paused_until, last_error) VALUES (1, $1, $2, $3)
ON CONFLICT (id) DO UPDATE
SET failures = least(l.failures + 1, 1000), paused_until = EXCLUDED.paused_until, last_error = EXCLUDED.last_error,
    down_since = coalesce(l.down_since, EXCLUDED.down_since)
RETURNING failures
"""
_LINE_LICENCE = """
INSERT INTO trace_line (licence_checked_at, licence_refused, licence_warning) VALUES ($1, $2, $3)
ON CONFLICT (id) DO UPDATE
SET licence_checked_at = EXCLUDED.licence_checked_at, licence_refused = EXCLUDED.licence_refused,
    licence_warning = EXCLUDED.licence_warning
"""
_LINE_COMPARED = """
INSERT INTO trace_line (compared_at) VALUES ($1)
ON CONFLICT (id) DO UPDATE SET compared_at = EXCLUDED.compared_at
"""


async def claim(tx: Tx, *, now: datetime, stale_before: datetime, most: int, looks_at: int) -> list[Claimed]:
    """Take what may go now, up to `most` of one step; none of it is sent by anybody else meanwhile."""
    ids = [row["id"] for row in await tx.fetch(_CLAIM, now, stale_before, most, looks_at)]
    if not ids:
        return []
    return [
        Claimed(
            report=report_of(row),
            token=now,
            **{
                name: row[name]
                for name in (
                    "parent_id",
                    "address",
                    "driver_id",
                    "driver_name",
                    "employee_no",
                    "license_wrapped",
                    "make",
                    "model",
                    "plate",
                )
            },
        )
        for row in await tx.fetch(_CLAIMED, ids)
    ]


async def list_still_ours(db: Database, claimed: Sequence[Claimed]) -> set[UUID]:
    """Return which of them nobody took over meanwhile; all were claimed together."""
    rows = await db.fetch(_HELD, [one.report.id for one in claimed], claimed[0].token)
    return {row["id"] for row in rows}


async def set_sent(tx: Tx, claimed: Claimed, *, at: datetime, what: str, metrc_id: int | None) -> bool:
    return await tx.execute(_SENT, claimed.report.id, claimed.token, at, what, None, metrc_id) == 1


async def set_rejected(tx: Tx, claimed: Claimed, *, at: datetime, error: str) -> bool:
    return await tx.execute(_REJECTED, claimed.report.id, claimed.token, at, "rejected", error) == 1


async def put_back(
    tx: Tx, claimed: Claimed, *, at: datetime, error: str, unsure: bool, alone: bool, next_try_at: datetime
) -> bool:
    done = await tx.execute(
        _PUT_BACK, claimed.report.id, claimed.token, at, "put back", error, unsure, alone, next_try_at
    )
    return done == 1


async def may_ask(db: Database, now: datetime) -> bool:
    """Return whether the system may be asked: it is not left alone, and nothing is wrong with our licence."""
    row = await db.fetchrow(_READ_LINE)
    if row is None:
        return True
    return row["licence_refused"] is None and (row["paused_until"] is None or row["paused_until"] <= now)


async def note_answer(tx: Tx, at: datetime) -> None:
    await tx.execute(_LINE_GOOD, at)


async def count_failures(db: Database) -> int:
    row = await db.fetchrow(_READ_LINE)
    return 0 if row is None else row["failures"]


async def note_failure(tx: Tx, at: datetime, *, until: datetime, error: str) -> int:
    """Leave the system alone until then; returns how many failures there were in a row."""
    failures: int = await tx.fetchval(_LINE_BAD, at, until, error)
    return failures


async def note_licence(tx: Tx, at: datetime, *, refused: str | None, warning: str | None) -> None:
    await tx.execute(_LINE_LICENCE, at, refused, warning)


async def note_compared(tx: Tx, at: datetime) -> None:
    await tx.execute(_LINE_COMPARED, at)
