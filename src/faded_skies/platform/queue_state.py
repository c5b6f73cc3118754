"""How the job queue stands, for health and metrics."""

from dataclasses import dataclass

from faded_skies.platform.db import Database

_STATE = """
SELECT count(*) FILTER (WHERE status = 'queued') AS waiting,
       count(*) FILTER (WHERE status = 'picked') AS running,
       count(*) FILTER (WHERE status = 'failed') AS held,
       coalesce(
           extract(epoch FROM now() - min(execute_after) FILTER (WHERE status = 'queued' AND execute_after <= now())), 0
       )::float8 AS lag_seconds,
       (SELECT extract(epoch FROM now() - max(last_run))::float8 FROM pgqueuer_schedules) AS idle_seconds
FROM pgqueuer
"""


@dataclass(frozen=True)
class QueueState:
    """Jobs by state, and how far the workers are behind.

    `held` wait for staff. `lag_seconds` is how long the job that is due longest has waited for a worker, `idle_seconds`
    how long no worker has done periodic work: None where none ever has.
    """

    waiting: int
    running: int
    held: int
    lag_seconds: float
    idle_seconds: float | None


async def read_queue(db: Database) -> QueueState:
    """Return how the queue stands."""
    row = await db.fetchrow(_STATE)
    assert row is not None  # noqa: S101 - aggregates without GROUP BY are one row
    return QueueState(**row)
