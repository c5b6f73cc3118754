"""SQL of one's own password."""

from uuid import UUID

from faded_skies.domains.identity.models import Account
from faded_skies.platform.db import Database, Tx

_GET_OWN = "SELECT id, password_hash FROM users WHERE id = $1"
# The hash that was verified must still stand.
_REPLACE = """
UPDATE users SET password_hash = $3, pending_email = NULL, updated_at = now()
WHERE id = $1 AND password_hash = $2 AND account_status = 'active'
"""


async def get_own_account(db: Database, user_id: UUID) -> Account:
    """Return the account of who is signed in, so it is there."""
    row = await db.fetchrow(_GET_OWN, user_id)
    assert row is not None  # noqa: S101 - people are never deleted, only closed
    return Account(row["id"], row["password_hash"])


async def replace_password(tx: Tx, account: Account, password_hash: str) -> bool:
    """Replace the password and drop a wished address; False when it has been changed since it was verified."""
    return await tx.execute(_REPLACE, account.id, account.password_hash, password_hash) == 1
