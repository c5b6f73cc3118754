"""Jobs that failed for good and webhooks that wait, as the queue and the inbox leave them."""

from typing import Any
from uuid import UUID

import orjson

from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id


async def make_failed_job(db: Database, job: str, payload: Any, *, message: str = "no such box") -> int:
    """Leave a job that failed for good, with the library's own words on why."""
    job_id: int = await db.fetchval(
        """
        INSERT INTO pgqueuer (priority, status, entrypoint, payload, attempts) VALUES (0, 'failed', $1, $2, 8)
        RETURNING id
        """,
        job,
        orjson.dumps(payload),
    )
    why = {
        "job_id": job_id,
        "exception_type": "LetterLostError",
        "exception_message": message,
        "traceback": "Traceback: secret frames",
        "additional_context": None,
        "timestamp": "2026-11-28T10:00:00Z",
    }
    await db.fetch(
        "INSERT INTO pgqueuer_log (job_id, status, priority, entrypoint, traceback) VALUES ($1, 'failed', 0, $2, $3)",
        job_id,
        job,
        why,
    )
    return job_id


async def make_delivery(
    db: Database, *, source: str = "stripe", handled: bool = False, **payload: Any
) -> UUID:
    """Leave a verified delivery in the inbox, without the job that works it off."""
    delivery_id = new_id()
    await db.fetch(
        """
        INSERT INTO webhook_events (id, source, external_id, kind, payload, handled_at)
        VALUES ($1, $2, $3, 'charge.updated', $4, CASE WHEN $5 THEN now() END)
        """,
        delivery_id,
        source,
        f"evt_{delivery_id}",
        payload,
        handled,
    )
    return delivery_id
