"""A report to the state that was rejected, written as the queue would have it."""

from uuid import UUID

from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id

_INSERT = """
INSERT INTO trace_reports (id, lane, sequence, order_id, step, external_number, payload, state, happened_at, warn_at,
                           due_at, last_error)
VALUES ($1, $2, 1, $2, 'receipt', $3, $4, 'rejected', now(), now(), now(), 'Package is unknown.')
ON CONFLICT (lane, sequence) DO UPDATE SET state = 'rejected', claimed_at = NULL RETURNING id
"""


async def make_report(db: Database, order_id: UUID) -> UUID:
    number = f"R-{new_id().hex[:20].upper()}"
    goods = [{"tag": "1A4060300000022000000001", "quantity": "1", "unit": "Each", "price_cents": 4000}]
    payload = {"goods": goods, "at": "2026-11-27T12:00:00+00:00"}
    report_id: UUID = await db.fetchval(_INSERT, new_id(), order_id, number, payload)
    return report_id
