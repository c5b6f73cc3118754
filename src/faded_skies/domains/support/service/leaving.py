"""What conversations hold on somebody, and what of it goes when they leave."""

from collections.abc import AsyncIterator
from uuid import UUID

from faded_skies.domains.support.queries import held
from faded_skies.platform.db import Row, Tx


def held_on(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    """Return a person's tickets with all that was said in them, and when they sent pictures."""
    return held.held_on(tx, user_id)


async def erase(tx: Tx, user_id: UUID) -> None:
    """Delete a person's conversations and throw the keys of their pictures away: no law wants them kept.

    What an agent wrote in a customer's ticket is the customer's, and stays.
    """
    await held.erase(tx, user_id)
