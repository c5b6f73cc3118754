"""SQL of pictures that people send."""

from collections.abc import Sequence
from uuid import UUID

from faded_skies.domains.support.queries.tickets import STAFF
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.documents.sealed import Sealed

_INSERT = "INSERT INTO support_uploads (id, user_id, wrapped_key) VALUES ($1, $2, $3)"
# In one order, so that two messages that name the same pictures do not wait for each other.
_ATTACH = """
WITH mine AS (
    SELECT id FROM support_uploads
    WHERE id = ANY ($1::uuid[]) AND user_id = $2 AND message_id IS NULL AND deleted_at IS NULL
    ORDER BY id FOR UPDATE
)
UPDATE support_uploads u SET message_id = $3 FROM mine WHERE u.id = mine.id
"""
_FIND_FOR = """
SELECT u.id, u.wrapped_key
FROM support_uploads u
LEFT JOIN support_messages m ON m.id = u.message_id
LEFT JOIN support_tickets t ON t.id = m.ticket_id
WHERE u.id = $1 AND u.deleted_at IS NULL
  AND (u.user_id = $2 OR t.user_id = $2 OR (t.id IS NOT NULL AND $3))
"""
_LIST_UNSENT = """
SELECT id FROM support_uploads
WHERE message_id IS NULL AND deleted_at IS NULL AND created_at < now() - make_interval(hours => $1) LIMIT 200
"""
_FORGET = """
UPDATE support_uploads SET wrapped_key = NULL, deleted_at = now()
WHERE id = ANY ($1::uuid[]) AND message_id IS NULL AND deleted_at IS NULL
RETURNING id
"""
_KNOWN = "SELECT id FROM support_uploads WHERE id = ANY ($1::uuid[]) AND deleted_at IS NULL"


async def insert_upload(tx: Tx, file: Sealed, *, user_id: UUID) -> None:
    await tx.execute(_INSERT, file.id, user_id, file.wrapped_key)


async def attach(tx: Tx, ids: Sequence[UUID], *, user_id: UUID, message_id: UUID) -> int:
    """Put a person's own pictures, which no message has yet, into a message; return how many there were."""
    return await tx.execute(_ATTACH, list(ids), user_id, message_id)


async def find_for(db: Database, actor: Actor, upload_id: UUID) -> Sealed | None:
    """Return a picture for who sent it, for the customer whose ticket has it, and if one has it for staff."""
    row = await db.fetchrow(_FIND_FOR, upload_id, actor.id, actor.role in STAFF)
    return None if row is None else Sealed(row["id"], row["wrapped_key"])


async def list_unsent(db: Database, *, hours: int) -> list[UUID]:
    """Return pictures that no message took within so many hours, at most 200."""
    return [row["id"] for row in await db.fetch(_LIST_UNSENT, hours)]


async def forget_unsent(tx: Tx, ids: Sequence[UUID]) -> list[UUID]:
    """Throw the keys of pictures away that no message has; return which these were."""
    return [row["id"] for row in await tx.fetch(_FORGET, list(ids))]


async def find_known(db: Database, ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these are pictures that somebody still has the key to."""
    return {row["id"] for row in await db.fetch(_KNOWN, list(ids))}
