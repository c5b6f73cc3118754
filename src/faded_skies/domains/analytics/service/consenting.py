"""Use cases of the consent to be counted."""

from uuid import UUID

from faded_skies.domains.analytics import queries
from faded_skies.domains.analytics.models import Consent
from faded_skies.platform.db import Database, Tx

WORDING = (
    "The shop may store which pages and products I look at and what I buy, to count how its shop is used. Only if I "
    "allow it as well, it may pass this on to the services that count for it, without my name. I can end both at any "
    "time; buying does not depend on it."
)
"""What a person agrees to; apps show it beside the switches. A change of it is a new text, never an edit of a row."""


async def find_consent(db: Database | Tx, user_id: UUID) -> Consent | None:
    """Return what a person agreed to, None: they are not counted."""
    return await queries.consents.find_consent(db, user_id)


async def choose(tx: Tx, user_id: UUID, *, counted: bool, third_parties: bool) -> Consent | None:
    """Note what a person agrees to from now on, and return it; the same again changes nothing.

    What waits for vendors and may not go any more is taken back.
    """
    was = await queries.consents.lock_consent(tx, user_id)
    if (was is not None) == counted and (was is None or was.third_parties == third_parties):
        return was
    await queries.consents.withdraw(tx, user_id)
    if not (counted and third_parties):
        await queries.held.take_back(tx, user_id)
    if counted:
        await queries.consents.give(tx, user_id, wording=WORDING, third_parties=third_parties)
    tx.audit(
        "analytics.consented" if counted else "analytics.withdrawn",
        object_type="user",
        object_id=user_id,
        actor_id=user_id,
        thirdParties=third_parties,
    )
    return await queries.consents.find_consent(tx, user_id)
