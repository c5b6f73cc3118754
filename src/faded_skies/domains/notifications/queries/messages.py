"""SQL of messages: queued, waiting, ended."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from faded_skies.domains.notifications.models import Message, MessageRecord, MessageState
from faded_skies.domains.notifications.rules import (
    LOCKED,
    PROMOTIONS,
    Channel,
    Letter,
    Push,
    kept,
    topic_of,
)
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.ids import lowest_id
from faded_skies.platform.opaque_tokens import digest
from faded_skies.platform.retention import BATCH

# By the primary key, which is in the order of time. What still waits to be sent is none of these.
_FORGET_OLD = """
DELETE FROM messages WHERE id IN (
    SELECT id FROM messages
    WHERE id < $1 AND (sent_at IS NOT NULL OR failed_at IS NOT NULL OR dropped_at IS NOT NULL) ORDER BY id LIMIT $2
)
"""
_OPEN = "sent_at IS NULL AND failed_at IS NULL AND dropped_at IS NULL"

# What somebody switched off is never written; what cannot be switched off comes without a topic.
_INSERT_MESSAGE = """
INSERT INTO messages (id, user_id, channel, kind, fact, content, good_until)
SELECT $1::uuid, $2::uuid, $3::text, $4::text, $5::text, $6::jsonb, $8::timestamptz
WHERE NOT EXISTS (SELECT FROM users WHERE id = $2 AND account_status = 'closed')
  AND NOT EXISTS (
      SELECT FROM notification_choices WHERE user_id = $2 AND topic = $7 AND channel = $3 AND NOT enabled
  )
ON CONFLICT DO NOTHING
"""
_CLAIMABLE = f"next_try_at IS NULL AND (claimed_until IS NULL OR claimed_until <= now()) AND {_OPEN}"
_FIND_CHANNEL = f"SELECT channel FROM messages WHERE id = $1 AND {_CLAIMABLE}"
# Of two senders the second waits for the row, and finds it claimed. Consent is looked at again just before a promotion
# leaves.
_CLAIM = f"""
WITH claimed AS (UPDATE messages SET claimed_until = now() + $2 WHERE id = $1 AND {_CLAIMABLE} RETURNING *)
SELECT m.id, m.user_id, m.channel, m.kind, m.content, m.attempts, m.created_at, m.good_until,
       ARRAY (
           SELECT token FROM device_tokens d WHERE d.user_id = m.user_id AND d.token_hash <> ALL (m.reached)
           ORDER BY d.created_at, d.token_hash
       ) AS devices,
       cardinality(m.reached) > 0 AS is_reached,
       CASE WHEN m.good_until <= now() THEN 'too_late'
            WHEN m.kind <> '{PROMOTIONS}' THEN NULL
            WHEN u.account_status <> 'active' THEN 'not_active'
            WHEN c.id IS NULL THEN 'unsubscribed'
            WHEN EXISTS (
                SELECT FROM notification_choices n
                WHERE n.user_id = m.user_id AND n.topic = 'promotions' AND n.channel = m.channel AND NOT n.enabled
            ) THEN 'switched_off'
       END AS barred
FROM claimed m
LEFT JOIN users u ON u.id = m.user_id
LEFT JOIN promotion_consents c ON c.user_id = m.user_id AND c.withdrawn_at IS NULL
"""
_RELEASE = "UPDATE messages SET claimed_until = NULL WHERE id = $1"
# A mail's words may open an account (reset links), so they go when it has gone; its subject stays.
_WITHOUT_WORDS = """CASE channel WHEN 'email' THEN jsonb_build_object('subject', content -> 'subject')
                           ELSE content END"""
_STAMP_SENT = f"""
UPDATE messages SET
    sent_at = now(), claimed_until = NULL, reason = NULL, reached = '{{}}', content = {_WITHOUT_WORDS}
