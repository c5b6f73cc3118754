"""What is held on a person, and forgetting it."""

from collections.abc import AsyncIterator
from uuid import UUID

from faded_skies.domains.promotions import queries
from faded_skies.platform.db import Row, Tx


def held_on(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    """Return which promotions a person got, and when they opened them."""
    return {"promotions": queries.stream_held(tx, user_id)}


async def erase(tx: Tx, user_id: UUID) -> None:
    """Forget which promotions a person got."""
    await queries.erase(tx, user_id)
