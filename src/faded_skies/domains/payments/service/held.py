"""What payments hold on a person, and what goes when they leave. Attempts and refunds are the books, and stay."""

from collections.abc import AsyncIterator
from uuid import UUID

from faded_skies.domains.payments import queries
from faded_skies.domains.payments.events import MethodRemoved
from faded_skies.platform.db import Row, Tx


def held_on(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    """Return the ways to pay, removed ones too, the attempts to charge and the refunds; no gateway's secrets."""
    return queries.held_on(tx, user_id)


async def erase(tx: Tx, user_id: UUID) -> None:
    """Remove the ways to pay of somebody who left; the gateway forgets the cards by a job of each."""
    await queries.lock_methods(tx, user_id)
    for external_id in await queries.erase_methods(tx, user_id):
        tx.emit(MethodRemoved(external_id=external_id))