WHERE id = $1 AND {_OPEN}
"""
_STAMP_FAILED = f"""
UPDATE messages SET failed_at = now(), claimed_until = NULL, reason = left($2, 500) WHERE id = $1 AND {_OPEN}
"""
_DROP = f"""
UPDATE messages SET dropped_at = now(), claimed_until = NULL, reason = $2, content = {_WITHOUT_WORDS}
WHERE id = $1 AND {_OPEN}
"""
_DROP_ALL = f"""
UPDATE messages SET
    dropped_at = now(), next_try_at = NULL, claimed_until = NULL, reason = $2, content = {_WITHOUT_WORDS}
WHERE fact = $1 AND kind = '{PROMOTIONS}' AND {_OPEN}
"""
_DELAY = f"""
UPDATE messages SET next_try_at = $2, claimed_until = NULL, attempts = attempts + $3, reason = left($4, 500),
    reached = reached || $5::bytea[]
WHERE id = $1 AND {_OPEN}
"""
# Also what somebody claimed and never came back to: they were killed. A morning's promotions do not keep what
# was bought, or a way into an account, from anybody.
_TAKE_DUE = f"""
UPDATE messages SET next_try_at = NULL, claimed_until = NULL WHERE id IN (
    SELECT id FROM messages WHERE next_try_at <= $1 OR claimed_until <= now()
    ORDER BY kind = '{PROMOTIONS}', next_try_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING id
"""
_REVIVE = """
UPDATE messages SET failed_at = NULL, reason = NULL, attempts = 0
WHERE id = $1 AND failed_at > $2 AND (channel = 'push' OR content ? 'to')
RETURNING id
"""
_STATE = """
CASE WHEN sent_at IS NOT NULL THEN 'sent' WHEN failed_at IS NOT NULL THEN 'failed'
     WHEN dropped_at IS NOT NULL THEN 'dropped' WHEN next_try_at IS NOT NULL THEN 'delayed' ELSE 'queued' END
"""
_IN_STATE = {
    None: "true",
    "queued": f"{_OPEN} AND next_try_at IS NULL",
    "delayed": f"{_OPEN} AND next_try_at IS NOT NULL",
    "sent": "sent_at IS NOT NULL",
    "failed": "failed_at IS NOT NULL",
    "dropped": "dropped_at IS NOT NULL",
}
_RECORD = f"""
SELECT id, user_id, channel, kind, coalesce(content ->> 'subject', content ->> 'title') AS subject, {_STATE} AS state,
       reason, attempts, next_try_at, created_at, coalesce(sent_at, failed_at, dropped_at) AS ended_at
FROM messages
"""
_LIST = {
    state: f"{_RECORD} WHERE {clause} AND ($1::uuid IS NULL OR user_id = $1) "
    "ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3"
    for state, clause in _IN_STATE.items()
}
_COUNT = {
    state: f"SELECT count(*) FROM messages WHERE {clause} AND ($1::uuid IS NULL OR user_id = $1)"
    for state, clause in _IN_STATE.items()
}
_FIND_RECORD = f"{_RECORD} WHERE id = $1"
_COUNT_BY_STATE = f"""
SELECT channel, {_STATE} AS state, CASE WHEN dropped_at IS NOT NULL THEN reason END AS reason, count(*) AS number
FROM messages WHERE fact = $1 AND kind = '{PROMOTIONS}' GROUP BY 1, 2, 3
"""
_FORGET_FAILED = f"""
UPDATE messages SET content = {_WITHOUT_WORDS}
WHERE failed_at < $1 AND channel = 'email' AND content ? 'to'
"""


async def insert_message(
    tx: Tx,
    message_id: UUID,
    *,
    user_id: UUID | None,
    kind: str,
    fact: str,
    content: Letter | Push,
    good_until: datetime | None,
) -> bool:
    """Write a message; False when there is one by this channel about this fact, it is switched off, or they have left.

    Without a person it is for a stranger, whose address stands in the letter.
    """
    channel = Channel.EMAIL if isinstance(content, Letter) else Channel.PUSH
    topic = topic_of(kind)
    choosable = None if (topic, channel) in LOCKED else topic
    values = (message_id, user_id, channel, kind, fact, kept(content), choosable, good_until)
    return await tx.execute(_INSERT_MESSAGE, *values) == 1


async def find_channel(db: Database, message_id: UUID) -> Channel | None:
    """Return how a message shall be sent now; None when it has ended, waits for its time, or somebody sends it."""
    found = await db.fetchval(_FIND_CHANNEL, message_id)
    return None if found is None else Channel(found)


async def claim(tx: Tx, message_id: UUID, *, lease: timedelta) -> Message | None:
    """Return a message that shall be sent now, nobody else's for so long; None as with `find_channel`."""
    row = await tx.fetchrow(_CLAIM, message_id, lease)
    if row is None:
        return None
    content = Letter(**row["content"]) if row["channel"] == Channel.EMAIL else Push(**row["content"])
    return Message(
        row["id"],
        row["user_id"],
        row["kind"],
        content,
        row["attempts"],
        row["created_at"],
        row["good_until"],
        row["devices"],
        row["is_reached"],
        row["barred"],
    )


async def release(tx: Tx, message_id: UUID) -> None:
    """Let others send it at once."""
    await tx.execute(_RELEASE, message_id)


async def stamp_sent(tx: Tx, message_id: UUID) -> None:
    await tx.execute(_STAMP_SENT, message_id)


async def stamp_failed(tx: Tx, message_id: UUID, *, reason: str) -> None:
    """Note that nobody takes it; its words stay for a while, so that staff may have it tried again."""
    await tx.execute(_STAMP_FAILED, message_id, reason)


async def drop(tx: Tx, message_id: UUID, *, reason: str) -> None:
    """Note that it must not go any more."""
    await tx.execute(_DROP, message_id, reason)


async def drop_all(tx: Tx, *, fact: str, reason: str) -> int:
    """Drop every message of a promotion that has not gone."""
    return await tx.execute(_DROP_ALL, fact, reason)


async def delay(
    tx: Tx, message_id: UUID, *, until: datetime, tried: bool, reason: str | None, reached: Sequence[str] = ()
) -> None:
    """Let it wait; `tried` counts an attempt, `reached` are the devices that have it already."""
    digests = [digest(token) for token in reached]
    await tx.execute(_DELAY, message_id, until, int(tried), reason, digests)


async def take_due(tx: Tx, *, now: datetime, most: int) -> list[UUID]:
    """Return messages whose time has come, promotions last, else the longest waiting first; they wait no longer."""
    return [row["id"] for row in await tx.fetch(_TAKE_DUE, now, most)]


async def revive(tx: Tx, message_id: UUID, *, failed_after: datetime) -> bool:
    """Undo a failure; False when it has not failed since then, or its words are gone."""
    return await tx.fetchval(_REVIVE, message_id, failed_after) is not None


async def forget_failed(tx: Tx, *, before: datetime) -> None:
    """Forget the words of mails that failed before then."""
    await tx.execute(_FORGET_FAILED, before)


async def list_messages(
    db: Database, *, state: MessageState | None, user_id: UUID | None, limit: int, offset: int
) -> tuple[list[MessageRecord], int]:
    rows = await db.fetch(_LIST[state], user_id, limit, offset)
    return [_record(row) for row in rows], await db.fetchval(_COUNT[state], user_id)


async def find_record(tx: Tx, message_id: UUID) -> MessageRecord | None:
    row = await tx.fetchrow(_FIND_RECORD, message_id)
    return None if row is None else _record(row)


async def count_by_state(db: Database | Tx, fact: str) -> list[tuple[Channel, str, str | None, int]]:
    """Return how many messages of a promotion stand where: channel, state, why dropped, number."""
    rows = await db.fetch(_COUNT_BY_STATE, fact)
    return [(Channel(row["channel"]), row["state"], row["reason"], row["number"]) for row in rows]


def _record(row: Row) -> MessageRecord:
    return MessageRecord(**{**row, "channel": Channel(row["channel"])})


async def forget_old(tx: Tx, *, before: datetime) -> int:
    """Delete up to BATCH messages that ended and were written before then; returns how many."""
    return await tx.execute(_FORGET_OLD, lowest_id(before), BATCH)
