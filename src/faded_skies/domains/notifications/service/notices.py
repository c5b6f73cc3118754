"""Use cases of the app's own list."""

from uuid import UUID

from faded_skies.domains.notifications import queries
from faded_skies.domains.notifications.errors import NotificationNotFound
from faded_skies.domains.notifications.models import NoticeRow
from faded_skies.platform.db import Database, Tx


async def list_notices(
    db: Database, user_id: UUID, *, only_unread: bool, limit: int, offset: int
) -> tuple[list[NoticeRow], int, int]:
    """Return a page, the newest first; how many there are of what was asked for; and how many are unread."""
    return await queries.notices.list_notices(
        db, user_id, only_unread=only_unread, limit=limit, offset=offset
    )


async def mark_read(tx: Tx, notice_id: UUID, *, user_id: UUID) -> NoticeRow:
    """Mark one as read; a second time changes nothing. Raises NotificationNotFound."""
    row = await queries.notices.mark_read(tx, notice_id, user_id=user_id)
    if row is None:
        raise NotificationNotFound
    return row


async def mark_all_read(tx: Tx, user_id: UUID) -> None:
    """Mark all that a person was told as read."""
    await queries.notices.mark_all_read(tx, user_id)
