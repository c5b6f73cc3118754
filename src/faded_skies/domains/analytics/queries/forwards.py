"""SQL of what vendors have not got yet."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from faded_skies.domains.analytics.models import Waiting
from faded_skies.platform.db import Tx

# Of one subject only where the vendor wants it so: that of whatever has waited longest.
_CLAIM = """
WITH due AS (
    SELECT event_id FROM analytics_forwards
    WHERE vendor = $1 AND state = 'waiting' AND next_try_at <= $2 AND (NOT $4::boolean OR subject = (
        SELECT subject FROM analytics_forwards
        WHERE vendor = $1 AND state = 'waiting' AND next_try_at <= $2 ORDER BY next_try_at, event_id LIMIT 1
    ))
    ORDER BY next_try_at, event_id LIMIT $3 FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE analytics_forwards f SET state = 'sending', claimed_at = $2, attempts = f.attempts + 1
    FROM due WHERE f.vendor = $1 AND f.event_id = due.event_id
    RETURNING f.event_id, f.subject, f.attempts
)
SELECT e.id, c.subject, e.event AS name, e.properties, e.occurred_at, c.attempts
FROM claimed c JOIN analytics_events e ON e.id = c.event_id ORDER BY e.occurred_at, e.id
"""
# Before rows of several subjects are ended: whoever takes a subject's rows back locks them in the same order.
_HOLD = """
SELECT FROM analytics_forwards
WHERE vendor = $1 AND event_id = ANY($2::uuid[]) AND state = 'sending' ORDER BY event_id FOR UPDATE
"""
_FORGET = (
    "DELETE FROM analytics_forwards WHERE vendor = $1 AND event_id = ANY($2::uuid[]) AND state = 'sending'"
)
_END = """
UPDATE analytics_forwards f SET state = $2, claimed_at = NULL, reason = left(t.reason, 500)
FROM unnest($3::uuid[], $4::text[]) AS t (event_id, reason)
WHERE f.vendor = $1 AND f.event_id = t.event_id AND f.state = 'sending'
"""
_AGAIN = """
UPDATE analytics_forwards SET state = 'waiting', claimed_at = NULL, next_try_at = $3, reason = left($4, 500)
WHERE vendor = $1 AND event_id = ANY($2::uuid[]) AND state = 'sending'
"""
_TAKE_UP = """
WITH behind AS (
    SELECT event_id FROM analytics_forwards
    WHERE vendor = $1 AND state = 'sending' AND claimed_at < $2 ORDER BY event_id FOR UPDATE
)
UPDATE analytics_forwards f SET state = $3, claimed_at = NULL, reason = 'the process ended while it was told'
FROM behind WHERE f.vendor = $1 AND f.event_id = behind.event_id
"""
_LOSE_ALL = """
UPDATE analytics_forwards SET state = 'lost', claimed_at = NULL, reason = $1 WHERE state IN ('waiting', 'sending')
"""
_EXPIRE = """
WITH old AS (
    SELECT f.event_id FROM analytics_forwards f JOIN analytics_events e ON e.id = f.event_id
    WHERE f.vendor = $1 AND f.state = 'waiting' AND e.occurred_at < $2 ORDER BY f.event_id FOR UPDATE OF f
)
UPDATE analytics_forwards f SET state = 'expired', reason = 'the vendor was away for too long'
FROM old WHERE f.vendor = $1 AND f.event_id = old.event_id
"""


async def claim(tx: Tx, vendor: str, *, now: datetime, most: int, one_subject: bool) -> list[Waiting]:
    """Return events that are due, and mark them as being told; whoever else asks gets others."""
    rows = await tx.fetch(_CLAIM, vendor, now, most, one_subject)
    return [Waiting(**row) for row in rows]


async def hold(tx: Tx, vendor: str, event_ids: Sequence[UUID]) -> None:
    """Lock those that are still being told; what was taken back meanwhile is not there."""
    await tx.execute(_HOLD, vendor, event_ids)


async def forget(tx: Tx, vendor: str, event_ids: Sequence[UUID]) -> None:
    """The vendor has them."""
    await tx.execute(_FORGET, vendor, event_ids)


async def end(tx: Tx, vendor: str, reasons: Mapping[UUID, str], *, state: str) -> None:
    """They will not be told any more, for these reasons."""
    await tx.execute(_END, vendor, state, list(reasons), list(reasons.values()))


async def try_again(tx: Tx, vendor: str, event_ids: Sequence[UUID], *, at: datetime, why: str) -> None:
    await tx.execute(_AGAIN, vendor, event_ids, at, why)


async def take_up(tx: Tx, vendor: str, *, before: datetime, state: str) -> int:
    """Give what was claimed before then, and never ended, another state; returns how many."""
    return await tx.execute(_TAKE_UP, vendor, before, state)


async def expire(tx: Tx, vendor: str, *, before: datetime) -> int:
    """End what waits and happened before then; returns how many."""
    return await tx.execute(_EXPIRE, vendor, before)


async def lose_all(tx: Tx, *, why: str) -> None:
    """End all that waits and all that is being told, for every vendor."""
    await tx.execute(_LOSE_ALL, why)
