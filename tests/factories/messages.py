"""What was written to people, and promotions, through the real services."""

from uuid import UUID

from faded_skies.bootstrap import Application
from faded_skies.domains.notifications import service as notifications
from faded_skies.domains.notifications.service import Channel
from faded_skies.domains.promotions import service as promotions
from faded_skies.domains.promotions.service import Segment, Words
from faded_skies.platform.ids import new_id


async def make_promotion(app: Application, *, actor_id: UUID) -> UUID:
    """Make a draft for everybody, by mail and push."""
    words = Words("Edibles", "Twenty percent off.", None, Segment(), frozenset(Channel))
    async with app.ports.db.transaction() as tx:
        return (await promotions.create_draft(tx, words, actor_id=actor_id)).id


async def make_told(app: Application, user_id: UUID) -> tuple[UUID, UUID]:
    """Tell a person something by a mail that nobody took; returns the ids in the app's list and of the mail."""
    db = app.ports.db
    async with db.transaction() as tx:
        await notifications.mail_password_changed(tx, user_id=user_id, change_id=new_id())
        message_id: UUID = await tx.fetchval(
            "UPDATE messages SET failed_at = now(), reason = '550 no such user' "
            "WHERE user_id = $1 AND kind = 'password_changed' RETURNING id",
            user_id,
        )
    notice_id: UUID = await db.fetchval("SELECT id FROM notices WHERE user_id = $1", user_id)
    return notice_id, message_id
