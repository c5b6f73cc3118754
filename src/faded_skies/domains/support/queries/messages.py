"""SQL of messages and notes. A message's time is later than that of the one before it in the ticket."""

from datetime import datetime
from typing import Any
from uuid import UUID

from faded_skies.domains.support.errors import MessageNotFound
from faded_skies.domains.support.models import Message, Note
from faded_skies.domains.support.rules.moves import Party
from faded_skies.platform.db import Database, Row, Tx

_COLUMNS = """
    m.id, m.ticket_id, m.sender_type, m.sender_id,
    CASE m.sender_type WHEN 'agent' THEN split_part(u.full_name, ' ', 1) ELSE u.full_name END AS sender_name,
    m.message, m.attachments::uuid[] AS attachments, m.created_at, m.read_at
"""
_FROM = "support_messages m JOIN users u ON u.id = m.sender_id"
_LIST = f"SELECT {_COLUMNS} FROM {_FROM} WHERE m.ticket_id = $1 ORDER BY m.created_at, m.id"
_COUNT = "SELECT count(*) FROM support_messages WHERE ticket_id = $1"
_FIND = f"SELECT {_COLUMNS} FROM {_FROM} WHERE m.ticket_id = $1 AND m.id = $2"
_NEWEST = f"""
SELECT * FROM (
    SELECT {_COLUMNS} FROM {_FROM} WHERE m.ticket_id = $1 ORDER BY m.created_at DESC, m.id DESC LIMIT $2
) newest ORDER BY created_at, id
"""
_SINCE = f"""
SELECT {_COLUMNS} FROM {_FROM}
WHERE m.ticket_id = $1
  AND m.created_at > (SELECT created_at FROM support_messages WHERE ticket_id = $1 AND id = $2)
ORDER BY m.created_at, m.id LIMIT $3
"""
_INSERT = """
INSERT INTO support_messages (id, ticket_id, sender_type, sender_id, message, attachments, created_at)
SELECT $1, t.id, $3, $4, $5, $6, greatest(clock_timestamp(), t.last_message_at + interval '1 microsecond')
FROM support_tickets t WHERE t.id = $2
RETURNING created_at
"""
# One time for all of them, as the event tells one.
_MARK_READ = """
WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS at)
UPDATE support_messages SET read_at = moment.at FROM moment
WHERE ticket_id = $1 AND sender_type = $2 AND read_at IS NULL AND created_at <= $3
RETURNING read_at
"""
_INSERT_NOTE = "INSERT INTO support_notes (id, ticket_id, author_id, note) VALUES ($1, $2, $3, $4)"
_NOTE_COLUMNS = "n.id, n.ticket_id, n.author_id, u.full_name AS author_name, n.note, n.created_at"
_LIST_NOTES = f"""
SELECT {_NOTE_COLUMNS} FROM support_notes n JOIN users u ON u.id = n.author_id
WHERE n.ticket_id = $1 ORDER BY n.created_at, n.id
"""
_GET_NOTE = f"SELECT {_NOTE_COLUMNS} FROM support_notes n JOIN users u ON u.id = n.author_id WHERE n.id = $1"


def _message(row: Row) -> Message:
    values: dict[str, Any] = {**row, "sender_type": Party(row["sender_type"])}
    return Message(**values)


async def list_messages(db: Database, ticket_id: UUID) -> list[Message]:
    """Return all messages of a ticket, the oldest first."""
    return [_message(row) for row in await db.fetch(_LIST, ticket_id)]


async def count_messages(tx: Tx, ticket_id: UUID) -> int:
    found: int = await tx.fetchval(_COUNT, ticket_id)
    return found


async def list_newest(db: Database | Tx, ticket_id: UUID, *, limit: int) -> list[Message]:
    """Return the last messages of a ticket, the oldest of them first."""
    return [_message(row) for row in await db.fetch(_NEWEST, ticket_id, limit)]


async def list_since(db: Database, ticket_id: UUID, message_id: UUID, *, limit: int) -> list[Message]:
    """Return what came after a message, the oldest first; nothing when the ticket has no such message."""
    return [_message(row) for row in await db.fetch(_SINCE, ticket_id, message_id, limit)]


async def find_message(db: Database | Tx, ticket_id: UUID, message_id: UUID) -> Message | None:
    row = await db.fetchrow(_FIND, ticket_id, message_id)
    return None if row is None else _message(row)


async def get_message(db: Database | Tx, ticket_id: UUID, message_id: UUID) -> Message:
    """Return a message of the ticket. Raises MessageNotFound."""
    found = await find_message(db, ticket_id, message_id)
    if found is None:
        raise MessageNotFound
    return found


async def insert_message(
    tx: Tx,
    message_id: UUID,
    *,
    ticket_id: UUID,
    sender_type: Party,
    sender_id: UUID,
    message: str,
    attachments: list[UUID],
) -> datetime:
    """Write a message into a held ticket, and return its time."""
    texts = [str(upload_id) for upload_id in attachments]
    written_at: datetime = await tx.fetchval(
        _INSERT, message_id, ticket_id, sender_type, sender_id, message, texts
    )
    return written_at


async def mark_read(
    tx: Tx, ticket_id: UUID, *, written_by: Party, until: datetime
) -> tuple[int, datetime | None]:
    """Note that one side's messages until then were read; return how many were new, and when they were read."""
    rows = await tx.fetch(_MARK_READ, ticket_id, written_by, until)
    return len(rows), max((row["read_at"] for row in rows), default=None)


async def insert_note(tx: Tx, note_id: UUID, *, ticket_id: UUID, author_id: UUID, note: str) -> Note:
    await tx.execute(_INSERT_NOTE, note_id, ticket_id, author_id, note)
    row = await tx.fetchrow(_GET_NOTE, note_id)
    if row is None:
        raise LookupError("the note that was just written is not there")
    return Note(**row)


async def list_notes(db: Database, ticket_id: UUID) -> list[Note]:
    """Return what staff noted, the oldest first."""
    return [Note(**row) for row in await db.fetch(_LIST_NOTES, ticket_id)]
