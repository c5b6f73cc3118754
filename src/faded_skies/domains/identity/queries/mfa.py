"""SQL of second factors."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from faded_skies.domains.identity.models import FirstFactor, SecondFactorStatus
from faded_skies.platform.db import Database, Tx

_STATUS = """
SELECT f.enrolled_at,
       (SELECT count(*) FROM recovery_codes c WHERE c.user_id = f.user_id AND c.used_at IS NULL) AS codes_left
FROM second_factors f WHERE f.user_id = $1
"""
_HAS = "SELECT EXISTS (SELECT FROM second_factors WHERE user_id = $1)"
_FIND = "SELECT secret FROM second_factors WHERE user_id = $1"
# Steps only go forward: whoever comes second with the same code, or with an older one, changes no row.
_SPEND_STEP = "UPDATE second_factors SET last_step = $2 WHERE user_id = $1 AND last_step < $2"
_PUT = """
INSERT INTO second_factors (user_id, secret, last_step) VALUES ($1, $2, $3)
ON CONFLICT (user_id) DO UPDATE
SET secret = excluded.secret, last_step = excluded.last_step, enrolled_at = now()
"""
_DELETE = "DELETE FROM second_factors WHERE user_id = $1"
_PUT_ENROLMENT = """
INSERT INTO second_factor_enrolments (user_id, secret, expires_at) VALUES ($1, $2, $3)
ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, expires_at = excluded.expires_at
"""
_FIND_ENROLMENT = "SELECT secret FROM second_factor_enrolments WHERE user_id = $1 AND expires_at > now()"
_DELETE_ENROLMENT = "DELETE FROM second_factor_enrolments WHERE user_id = $1"
_REPLACE_RECOVERY_CODES = """
WITH old AS (DELETE FROM recovery_codes WHERE user_id = $1)
INSERT INTO recovery_codes (user_id, code_hash) SELECT $1, unnest($2::bytea[])
"""
_SPEND_RECOVERY_CODE = """
UPDATE recovery_codes SET used_at = now() WHERE user_id = $1 AND code_hash = $2 AND used_at IS NULL
"""
_INSERT_CHALLENGE = """
INSERT INTO second_factor_challenges (token_hash, user_id, first_factor, expires_at) VALUES ($1, $2, $3, $4)
"""
_FIND_CHALLENGED = "SELECT user_id FROM second_factor_challenges WHERE token_hash = $1"
_TRY_CHALLENGE = """
UPDATE second_factor_challenges SET tries = tries + 1
WHERE token_hash = $1 AND tries < $2 AND expires_at > now()
RETURNING first_factor
"""
_DELETE_CHALLENGE = "DELETE FROM second_factor_challenges WHERE token_hash = $1"
_MARK_SESSION = "UPDATE sessions SET second_factor_at = now() WHERE id = $1 AND ended_at IS NULL"
_IS_FRESH = "SELECT created_at > now() - $2::interval FROM sessions WHERE id = $1"
_PRUNE_CHALLENGES = "DELETE FROM second_factor_challenges WHERE expires_at < now()"
_PRUNE_ENROLMENTS = "DELETE FROM second_factor_enrolments WHERE expires_at < now()"


async def find_status(db: Tx | Database, user_id: UUID) -> SecondFactorStatus | None:
    """Return what the person may know of their second factor; None when they have none."""
    row = await db.fetchrow(_STATUS, user_id)
    return None if row is None else SecondFactorStatus(row["enrolled_at"], row["codes_left"])


async def has_second_factor(tx: Tx, user_id: UUID) -> bool:
    return bool(await tx.fetchval(_HAS, user_id))


async def find_secret(tx: Tx, user_id: UUID) -> bytes | None:
    """Return the wrapped secret."""
    secret: bytes | None = await tx.fetchval(_FIND, user_id)
    return secret


async def spend_step(tx: Tx, user_id: UUID, step: int) -> bool:
    """Note that the code of this step was used; False when it, or a later one, was used before."""
    return await tx.execute(_SPEND_STEP, user_id, step) == 1


async def put_second_factor(tx: Tx, user_id: UUID, *, secret: bytes, last_step: int) -> None:
    await tx.execute(_PUT, user_id, secret, last_step)


async def delete_second_factor(tx: Tx, user_id: UUID) -> bool:
    """Delete the second factor, its recovery codes and challenges; False when there was none."""
    return await tx.execute(_DELETE, user_id) == 1


async def put_enrolment(tx: Tx, user_id: UUID, *, secret: bytes, expires_at: datetime) -> None:
    await tx.execute(_PUT_ENROLMENT, user_id, secret, expires_at)


async def find_enrolment(tx: Tx, user_id: UUID) -> bytes | None:
    """Return the wrapped secret that waits for its first code."""
    secret: bytes | None = await tx.fetchval(_FIND_ENROLMENT, user_id)
    return secret


async def delete_enrolment(tx: Tx, user_id: UUID) -> None:
    await tx.execute(_DELETE_ENROLMENT, user_id)


async def replace_recovery_codes(tx: Tx, user_id: UUID, hashes: Sequence[bytes]) -> None:
    await tx.execute(_REPLACE_RECOVERY_CODES, user_id, hashes)


async def spend_recovery_code(tx: Tx, user_id: UUID, code_hash: bytes) -> bool:
    """Use up the code; False when it is not this person's or was used before."""
    return await tx.execute(_SPEND_RECOVERY_CODE, user_id, code_hash) == 1


async def insert_challenge(
    tx: Tx, *, token_hash: bytes, user_id: UUID, first_factor: FirstFactor, expires_at: datetime
) -> None:
    await tx.execute(_INSERT_CHALLENGE, token_hash, user_id, first_factor, expires_at)


async def find_challenged(tx: Tx | Database, token_hash: bytes) -> UUID | None:
    """Return whom the challenge is for, be it still good or not."""
    user_id: UUID | None = await tx.fetchval(_FIND_CHALLENGED, token_hash)
    return user_id


async def try_challenge(tx: Tx, token_hash: bytes, *, most: int) -> FirstFactor | None:
    """Count one of `most` tries and return the first factor; None when the challenge is no good any more."""
    first_factor = await tx.fetchval(_TRY_CHALLENGE, token_hash, most)
    return None if first_factor is None else FirstFactor(first_factor)


async def delete_challenge(tx: Tx, token_hash: bytes) -> None:
    await tx.execute(_DELETE_CHALLENGE, token_hash)


async def mark_session(tx: Tx, session_id: UUID) -> bool:
    """Note that the session's second factor was checked; False when it has ended."""
    return await tx.execute(_MARK_SESSION, session_id) == 1


async def is_fresh(tx: Tx, session_id: UUID, within: timedelta) -> bool:
    """Tell whether the session was opened within this span."""
    return bool(await tx.fetchval(_IS_FRESH, session_id, within))


async def prune(tx: Tx) -> None:
    """Forget what has expired."""
    await tx.execute(_PRUNE_CHALLENGES)
    await tx.execute(_PRUNE_ENROLMENTS)
