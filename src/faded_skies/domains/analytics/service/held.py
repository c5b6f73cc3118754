"""What is held on a person, and forgetting it."""

from collections.abc import AsyncIterator
from uuid import UUID

from faded_skies.domains.analytics import queries
from faded_skies.platform.db import Row, Tx


def held_on(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    """Return what a person agreed to and the events that were stored of them."""
    return queries.held.held_on(tx, user_id)


async def erase(tx: Tx, user_id: UUID) -> None:
    """Forget the consents and events of somebody who left; what waits for vendors goes with them."""
    await queries.held.erase(tx, user_id)
