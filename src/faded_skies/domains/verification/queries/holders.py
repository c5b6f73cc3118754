"""SQL of who holds which document, by the keyed digest of its number."""

from uuid import UUID

from faded_skies.domains.verification.models import Holder
from faded_skies.platform.db import Tx

_FIND = "SELECT user_id, blocked_at IS NOT NULL AS blocked FROM document_holders WHERE number_hash = $1"
# The first one keeps it. Whoever closed an account left it free, unless it is blocked.
_CLAIM = """
INSERT INTO document_holders AS h (number_hash, user_id) VALUES ($1, $2)
ON CONFLICT (number_hash) DO UPDATE SET user_id = EXCLUDED.user_id, held_at = now()
WHERE h.blocked_at IS NULL AND (
    h.user_id IS NULL OR h.user_id = EXCLUDED.user_id
    OR EXISTS (SELECT FROM users u WHERE u.id = h.user_id AND u.account_status = 'closed')
)
RETURNING true
"""
_BLOCK = """
INSERT INTO document_holders AS h (number_hash, user_id, blocked_at, block_reason) VALUES ($1, $2, now(), $3)
ON CONFLICT (number_hash) DO UPDATE SET blocked_at = now(), block_reason = EXCLUDED.block_reason
WHERE h.blocked_at IS NULL
"""
_RELEASE = "DELETE FROM document_holders WHERE user_id = $1 AND blocked_at IS NULL"


async def find_holder(tx: Tx, number_hash: bytes) -> Holder | None:
    row = await tx.fetchrow(_FIND, number_hash)
    return None if row is None else Holder(row["user_id"], row["blocked"])


async def claim(tx: Tx, number_hash: bytes, user_id: UUID) -> bool:
    """Make the document this person's; False when it is another's, or blocked."""
    return bool(await tx.fetchval(_CLAIM, number_hash, user_id))


async def block(tx: Tx, number_hash: bytes, *, user_id: UUID, reason: str) -> None:
    """Let nobody be approved with this document any more."""
    await tx.execute(_BLOCK, number_hash, user_id, reason)


async def release(tx: Tx, user_id: UUID) -> None:
    """Let go of the documents of somebody who leaves; blocked ones stay blocked."""
    await tx.execute(_RELEASE, user_id)
