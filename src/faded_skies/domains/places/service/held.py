"""What is held on a person, and what goes when they leave."""

from collections.abc import AsyncIterator
from uuid import UUID

from faded_skies.domains.places import queries
from faded_skies.platform.db import Row, Tx


def held_on(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    """Return a person's addresses, deleted ones too."""
    return {"addresses": queries.stream_addresses_of(tx, user_id)}


async def erase(tx: Tx, user_id: UUID) -> None:
    """Erase the addresses of somebody who left; orders keep their own copies."""
    await queries.lock_owner(tx, user_id)
    await queries.erase_addresses(tx, user_id)
