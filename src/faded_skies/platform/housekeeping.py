"""What the platform keeps only for a while, and forgets by the clock."""

from collections.abc import Sequence
from functools import partial

from faded_skies.platform import clock, idempotency, inbox
from faded_skies.platform.db import Database
from faded_skies.platform.jobs import Periodic
from faded_skies.platform.retention import in_batches

# The queue's log is for looking back at, and its library never prunes it. Why a job failed is kept as long as the job.
_PRUNE_LOG = """
DELETE FROM pgqueuer_log l WHERE created < now() - interval '7 days'
  AND NOT EXISTS (SELECT FROM pgqueuer q WHERE q.id = l.job_id AND q.status = 'failed')
"""
_PRUNE_STARTS = "DELETE FROM job_starts s WHERE NOT EXISTS (SELECT FROM pgqueuer q WHERE q.id = s.job_id)"


def periodic(db: Database) -> Sequence[Periodic]:
    """Return the platform's periodic work."""

    async def forget_keys() -> None:
        await idempotency.prune(db)

    async def forget_webhooks() -> None:
        await in_batches(db, partial(inbox.forget, now=clock.now()))

    async def prune_queue() -> None:
        async with db.transaction() as tx:
            await tx.execute(_PRUNE_LOG)
            await tx.execute(_PRUNE_STARTS)

    return [
        Periodic("platform.forget_idempotency_keys", "13 * * * *", forget_keys),
        Periodic("platform.forget_webhooks", "53 9 * * *", forget_webhooks),
        Periodic("platform.prune_queue", "43 * * * *", prune_queue),
    ]
