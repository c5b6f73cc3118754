"""What payments hold on a person, and what goes when they leave. Attempts and refunds are the books, and stay."""

from collections.abc import AsyncIterator
from uuid import UUID

from faded_skies.domains.payments.events import CustomerLeft
from faded_skies.domains.payments.queries import held as queries
from faded_skies.domains.payments.queries import methods
from faded_skies.platform.db import Row, Tx


def held_on(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    """Return the ways to pay, removed ones too, attempts, refunds and disputes; no gateway's secrets."""
    return queries.held_on(tx, user_id)


async def erase(tx: Tx, user_id: UUID) -> None:
    """Remove the ways to pay of somebody who left; each gateway forgets them and their cards by a job."""
    await methods.lock_methods(tx, user_id)
    await queries.erase_methods(tx, user_id)
    for customer in await queries.erase_customers(tx, user_id):
        tx.emit(CustomerLeft(gateway=customer["gateway"], external_id=customer["external_id"]))
