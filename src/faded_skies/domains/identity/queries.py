"""SQL of accounts. citext columns are read and compared as text in the driver's eyes, hence the casts."""

from datetime import date, datetime
from uuid import UUID

import asyncpg

from faded_skies.domains.identity.errors import EmailTaken, PersonNotFound
from faded_skies.domains.identity.models import Account, Customer, EndReason, Purpose, UsedToken, User
from faded_skies.domains.identity.rules import id_is_good
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database, Row, Tx

_USER_COLUMNS = """
    u.id, u.email::text AS email, u.email_verified_at IS NOT NULL AS email_verified,
    u.pending_email::text AS pending_email, u.full_name, u.phone, u.date_of_birth, u.role,
    u.id_verification_status, u.id_expires_on, coalesce(r.balance, 0) AS rewards_balance,
    u.account_status, u.last_login_at, u.created_at, u.updated_at
"""
_LIVE_SESSION = """
    s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > now()
    AND u.account_status = 'active'
"""

_GET_USER = f"""
SELECT {_USER_COLUMNS} FROM users u LEFT JOIN rewards_accounts r ON r.user_id = u.id WHERE u.id = $1
"""
_FIND_USER_OF_SESSION = f"""
SELECT {_USER_COLUMNS}
FROM sessions s JOIN users u ON u.id = s.user_id LEFT JOIN rewards_accounts r ON r.user_id = u.id
WHERE {_LIVE_SESSION}
"""
_FIND_ACTOR = (
    f"SELECT u.role, u.full_name FROM sessions s JOIN users u ON u.id = s.user_id WHERE {_LIVE_SESSION}"
)
_FIND_CUSTOMER = """
SELECT id, full_name, email::text AS email, phone, date_of_birth, id_verification_status, id_expires_on,
       account_status
FROM users WHERE id = $1
"""
_LOCK_CUSTOMER = f"{_FIND_CUSTOMER} FOR NO KEY UPDATE"
_FIND_ACCOUNT = "SELECT id, password_hash FROM users WHERE email = $1::text::citext"
_FIND_OPEN_ACCOUNT_ID = "SELECT id FROM users WHERE email = $1::text::citext AND account_status <> 'closed'"
_IS_TAKEN = "SELECT true FROM users WHERE email = $1::text::citext"

_INSERT_USER = """
INSERT INTO users (id, email, email_verified_at, password_hash, full_name, phone, date_of_birth, role,
                   id_verification_status)
VALUES ($1, $2::text::citext, CASE WHEN $3 THEN now() END, $4, $5, $6, $7, $8,
        CASE WHEN $9 THEN 'approved' ELSE 'pending' END)
ON CONFLICT (email) DO NOTHING
"""
_UPDATE_PROFILE = """
UPDATE users
SET full_name = coalesce($2, full_name), phone = coalesce($3, phone), updated_at = now()
WHERE id = $1
"""
_UPDATE_PENDING_EMAIL = """
UPDATE users SET pending_email = $2::text::citext, updated_at = now() WHERE id = $1
"""
_CONFIRM_EMAIL = """
UPDATE users
SET email = $2::text::citext, email_verified_at = now(), updated_at = now(),
    pending_email = nullif(pending_email, $2::text::citext)
WHERE id = $1 AND $2::text::citext IN (email, pending_email)
"""
# The hash that was verified must still stand: a reset in between makes the old password wrong.
_SIGN_IN = """
UPDATE users SET last_login_at = now(), password_hash = coalesce($3, password_hash)
WHERE id = $1 AND password_hash = $2 AND account_status = 'active'
"""
_ACCOUNT_STATUS = "SELECT account_status FROM users WHERE id = $1 AND password_hash = $2"
_SET_HASH = """
UPDATE users SET password_hash = $2, updated_at = now(),
    email_verified_at = CASE WHEN email = $3::text::citext THEN coalesce(email_verified_at, now())
                             ELSE email_verified_at END
WHERE id = $1
"""

