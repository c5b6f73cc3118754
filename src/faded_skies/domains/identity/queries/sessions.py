"""SQL of sign-in, sessions and their refresh tokens."""

from datetime import datetime
from uuid import UUID

from faded_skies.domains.identity.models import SECOND_FACTOR_ROLES, Account, EndReason, FirstFactor
from faded_skies.platform.actor import Actor, Owed, Role
from faded_skies.platform.db import Database, Tx

LIVE_SESSION = """
    s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > now()
    AND u.account_status = 'active'
"""
_FIND_ACTOR = f"""
SELECT u.role, u.full_name, u.role = 'customer' AND u.date_of_birth IS NULL AS owes_birth_date,
       s.second_factor_at IS NOT NULL AS second_factor_checked
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE {LIVE_SESSION}
"""
_LIST_LIVING = """
SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = ANY($1::uuid[]) AND s.ended_at IS NULL AND s.expires_at > now() AND u.account_status = 'active'
"""
_FIND_ACCOUNT = "SELECT id, password_hash FROM users WHERE email = $1::text::citext"
# The hash that was verified must still stand: a reset in between makes the old password wrong.
_PROVE = """
UPDATE users SET password_hash = coalesce($3, password_hash)
WHERE id = $1 AND password_hash = $2 AND account_status = 'active'
"""
_LOCK_ACTIVE = "SELECT true FROM users WHERE id = $1 AND account_status = 'active' FOR NO KEY UPDATE"
_STAMP_SIGN_IN = "UPDATE users SET last_login_at = now() WHERE id = $1"
_ACCOUNT_STATUS = "SELECT account_status FROM users WHERE id = $1 AND password_hash = $2"
_INSERT_SESSION = """
INSERT INTO sessions (id, user_id, expires_at, address, user_agent, first_factor, second_factor_at)
VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $7 THEN now() END)
"""
_EXTEND_SESSION = "UPDATE sessions SET expires_at = $2 WHERE id = $1 AND ended_at IS NULL"
_END_SESSION = """
UPDATE sessions SET ended_at = now(), end_reason = $2 WHERE id = $1 AND ended_at IS NULL RETURNING user_id
"""
_END_SESSIONS_OF = """
WITH unfinished AS (DELETE FROM second_factor_challenges WHERE user_id = $1)
UPDATE sessions SET ended_at = now(), end_reason = $2 WHERE user_id = $1 AND ended_at IS NULL
"""
_INSERT_REFRESH = """
INSERT INTO refresh_tokens (id, session_id, token_hash, expires_at) VALUES ($1, $2, $3, $4)
"""
_USE_REFRESH = """
UPDATE refresh_tokens t SET used_at = now()
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE t.token_hash = $1 AND t.used_at IS NULL AND t.expires_at > now() AND t.session_id = s.id
  AND s.ended_at IS NULL AND s.expires_at > now() AND u.account_status = 'active'
RETURNING s.id AS session_id, s.user_id
"""
_FIND_SESSION_OF_USED = """
SELECT session_id FROM refresh_tokens WHERE token_hash = $1 AND used_at IS NOT NULL
"""
_PRUNE_REFRESH_TOKENS = "DELETE FROM refresh_tokens WHERE expires_at < now() - interval '7 days'"
_PRUNE_SESSIONS = "DELETE FROM sessions WHERE least(ended_at, expires_at) < now() - interval '90 days'"


async def find_actor(
    db: Database, *, session_id: UUID, user_id: UUID, second_factors_required: bool
) -> Actor | None:
    """Return who the session stands for, when it lives and the account is active."""
    row = await db.fetchrow(_FIND_ACTOR, session_id, user_id)
    if row is None:
        return None
    role, owes = Role(row["role"]), None
    if second_factors_required and role in SECOND_FACTOR_ROLES and not row["second_factor_checked"]:
        owes = Owed.SECOND_FACTOR
    elif row["owes_birth_date"]:
        owes = Owed.DATE_OF_BIRTH
    return Actor(id=user_id, role=role, name=row["full_name"], session_id=session_id, owes=owes)


async def list_living(db: Database, sessions: list[UUID]) -> set[UUID]:
    """Return which of these live and have an active account."""
    return {row["id"] for row in await db.fetch(_LIST_LIVING, sessions)}


async def find_account(db: Database, email: str) -> Account | None:
    row = await db.fetchrow(_FIND_ACCOUNT, email)
    return None if row is None else Account(row["id"], row["password_hash"])


async def prove_password(tx: Tx, account: Account, *, better_hash: str | None) -> bool:
    """Lock the person and tell whether the account is active and the verified hash still the one that counts."""
    return await tx.execute(_PROVE, account.id, account.password_hash, better_hash) == 1


async def lock_active(tx: Tx, user_id: UUID) -> bool:
    """Lock the person until the commit, and tell whether their account is active."""
    return bool(await tx.fetchval(_LOCK_ACTIVE, user_id))


async def stamp_sign_in(tx: Tx, user_id: UUID) -> None:
    await tx.execute(_STAMP_SIGN_IN, user_id)


async def find_account_status(tx: Tx, account: Account) -> str | None:
    """Return the status, or None when the password has been changed since it was verified."""
    status: str | None = await tx.fetchval(_ACCOUNT_STATUS, account.id, account.password_hash)
    return status


async def insert_session(
    tx: Tx,
    session_id: UUID,
    *,
    user_id: UUID,
    expires_at: datetime,
    address: str | None,
    user_agent: str | None,
    first_factor: FirstFactor,
    second_factor_checked: bool,
) -> None:
    await tx.execute(
        _INSERT_SESSION,
        session_id,
        user_id,
        expires_at,
        address,
        user_agent,
        first_factor,
        second_factor_checked,
    )


async def extend_session(tx: Tx, session_id: UUID, *, expires_at: datetime) -> bool:
    """Move the session's end, unless it has ended."""
    return await tx.execute(_EXTEND_SESSION, session_id, expires_at) == 1


async def end_session(tx: Tx, session_id: UUID, reason: EndReason) -> UUID | None:
    """End a session and return whose it was; None when it had ended before."""
    user_id: UUID | None = await tx.fetchval(_END_SESSION, session_id, reason)
    return user_id


async def end_sessions_of(tx: Tx, user_id: UUID, reason: EndReason) -> int:
    """End every session of the person, and every sign-in that waits for its second factor; count the sessions."""
    return await tx.execute(_END_SESSIONS_OF, user_id, reason)


async def insert_refresh_token(
    tx: Tx, token_id: UUID, *, session_id: UUID, token_hash: bytes, expires_at: datetime
) -> None:
    await tx.execute(_INSERT_REFRESH, token_id, session_id, token_hash, expires_at)


async def use_refresh_token(tx: Tx, token_hash: bytes) -> tuple[UUID, UUID] | None:
    """Use up the token and return (session, user); None when it is no good or its session over."""
    row = await tx.fetchrow(_USE_REFRESH, token_hash)
    return None if row is None else (row["session_id"], row["user_id"])


async def find_session_of_used_token(tx: Tx, token_hash: bytes) -> UUID | None:
    session_id: UUID | None = await tx.fetchval(_FIND_SESSION_OF_USED, token_hash)
    return session_id


async def prune(tx: Tx) -> None:
    """Forget refresh tokens a week after they expired, and sessions three months after their end."""
    await tx.execute(_PRUNE_REFRESH_TOKENS)
    await tx.execute(_PRUNE_SESSIONS)
