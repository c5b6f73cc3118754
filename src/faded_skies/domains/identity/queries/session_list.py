"""SQL of a person's own list of sessions."""

from uuid import UUID

from faded_skies.domains.identity.models import EndReason, LiveSession
from faded_skies.platform.db import Database, Tx

MOST_SHOWN = 100

# A session has one unused refresh token; it was made when the session was last renewed.
_LIST_LIVE = """
SELECT s.id, s.created_at, t.created_at AS last_used_at, s.expires_at, s.address, s.user_agent
FROM sessions s LEFT JOIN refresh_tokens t ON t.session_id = s.id AND t.used_at IS NULL
WHERE s.user_id = $1 AND s.ended_at IS NULL AND s.expires_at > now()
ORDER BY s.created_at DESC, s.id DESC LIMIT $2
"""
_END_OWN = """
UPDATE sessions SET ended_at = now(), end_reason = $3
WHERE id = $2 AND user_id = $1 AND ended_at IS NULL AND expires_at > now()
"""
_END_OTHERS = """
WITH unfinished AS (DELETE FROM second_factor_challenges WHERE user_id = $1)
UPDATE sessions SET ended_at = now(), end_reason = $3 WHERE user_id = $1 AND id <> $2 AND ended_at IS NULL
"""


async def list_live(db: Database, user_id: UUID) -> list[LiveSession]:
    """Return the newest sessions that live, newest first."""
    return [LiveSession(**row) for row in await db.fetch(_LIST_LIVE, user_id, MOST_SHOWN)]


async def end_own(tx: Tx, user_id: UUID, session_id: UUID, reason: EndReason) -> bool:
    """End a person's own session; False when there is no such one that lives."""
    return await tx.execute(_END_OWN, user_id, session_id, reason) == 1


async def end_others(tx: Tx, user_id: UUID, session_id: UUID, reason: EndReason) -> int:
    """End all sessions of a person but one, and unfinished sign-ins; returns how many sessions it were."""
    return await tx.execute(_END_OTHERS, user_id, session_id, reason)
