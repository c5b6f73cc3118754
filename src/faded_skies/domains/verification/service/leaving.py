"""What of somebody's papers goes when they leave."""

from uuid import UUID

from faded_skies.domains.verification.queries import holders, papers
from faded_skies.platform.db import Tx


async def forget_person(tx: Tx, user_id: UUID) -> None:
    """Throw away the keys to their pictures and let go of their documents; blocked ones stay blocked."""
    pictures = await papers.list_of_person(tx, user_id)
    await papers.forget(tx, [picture.id for picture in pictures])
    await holders.release(tx, user_id)
