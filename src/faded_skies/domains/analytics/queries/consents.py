"""SQL of the consent to be counted."""

from uuid import UUID

from faded_skies.domains.analytics.models import Consent
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.ids import new_id

_FIND = "SELECT given_at, third_parties FROM analytics_consents WHERE user_id = $1 AND withdrawn_at IS NULL"
_HOLD = f"{_FIND} FOR SHARE"
_LOCK = f"{_FIND} FOR UPDATE"
_GIVE = """
INSERT INTO analytics_consents (id, user_id, wording, third_parties)
SELECT $1::uuid, id, $3::text, $4::boolean FROM users WHERE id = $2 AND account_status <> 'closed'
ON CONFLICT (user_id) WHERE withdrawn_at IS NULL DO NOTHING
"""
_WITHDRAW = "UPDATE analytics_consents SET withdrawn_at = now() WHERE user_id = $1 AND withdrawn_at IS NULL"


async def find_consent(source: Database | Tx, user_id: UUID) -> Consent | None:
    row = await source.fetchrow(_FIND, user_id)
    return None if row is None else Consent(**row)


async def hold_consent(tx: Tx, user_id: UUID) -> Consent | None:
    """Return the consent and keep it from being withdrawn until the transaction ends."""
    row = await tx.fetchrow(_HOLD, user_id)
    return None if row is None else Consent(**row)


async def lock_consent(tx: Tx, user_id: UUID) -> Consent | None:
    """Return the consent to change it; whoever stores events by it has ended."""
    row = await tx.fetchrow(_LOCK, user_id)
    return None if row is None else Consent(**row)


async def give(tx: Tx, user_id: UUID, *, wording: str, third_parties: bool) -> bool:
    """Note a consent; False when there is one already, or nobody."""
    return await tx.execute(_GIVE, new_id(), user_id, wording, third_parties) == 1


async def withdraw(tx: Tx, user_id: UUID) -> bool:
    """Note that it is taken back; False when there was none."""
    return await tx.execute(_WITHDRAW, user_id) == 1
