"""What is held on a person, and forgetting it."""

from collections.abc import AsyncIterator
from uuid import UUID

from faded_skies.domains.notifications import queries
from faded_skies.platform.db import Row, Tx


def held_on(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    """Return a person's devices, choices and what was written to them; no device's token, no mailed link."""
    return queries.held.held_on(tx, user_id)


async def erase(tx: Tx, user_id: UUID) -> None:
    """Forget the devices, choices and messages of somebody who left; the farewell still goes out."""
    await queries.held.erase(tx, user_id)
