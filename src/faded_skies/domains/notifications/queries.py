"""SQL of messages and devices."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from faded_skies.domains.notifications.models import Message
from faded_skies.domains.notifications.rules import Letter, Push
from faded_skies.platform.db import Database, Row, Tx

MOST_DEVICES = 20

FAREWELL = "account_closed"
"""The kind of the one message that still goes to somebody who has left."""

_INSERT_MESSAGE = """
INSERT INTO messages (id, user_id, channel, kind, fact, content)
SELECT $1::uuid, $2::uuid, $3::text, $4::text, $5::text, $6::jsonb
WHERE NOT EXISTS (SELECT FROM users WHERE id = $2 AND account_status = 'closed')
ON CONFLICT DO NOTHING
"""
_FIND_UNSENT = """
SELECT id, channel, content, ARRAY (SELECT token FROM device_tokens d WHERE d.user_id = m.user_id) AS devices
FROM messages m WHERE id = $1 AND sent_at IS NULL
"""
# A mail's words may open an account (reset links), so they go when it has gone; its subject stays.
_STAMP_SENT = """
UPDATE messages SET sent_at = now(),
    content = CASE channel WHEN 'email' THEN jsonb_build_object('subject', content -> 'subject')
                           ELSE content END
WHERE id = $1 AND sent_at IS NULL
"""
_PUT_DEVICE = """
INSERT INTO device_tokens (token_hash, token, user_id) VALUES ($1, $2, $3)
ON CONFLICT (token_hash) DO UPDATE SET user_id = EXCLUDED.user_id, created_at = now()
"""
_KEEP_NEWEST_DEVICES = """
DELETE FROM device_tokens WHERE token_hash IN (
    SELECT token_hash FROM device_tokens WHERE user_id = $1 ORDER BY created_at DESC OFFSET $2
)
"""
_DELETE_DEVICE = "DELETE FROM device_tokens WHERE token_hash = $1 AND user_id = $2"
_DELETE_DEVICES = "DELETE FROM device_tokens WHERE token_hash = ANY ($1::bytea[])"


async def insert_message(
    tx: Tx, message_id: UUID, *, user_id: UUID | None, kind: str, fact: str, content: Letter | Push
) -> bool:
    """Write a message; False when there is one by this channel about this fact, or the person has left.

    Without a person it is for a stranger, whose address stands in the letter.
    """
    channel = "email" if isinstance(content, Letter) else "push"
    return await tx.execute(_INSERT_MESSAGE, message_id, user_id, channel, kind, fact, content) == 1


async def find_unsent(db: Database, message_id: UUID) -> Message | None:
    row = await db.fetchrow(_FIND_UNSENT, message_id)
    if row is None:
        return None
    content = Letter(**row["content"]) if row["channel"] == "email" else Push(**row["content"])
    return Message(row["id"], content, row["devices"])


async def stamp_sent(tx: Tx, message_id: UUID) -> None:
    await tx.execute(_STAMP_SENT, message_id)


async def put_device(tx: Tx, *, user_id: UUID, token: str) -> None:
    """Give the device to this person, who keeps their newest twenty."""
    await tx.execute(_PUT_DEVICE, _digest(token), token, user_id)
    await tx.execute(_KEEP_NEWEST_DEVICES, user_id, MOST_DEVICES)


async def delete_device(tx: Tx, *, user_id: UUID, token: str) -> None:
    """Forget the device, if it is this person's."""
    await tx.execute(_DELETE_DEVICE, _digest(token), user_id)


async def delete_devices(tx: Tx, tokens: Sequence[str]) -> None:
    """Forget devices whoever has them."""
    await tx.execute(_DELETE_DEVICES, [_digest(token) for token in tokens])


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


_HELD = {
    "devices": 'SELECT created_at AS "createdAt" FROM device_tokens WHERE user_id = $1 ORDER BY created_at',
    # Not the words of a mail: they may hold a link that opens the account.
    "messages": """
SELECT channel, kind, coalesce(content ->> 'subject', content ->> 'title') AS subject,
       CASE channel WHEN 'push' THEN content ->> 'body' END AS body, created_at AS "createdAt", sent_at AS "sentAt"
FROM messages WHERE user_id = $1 ORDER BY created_at, id
""",
}
_ERASE = (
    "DELETE FROM device_tokens WHERE user_id = $1",
    f"DELETE FROM messages WHERE user_id = $1 AND sent_at IS NULL AND kind <> '{FAREWELL}'",
    "UPDATE messages SET content = '{}' WHERE user_id = $1 AND sent_at IS NOT NULL AND content <> '{}'",
)


def held_on(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    return {name: tx.stream(statement, user_id) for name, statement in _HELD.items()}


async def erase(tx: Tx, user_id: UUID) -> None:
    """Forget devices, what waits to be sent and what was said; only the farewell still leaves."""
    for statement in _ERASE:
        await tx.execute(statement, user_id)
