"""SQL of the provider's accounts that people sign in with."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from faded_skies.domains.identity.errors import IdentityTaken
from faded_skies.domains.identity.models import Identity
from faded_skies.platform.db import Database, Tx

_COLUMNS = "id, provider, email::text AS email, created_at, last_used_at"
_USE = """
UPDATE identities SET last_used_at = now() WHERE provider = $1 AND subject = $2 RETURNING user_id
"""
_INSERT = f"""
INSERT INTO identities (id, user_id, provider, subject, email) VALUES ($1, $2, $3, $4, $5::text::citext)
ON CONFLICT (provider, subject) DO NOTHING
RETURNING {_COLUMNS}
"""
_LIST = f"SELECT {_COLUMNS} FROM identities WHERE user_id = $1 ORDER BY created_at, id"
_DELETE = f"DELETE FROM identities WHERE id = $1 AND user_id = $2 RETURNING {_COLUMNS}"
_HAS_WAY_IN = """
SELECT EXISTS (SELECT FROM users WHERE id = $1 AND password_hash IS NOT NULL)
    OR EXISTS (SELECT FROM identities WHERE user_id = $1)
"""
_WAS_OPENED_SO = """
SELECT EXISTS (SELECT FROM sessions WHERE id = $1 AND first_factor = 'password' AND created_at > $2)
"""


async def use(tx: Tx, *, provider: str, subject: str) -> UUID | None:
    """Stamp the identity and return whose it is; None when nobody has it."""
    user_id: UUID | None = await tx.fetchval(_USE, provider, subject)
    return user_id


async def insert(
    tx: Tx, identity_id: UUID, *, user_id: UUID, provider: str, subject: str, email: str
) -> Identity:
    """Write an identity. Raises IdentityTaken, also when another transaction was a moment faster."""
    row = await tx.fetchrow(_INSERT, identity_id, user_id, provider, subject, email)
    if row is None:
        raise IdentityTaken
    return Identity(**row)


async def list_of(source: Tx | Database, user_id: UUID) -> Sequence[Identity]:
    return [Identity(**row) for row in await source.fetch(_LIST, user_id)]


async def delete(tx: Tx, identity_id: UUID, *, user_id: UUID) -> Identity | None:
    """Delete a person's identity and return it; None when they have no such one."""
    row = await tx.fetchrow(_DELETE, identity_id, user_id)
    return None if row is None else Identity(**row)


async def has_way_in(tx: Tx, user_id: UUID) -> bool:
    """Tell whether the person has a password or an identity to sign in with."""
    return bool(await tx.fetchval(_HAS_WAY_IN, user_id))


async def came_by_password_since(tx: Tx, session_id: UUID, moment: datetime) -> bool:
    """Tell whether the session was opened with the password, and after this moment."""
    return bool(await tx.fetchval(_WAS_OPENED_SO, session_id, moment))
