"""SQL of the app's own list."""

from datetime import datetime
from uuid import UUID

from faded_skies.domains.notifications.models import NoticeRow
from faded_skies.domains.notifications.rules import PROMOTIONS, Notice
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.ids import new_id

_INSERT = """
INSERT INTO notices (id, user_id, kind, fact, title, body, data)
SELECT $1::uuid, id, $3::text, $4::text, $5::text, $6::text, $7::jsonb
FROM users WHERE id = $2 AND account_status <> 'closed'
ON CONFLICT DO NOTHING
"""
_COLUMNS = "id, kind, title, body, data, created_at, read_at"
_LIST = f"""
SELECT {_COLUMNS} FROM notices WHERE user_id = $1 AND ($4::boolean IS FALSE OR read_at IS NULL)
ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3
"""
_COUNT = """
SELECT count(*) AS total, count(*) FILTER (WHERE read_at IS NULL) AS unread FROM notices WHERE user_id = $1
"""
_MARK = f"UPDATE notices SET read_at = coalesce(read_at, now()) WHERE id = $1 AND user_id = $2 RETURNING {_COLUMNS}"
_MARK_ALL = "UPDATE notices SET read_at = now() WHERE user_id = $1 AND read_at IS NULL"
# By those it was written to, since notices are found by person.
_DELETE_PROMOTION = f"""
DELETE FROM notices n USING messages m
WHERE m.fact = $1 AND m.kind = '{PROMOTIONS}' AND n.user_id = m.user_id AND n.fact = $1
"""
_PRUNE = "DELETE FROM notices WHERE created_at < $1"


async def insert_notice(tx: Tx, *, user_id: UUID, kind: str, fact: str, notice: Notice) -> None:
    await tx.execute(_INSERT, new_id(), user_id, kind, fact, notice.title, notice.body, notice.data)


async def list_notices(
    db: Database, user_id: UUID, *, only_unread: bool, limit: int, offset: int
) -> tuple[list[NoticeRow], int, int]:
    """Return a page, how many there are of what was asked for, and how many are unread."""
    rows = await db.fetch(_LIST, user_id, limit, offset, only_unread)
    counts = await db.fetchrow(_COUNT, user_id)
    total, unread = (counts["total"], counts["unread"]) if counts is not None else (0, 0)
    return [NoticeRow(**row) for row in rows], unread if only_unread else total, unread


async def mark_read(tx: Tx, notice_id: UUID, *, user_id: UUID) -> NoticeRow | None:
    row = await tx.fetchrow(_MARK, notice_id, user_id)
    return None if row is None else NoticeRow(**row)


async def mark_all_read(tx: Tx, user_id: UUID) -> None:
    await tx.execute(_MARK_ALL, user_id)


async def delete_promotion(tx: Tx, *, fact: str) -> None:
    """Take a promotion out of everybody's list."""
    await tx.execute(_DELETE_PROMOTION, fact)


async def prune(tx: Tx, *, before: datetime) -> None:
    await tx.execute(_PRUNE, before)