_INSERT_SESSION = """
INSERT INTO sessions (id, user_id, expires_at, address, user_agent) VALUES ($1, $2, $3, $4, $5)
"""
_EXTEND_SESSION = "UPDATE sessions SET expires_at = $2 WHERE id = $1 AND ended_at IS NULL"
_END_SESSION = """
UPDATE sessions SET ended_at = now(), end_reason = $2 WHERE id = $1 AND ended_at IS NULL RETURNING user_id
"""
_END_SESSIONS_OF = """
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
UPDATE mailed_tokens SET used_at = now()
WHERE token_hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > now()
RETURNING user_id, email::text AS email
"""
_KILL_RESET_TOKENS = """
DELETE FROM mailed_tokens
WHERE user_id = $1 AND purpose = 'reset_password' AND used_at IS NULL
  AND ($2::text IS NULL OR email <> $2::text::citext)
"""

_PRUNE_MAILED_TOKENS = "DELETE FROM mailed_tokens WHERE expires_at < now() - interval '7 days'"
_PRUNE_REFRESH_TOKENS = "DELETE FROM refresh_tokens WHERE expires_at < now() - interval '7 days'"
_PRUNE_SESSIONS = "DELETE FROM sessions WHERE least(ended_at, expires_at) < now() - interval '90 days'"


def _user(row: Row) -> User:
    return User(**{**row, "role": Role(row["role"])})


async def get_user(tx: Tx, user_id: UUID) -> User:
    """Return the person. Raises PersonNotFound."""
    row = await tx.fetchrow(_GET_USER, user_id)
    if row is None:
        raise PersonNotFound
    return _user(row)


async def find_user_of_session(db: Database, *, session_id: UUID, user_id: UUID) -> User | None:
    """Return the person of a live session: authentication and reading in one round trip."""
    row = await db.fetchrow(_FIND_USER_OF_SESSION, session_id, user_id)
    return None if row is None else _user(row)


async def find_actor(db: Database, *, session_id: UUID, user_id: UUID) -> tuple[Role, str] | None:
    """Return role and name when the session lives and the account is active."""
    row = await db.fetchrow(_FIND_ACTOR, session_id, user_id)
    return None if row is None else (Role(row["role"]), row["full_name"])


def _customer(row: Row, today: date) -> Customer:
    return Customer(
        id=row["id"],
        full_name=row["full_name"],
        email=row["email"],
        phone=row["phone"],
        date_of_birth=row["date_of_birth"],
        id_verified=id_is_good(today, status=row["id_verification_status"], expires_on=row["id_expires_on"]),
        id_expires_on=row["id_expires_on"],
        account_status=row["account_status"],
    )


async def find_customer(tx: Tx | Database, user_id: UUID, *, today: date) -> Customer | None:
    row = await tx.fetchrow(_FIND_CUSTOMER, user_id)
    return None if row is None else _customer(row, today)


async def lock_customer(tx: Tx, user_id: UUID, *, today: date) -> Customer:
    """Return the person, locked against changes until the commit. Raises PersonNotFound."""
    row = await tx.fetchrow(_LOCK_CUSTOMER, user_id)
    if row is None:
        raise PersonNotFound
    return _customer(row, today)


async def find_account(db: Database, email: str) -> Account | None:
    row = await db.fetchrow(_FIND_ACCOUNT, email)
    return None if row is None else Account(row["id"], row["password_hash"])


async def find_open_account_id(tx: Tx, email: str) -> UUID | None:
    found: UUID | None = await tx.fetchval(_FIND_OPEN_ACCOUNT_ID, email)
    return found


async def is_taken(tx: Tx, email: str) -> bool:
    return bool(await tx.fetchval(_IS_TAKEN, email))


