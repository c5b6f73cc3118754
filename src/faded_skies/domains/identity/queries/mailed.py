"""SQL of the single-use tokens that we mail."""

from datetime import datetime
from uuid import UUID

from faded_skies.domains.identity.models import Purpose, UsedToken
from faded_skies.platform.db import Tx

_SET_HASH = """
UPDATE users SET password_hash = $2, pending_email = NULL, updated_at = now(),
    email_verified_at = CASE WHEN email = $3::text::citext THEN coalesce(email_verified_at, now())
                             ELSE email_verified_at END
WHERE id = $1
"""
_INSERT_MAILED = """
INSERT INTO mailed_tokens (id, user_id, purpose, email, token_hash, expires_at)
VALUES ($1, $2, $3, $4::text::citext, $5, $6)
"""
_COUNT_MAILED = """
SELECT count(*) FROM mailed_tokens
WHERE user_id = $1 AND purpose = $2 AND created_at > now() - interval '1 hour'
"""
_LOCK_OWNER_OF_MAILED = """
SELECT u.id FROM users u
WHERE u.id = (SELECT user_id FROM mailed_tokens WHERE token_hash = $1 AND purpose = $2)
FOR NO KEY UPDATE
"""
_USE_MAILED = """
UPDATE mailed_tokens SET used_at = now(), used_from = $3
WHERE token_hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > now()
RETURNING user_id, email::text AS email
"""
_KILL_RESET_TOKENS = """
DELETE FROM mailed_tokens
WHERE user_id = $1 AND purpose = 'reset_password' AND used_at IS NULL
  AND ($2::text IS NULL OR email <> $2::text::citext)
"""
_PRUNE_MAILED_TOKENS = "DELETE FROM mailed_tokens WHERE expires_at < now() - interval '7 days'"


async def set_password(tx: Tx, used: UsedToken, password_hash: str) -> None:
    """Replace the password; whoever got the link has proved the address as well. A wished one is dropped."""
    await tx.execute(_SET_HASH, used.user_id, password_hash, used.email)


async def insert_mailed_token(
    tx: Tx,
    token_id: UUID,
    *,
    user_id: UUID,
    purpose: Purpose,
    email: str,
    token_hash: bytes,
    expires_at: datetime,
) -> None:
    await tx.execute(_INSERT_MAILED, token_id, user_id, purpose, email, token_hash, expires_at)


async def count_mailed_tokens(tx: Tx, user_id: UUID, purpose: Purpose) -> int:
    """Count the tokens of the last hour."""
    count: int = await tx.fetchval(_COUNT_MAILED, user_id, purpose)
    return count


async def use_mailed_token(
    tx: Tx, token_hash: bytes, purpose: Purpose, *, used_from: str | None
) -> UsedToken | None:
    """Use up the token; None when it is unknown, used or expired.

    Its owner's row is locked first, so that two tokens of one person take turns instead of deadlocking.
    """
    if await tx.fetchval(_LOCK_OWNER_OF_MAILED, token_hash, purpose) is None:
        return None
    row = await tx.fetchrow(_USE_MAILED, token_hash, purpose, used_from)
    return None if row is None else UsedToken(row["user_id"], row["email"])


async def kill_reset_tokens(tx: Tx, user_id: UUID, *, but_to: str | None = None) -> None:
    """Make the reset links mailed to this person worthless, but those to the address `but_to`."""
    await tx.execute(_KILL_RESET_TOKENS, user_id, but_to)


async def prune(tx: Tx) -> None:
    """Forget tokens a week after they expired."""
    await tx.execute(_PRUNE_MAILED_TOKENS)
