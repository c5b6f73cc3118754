"""SQL of what is held on a person, and of forgetting it."""

from collections.abc import AsyncIterator
from uuid import UUID

from faded_skies.platform.db import Row, Tx

FAREWELL = "account_closed"
"""The kind of the one message that still goes to somebody who has left."""

_HELD = {
    "devices": 'SELECT created_at AS "createdAt" FROM device_tokens WHERE user_id = $1 ORDER BY created_at',
    # Not the words of a mail: they may hold a link that opens the account.
    "messages": """
SELECT channel, kind, coalesce(content ->> 'subject', content ->> 'title') AS subject,
       CASE channel WHEN 'push' THEN content ->> 'body' END AS body, created_at AS "createdAt", sent_at AS "sentAt",
       coalesce(failed_at, dropped_at) AS "notSentAt", reason
FROM messages WHERE user_id = $1 ORDER BY created_at, id
""",
    "notifications": """
SELECT kind, title, body, created_at AS "createdAt", read_at AS "readAt" FROM notices
WHERE user_id = $1 ORDER BY created_at, id
""",
    "notificationChoices": """
SELECT topic, channel, enabled FROM notification_choices WHERE user_id = $1 ORDER BY topic, channel
""",
    "quietHours": """
SELECT starts_minute AS "startsMinute", ends_minute AS "endsMinute", time_zone AS "timeZone"
FROM quiet_hours WHERE user_id = $1
""",
    "promotionConsents": """
SELECT wording, given_at AS "givenAt", given_by AS "givenBy", withdrawn_at AS "withdrawnAt",
       withdrawn_by AS "withdrawnBy"
FROM promotion_consents WHERE user_id = $1 ORDER BY given_at, id
""",
}
_ERASE = (
    "DELETE FROM device_tokens WHERE user_id = $1",
    f"DELETE FROM messages WHERE user_id = $1 AND sent_at IS NULL AND kind <> '{FAREWELL}'",
    "UPDATE messages SET content = '{}' WHERE user_id = $1 AND sent_at IS NOT NULL AND content <> '{}'",
    "DELETE FROM notices WHERE user_id = $1",
    "DELETE FROM notification_choices WHERE user_id = $1",
    "DELETE FROM quiet_hours WHERE user_id = $1",
    "DELETE FROM promotion_consents WHERE user_id = $1",
)


def held_on(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    return {name: tx.stream(statement, user_id) for name, statement in _HELD.items()}


async def erase(tx: Tx, user_id: UUID) -> None:
    """Forget devices, what waits to be sent, what was said and what was chosen; only the farewell still leaves."""
    for statement in _ERASE:
        await tx.execute(statement, user_id)