async def insert_user(
    tx: Tx,
    user_id: UUID,
    *,
    email: str,
    email_verified: bool,
    password_hash: str | None,
    full_name: str,
    phone: str | None,
    date_of_birth: date | None,
    role: Role,
    id_verified: bool,
) -> None:
    """Write a new person. Raises EmailTaken, also when another transaction was a moment faster."""
    if not await tx.execute(
        _INSERT_USER,
        user_id,
        email,
        email_verified,
        password_hash,
        full_name,
        phone,
        date_of_birth,
        role,
        id_verified,
    ):
        raise EmailTaken


async def update_profile(tx: Tx, user_id: UUID, *, full_name: str | None, phone: str | None) -> None:
    """Change what is given; None stays as it is."""
    await tx.execute(_UPDATE_PROFILE, user_id, full_name, phone)


async def update_pending_email(tx: Tx, user_id: UUID, email: str | None) -> None:
    await tx.execute(_UPDATE_PENDING_EMAIL, user_id, email)


async def confirm_email(tx: Tx, user_id: UUID, email: str) -> bool:
    """Make this the confirmed address, if it is still the current or the pending one. Raises EmailTaken."""
    try:
        async with tx.savepoint():
            return await tx.execute(_CONFIRM_EMAIL, user_id, email) == 1
    except asyncpg.UniqueViolationError:
        raise EmailTaken from None


async def sign_in(tx: Tx, account: Account, *, better_hash: str | None) -> bool:
    """Stamp the sign-in, if the account is active and the verified hash is still the one that counts."""
    return await tx.execute(_SIGN_IN, account.id, account.password_hash, better_hash) == 1


async def find_account_status(tx: Tx, account: Account) -> str | None:
    """Return the status, or None when the password has been changed since it was verified."""
    status: str | None = await tx.fetchval(_ACCOUNT_STATUS, account.id, account.password_hash)
    return status


async def set_password(tx: Tx, used: UsedToken, password_hash: str) -> None:
    """Replace the password; whoever got the link has proved the address as well."""
    await tx.execute(_SET_HASH, used.user_id, password_hash, used.email)


async def insert_session(
    tx: Tx,
    session_id: UUID,
    *,
    user_id: UUID,
    expires_at: datetime,
    address: str | None,
    user_agent: str | None,
) -> None:
    await tx.execute(_INSERT_SESSION, session_id, user_id, expires_at, address, user_agent)


async def extend_session(tx: Tx, session_id: UUID, *, expires_at: datetime) -> bool:
    """Move the session's end, unless it has ended."""
    return await tx.execute(_EXTEND_SESSION, session_id, expires_at) == 1


async def end_session(tx: Tx, session_id: UUID, reason: EndReason) -> UUID | None:
    """End a session and return whose it was; None when it had ended before."""
    user_id: UUID | None = await tx.fetchval(_END_SESSION, session_id, reason)
    return user_id


async def end_sessions_of(tx: Tx, user_id: UUID, reason: EndReason) -> int:
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


async def use_mailed_token(tx: Tx, token_hash: bytes, purpose: Purpose) -> UsedToken | None:
    """Use up the token; None when it is unknown, used or expired.

    Its owner's row is locked first, so that two tokens of one person take turns instead of deadlocking.
    """
    if await tx.fetchval(_LOCK_OWNER_OF_MAILED, token_hash, purpose) is None:
        return None
    row = await tx.fetchrow(_USE_MAILED, token_hash, purpose)
    return None if row is None else UsedToken(row["user_id"], row["email"])


async def kill_reset_tokens(tx: Tx, user_id: UUID, *, but_to: str | None = None) -> None:
    """Make the reset links mailed to this person worthless, but those to the address `but_to`."""
    await tx.execute(_KILL_RESET_TOKENS, user_id, but_to)


async def prune(tx: Tx) -> None:
    """Forget tokens a week after they expired, and sessions three months after their end."""
    await tx.execute(_PRUNE_MAILED_TOKENS)
    await tx.execute(_PRUNE_REFRESH_TOKENS)
    await tx.execute(_PRUNE_SESSIONS)
