"""SQL of what accounts hold on a person, in the words of the wire, and of letting it go. Never a secret or its hash."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from faded_skies.platform.db import Database, Row, Tx

_PROFILE = """
SELECT id, email::text AS email, email_verified_at AS "emailVerifiedAt", pending_email::text AS "pendingEmail",
       password_hash IS NOT NULL AS "hasPassword", full_name AS "fullName", phone, date_of_birth AS "dateOfBirth",
       role, id_verification_status AS "idVerificationStatus", id_expires_on AS "idExpiresOn",
       account_status AS "accountStatus", last_login_at AS "lastLoginAt", created_at AS "createdAt",
       updated_at AS "updatedAt"
FROM users WHERE id = $1
"""
_SESSIONS = """
SELECT id, first_factor AS "firstFactor", second_factor_at AS "secondFactorAt", address, user_agent AS "userAgent",
       created_at AS "createdAt", expires_at AS "expiresAt", ended_at AS "endedAt", end_reason AS "endReason"
FROM sessions WHERE user_id = $1 ORDER BY created_at, id
"""
_MAILED_LINKS = """
SELECT purpose, email::text AS email, created_at AS "createdAt", expires_at AS "expiresAt", used_at AS "usedAt",
       used_from AS "usedFrom"
FROM mailed_tokens WHERE user_id = $1 ORDER BY created_at, id
"""
_SECOND_FACTORS = """
SELECT f.enrolled_at AS "enrolledAt",
       (SELECT count(*) FROM recovery_codes c WHERE c.user_id = f.user_id AND c.used_at IS NULL) AS "recoveryCodesLeft"
FROM second_factors f WHERE f.user_id = $1
"""
_IDENTITIES = """
SELECT provider, subject, email::text AS email, created_at AS "createdAt", last_used_at AS "lastUsedAt"
FROM identities WHERE user_id = $1 ORDER BY created_at, id
"""
_PASSKEYS = """
SELECT name, backed_up AS "backedUp", created_at AS "createdAt", last_used_at AS "lastUsedAt"
FROM passkeys WHERE user_id = $1 ORDER BY created_at, id
"""
_INVITATIONS = """
SELECT role, created_at AS "createdAt", accepted_at AS "acceptedAt" FROM invitations
WHERE accepted_by = $1 ORDER BY created_at
"""

_LOCK_ADMINS = """
SELECT id FROM users WHERE role = 'admin' AND account_status = 'active' ORDER BY id FOR NO KEY UPDATE
"""
# An address under .invalid can never be anybody's (RFC 2606 §2), and the old one is free again.
_CLOSE = """
UPDATE users SET
    account_status = 'closed', closed_at = now(), email = 'closed-' || id || '@closed.invalid',
    email_verified_at = NULL, pending_email = NULL, password_hash = NULL, phone = NULL,
    full_name = CASE WHEN $2 THEN full_name ELSE 'Closed account' END,
    date_of_birth = CASE WHEN $2 THEN date_of_birth END,
    id_verification_status = 'pending', id_expires_on = NULL, last_login_at = NULL, updated_at = now()
WHERE id = $1
"""
_ERASE = (
    "DELETE FROM sessions WHERE user_id = $1",
    "DELETE FROM mailed_tokens WHERE user_id = $1",
    "DELETE FROM second_factors WHERE user_id = $1",
    "DELETE FROM second_factor_enrolments WHERE user_id = $1",
    "DELETE FROM second_factor_challenges WHERE user_id = $1",
    "DELETE FROM passkeys WHERE user_id = $1",
    "DELETE FROM passkey_challenges WHERE user_id = $1",
    "DELETE FROM identities WHERE user_id = $1",
    "DELETE FROM federated_sign_ins WHERE user_id = $1",
    "DELETE FROM invitations WHERE accepted_by = $1",
    """
    UPDATE invitations SET revoked_at = now()
    WHERE invited_by = $1 AND accepted_at IS NULL AND revoked_at IS NULL
    """,
)
_LIST_CLOSED_SINCE = "SELECT id FROM users WHERE closed_at >= $1 ORDER BY closed_at"


async def get_profile(tx: Tx, user_id: UUID) -> Row:
    row = await tx.fetchrow(_PROFILE, user_id)
    assert row is not None  # noqa: S101 - people are never deleted, only closed
    return row


def held_on(tx: Tx, user_id: UUID) -> dict[str, AsyncIterator[Row]]:
    return {
        "sessions": tx.stream(_SESSIONS, user_id),
        "mailedLinks": tx.stream(_MAILED_LINKS, user_id),
        "secondFactors": tx.stream(_SECOND_FACTORS, user_id),
        "passkeys": tx.stream(_PASSKEYS, user_id),
        "identities": tx.stream(_IDENTITIES, user_id),
        "invitations": tx.stream(_INVITATIONS, user_id),
    }


async def lock_admins(tx: Tx) -> list[UUID]:
    """Return everybody who is an admin now; none of them can leave until the commit."""
    return [row["id"] for row in await tx.fetch(_LOCK_ADMINS)]


async def close(tx: Tx, user_id: UUID, *, keeps_name: bool) -> None:
    """Leave a stump of the person; the name and birth date stay where a sale needs them."""
    await tx.execute(_CLOSE, user_id, keeps_name)


async def erase(tx: Tx, user_id: UUID) -> None:
    """Delete what hangs on an account; again if need be."""
    for statement in _ERASE:
        await tx.execute(statement, user_id)


async def list_closed_since(db: Database, since: datetime) -> list[UUID]:
    return [row["id"] for row in await db.fetch(_LIST_CLOSED_SINCE, since)]
