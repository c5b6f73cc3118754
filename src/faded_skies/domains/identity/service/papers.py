"""How a person's ID stands; the verification domain decides it."""

from datetime import date
from uuid import UUID

from faded_skies.domains.identity.queries import people as queries
from faded_skies.platform.db import Tx


async def note_id_processing(tx: Tx, user_id: UUID) -> None:
    """Note that papers are being looked at; an ID that is still good stays so meanwhile."""
    await queries.note_id_processing(tx, user_id)


async def approve_id(tx: Tx, user_id: UUID, *, expires_on: date | None) -> None:
    """Note that the ID is good, through its last day where that is known."""
    await queries.approve_id(tx, user_id, expires_on=expires_on)


async def reject_id(tx: Tx, user_id: UUID) -> None:
    """Note that the papers were not accepted; an ID that is still good stays so."""
    await queries.reject_id(tx, user_id)
