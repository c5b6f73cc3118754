"""What a person did, for themselves to read."""

from collections.abc import AsyncIterator
from uuid import UUID

from faded_skies.platform.db import Row, Tx

_OWN = """
SELECT recorded_at AS "at", action, object_type AS "objectType", object_id AS "objectId", address,
       user_agent AS "userAgent"
FROM audit_log WHERE actor_id = $1 ORDER BY recorded_at, seq
"""


def stream_own(tx: Tx, actor_id: UUID) -> AsyncIterator[Row]:
    """Yield what this person did and from where, the oldest first."""
    return tx.stream(_OWN, actor_id)
