"""Jobs as staff sees them: how far behind the queues are, and the failed ones, which wait for somebody's word.

A job that failed for good stays in the queue's own table (`jobs.py`). Handlers do not mind to run twice, so replaying
one is letting it run again.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pgqueuer.adapters.persistence.qb import QueryQueueBuilder

from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.errors import Absent
from faded_skies.platform.scrubbing import SCRUBBED, scrub, scrub_text

_QUEUES = """
SELECT entrypoint AS job,
    count(*) FILTER (WHERE status = 'queued') AS waiting,
    count(*) FILTER (WHERE status = 'picked') AS running,
    count(*) FILTER (WHERE status = 'failed') AS failed,
    coalesce(
        extract(epoch FROM now() - min(execute_after) FILTER (WHERE status = 'queued' AND execute_after <= now())), 0
    )::float8 AS behind_seconds
FROM pgqueuer GROUP BY entrypoint ORDER BY entrypoint
"""
_PERIODIC = """
SELECT entrypoint AS job, expression AS cron, last_run, next_run FROM pgqueuer_schedules ORDER BY entrypoint, expression
"""
# The library writes why into its log; the last word counts.
_COLUMNS = """
    q.id, q.entrypoint AS job, q.payload, q.attempts, q.created AS created_at, q.updated AS failed_at, l.traceback
"""
_WHY = """
LEFT JOIN LATERAL (
    SELECT traceback FROM pgqueuer_log l
    WHERE l.job_id = q.id AND l.traceback IS NOT NULL ORDER BY l.created DESC, l.id DESC LIMIT 1
) AS l ON true
"""
_LIST = f"""
SELECT {_COLUMNS} FROM (
    SELECT * FROM pgqueuer WHERE status = 'failed' AND ($1::text IS NULL OR entrypoint = $1)
    ORDER BY id DESC LIMIT $2 OFFSET $3
) AS q {_WHY} ORDER BY q.id DESC
"""
_COUNT = "SELECT count(*) FROM pgqueuer WHERE status = 'failed' AND ($1::text IS NULL OR entrypoint = $1)"
_FIND = f"SELECT {_COLUMNS} FROM pgqueuer q {_WHY} WHERE q.id = $1 AND q.status = 'failed'"
_LOCK = "SELECT entrypoint FROM pgqueuer WHERE id = $1 AND status = 'failed' FOR UPDATE"
_LOCK_ALL = """
SELECT id FROM pgqueuer WHERE status = 'failed' AND entrypoint = $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
"""
_DISCARD = """
WITH gone AS (DELETE FROM pgqueuer WHERE id = $1 AND status = 'failed' RETURNING id, entrypoint, priority)
INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority) SELECT id, 'deleted', entrypoint, priority FROM gone
"""
_REQUEUE = QueryQueueBuilder().build_requeue_jobs_query()

MOST_AT_ONCE = 1000
"""Jobs that one call replays."""


class JobNotFound(Absent):
    sentence = "No job of this id has failed and waits; it may be replayed or discarded already."


@dataclass(frozen=True, slots=True)
class Queue:
    """The jobs of one kind. `behind_seconds` is how long the oldest one that is due has waited."""

    job: str
    waiting: int
    running: int
    failed: int
    behind_seconds: float


@dataclass(frozen=True, slots=True)
class Schedule:
    """Work that the clock asks for; `cron` is in UTC."""

    job: str
    cron: str
    last_run: datetime | None
    next_run: datetime


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A job that failed for good. `payload` and `message` are scrubbed; `cause` is the kind of the last error."""

    id: int
    job: str
    attempts: int
    created_at: datetime
    failed_at: datetime
    cause: str | None
    message: str | None
    payload: Any


async def list_queues(db: Database) -> list[Queue]:
    """Return the kinds of jobs that wait, run or have failed."""
    return [Queue(**dict(row)) for row in await db.fetch(_QUEUES)]


async def list_schedules(db: Database) -> list[Schedule]:
    """Return what the clock asks for, and when it did last."""
    return [Schedule(**dict(row)) for row in await db.fetch(_PERIODIC)]


async def list_failed(
    db: Database, *, job: str | None, limit: int, offset: int
) -> tuple[list[FailedJob], int]:
    """Return a page of failed jobs, the newest first, and how many there are."""
    rows = await db.fetch(_LIST, job, limit, offset)
    return [_failed(row) for row in rows], await db.fetchval(_COUNT, job)


async def get_failed(db: Database, job_id: int) -> FailedJob:
    """Return a failed job. Raises JobNotFound."""
    row = await db.fetchrow(_FIND, job_id)
    if row is None:
        raise JobNotFound
    return _failed(row)


def _failed(row: Row) -> FailedJob:
    why = row["traceback"] or {}
    message = why.get("exception_message")
    return FailedJob(
        id=row["id"],
        job=row["job"],
        attempts=row["attempts"],
        created_at=row["created_at"],
        failed_at=row["failed_at"],
        cause=why.get("exception_type"),
        message=None if message is None else scrub_text(str(message))[:1000],
        payload=_readable(row["payload"]),
    )


def _readable(payload: bytes | None) -> Any:
    try:
        return scrub(orjson.loads(payload or b"null"))
    except orjson.JSONDecodeError:
        return SCRUBBED


async def replay(tx: Tx, job_id: int, *, actor_id: UUID) -> None:
    """Let a failed job run again, with all its attempts. Raises JobNotFound."""
    job = await tx.fetchval(_LOCK, job_id)
    if job is None:
        raise JobNotFound
    await tx.execute(_REQUEUE, [job_id])
    tx.audit("job.replayed", object_type="job", object_id=None, actor_id=actor_id, job=job, jobs=[job_id])


async def replay_all(tx: Tx, job: str, *, actor_id: UUID) -> int:
    """Let the failed jobs of a kind run again, MOST_AT_ONCE of them at most, and return how many."""
    ids = [row["id"] for row in await tx.fetch(_LOCK_ALL, job, MOST_AT_ONCE)]
    if ids:
        await tx.execute(_REQUEUE, ids)
        tx.audit("job.replayed", object_type="job", object_id=None, actor_id=actor_id, job=job, jobs=ids)
    return len(ids)


async def discard(tx: Tx, job_id: int, *, actor_id: UUID, reason: str) -> None:
    """Give up a failed job for good. Raises JobNotFound."""
    job = await tx.fetchval(_LOCK, job_id)
    if job is None:
        raise JobNotFound
    await tx.execute(_DISCARD, job_id)
    tx.audit(
        "job.discarded",
        object_type="job",
        object_id=None,
        actor_id=actor_id,
        reason=reason,
        job=job,
        jobs=[job_id],
    )
