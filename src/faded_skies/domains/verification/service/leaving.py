"""What is held of somebody's papers, and what of it goes when they leave."""

from collections.abc import AsyncIterator
from uuid import UUID

from faded_skies.domains.verification.queries import held, holders, papers
from faded_skies.platform.db import Row, Tx


def held_on(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    """Return how a person's verifications went."""
    return {"idVerifications": held.stream_verifications_of(tx, user_id)}


async def forget_person(tx: Tx, user_id: UUID) -> None:
    """Throw away the keys to their pictures and let go of their documents; blocked ones stay blocked."""
    await held.erase_verifications(tx, user_id)
    pictures = await papers.list_of_person(tx, user_id)
    await papers.forget(tx, [picture.id for picture in pictures])
    await holders.release(tx, user_id)
