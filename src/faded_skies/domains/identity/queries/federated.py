"""SQL of sign-ins at a provider that are under way."""

from datetime import datetime
from uuid import UUID

from faded_skies.domains.identity.models import Linkable, Proof
from faded_skies.platform.db import Tx

_INSERT_ASKED = """
INSERT INTO federated_sign_ins (id, provider, token_hash, browser_hash, expires_at) VALUES ($1, $2, $3, $4, $5)
"""
_NOTE_RETURN = """
UPDATE federated_sign_ins SET stage = 'returned', stage_began_at = now()
WHERE token_hash = $1 AND browser_hash = $2 AND provider = $3 AND stage = 'asked' AND expires_at > now()
RETURNING id
"""
_KEEP_PROOF = """
UPDATE federated_sign_ins
SET stage = 'proved', stage_began_at = now(), token_hash = $2, expires_at = $3, subject = $4, email = $5,
    full_name = $6
WHERE id = $1 AND stage = 'returned'
"""
_DROP = "DELETE FROM federated_sign_ins WHERE id = $1"
_TAKE_PROOF = """
DELETE FROM federated_sign_ins
WHERE token_hash = $1 AND browser_hash = $2 AND stage = 'proved' AND expires_at > now()
RETURNING provider, subject, email, full_name
"""
_INSERT_LINKABLE = """
INSERT INTO federated_sign_ins (id, provider, stage, token_hash, browser_hash, expires_at, subject, email, user_id)
VALUES ($1, $2, 'to_link', $3, $4, $5, $6, $7, $8)
"""
_TAKE_LINKABLE = """
DELETE FROM federated_sign_ins
WHERE token_hash = $1 AND user_id = $2 AND stage = 'to_link' AND expires_at > now()
RETURNING provider, subject, email, stage_began_at
"""
_PRUNE = "DELETE FROM federated_sign_ins WHERE expires_at < now()"


async def insert_asked(
    tx: Tx, sign_in_id: UUID, *, provider: str, state_hash: bytes, browser_hash: bytes, expires_at: datetime
) -> None:
    await tx.execute(_INSERT_ASKED, sign_in_id, provider, state_hash, browser_hash, expires_at)


async def note_return(tx: Tx, *, provider: str, state_hash: bytes, browser_hash: bytes) -> UUID | None:
    """Use up the state; None when it is unknown, used, expired, another provider's or another browser's."""
    sign_in_id: UUID | None = await tx.fetchval(_NOTE_RETURN, state_hash, browser_hash, provider)
    return sign_in_id


async def keep_proof(
    tx: Tx,
    sign_in_id: UUID,
    *,
    code_hash: bytes,
    expires_at: datetime,
    subject: str,
    email: str | None,
    full_name: str | None,
) -> bool:
    """Note who they proved to be; False when the sign-in has been pruned meanwhile."""
    return await tx.execute(_KEEP_PROOF, sign_in_id, code_hash, expires_at, subject, email, full_name) == 1


async def drop(tx: Tx, sign_in_id: UUID) -> None:
    await tx.execute(_DROP, sign_in_id)


async def take_proof(tx: Tx, *, code_hash: bytes, browser_hash: bytes) -> Proof | None:
    """Use up the one-time code; None when it is unknown, used, expired or another browser's."""
    row = await tx.fetchrow(_TAKE_PROOF, code_hash, browser_hash)
    return None if row is None else Proof(**row)


async def insert_linkable(
    tx: Tx,
    sign_in_id: UUID,
    *,
    proof: Proof,
    token_hash: bytes,
    browser_hash: bytes,
    expires_at: datetime,
    user_id: UUID,
) -> None:
    await tx.execute(
        _INSERT_LINKABLE,
        sign_in_id,
        proof.provider,
        token_hash,
        browser_hash,
        expires_at,
        proof.subject,
        proof.email,
        user_id,
    )


async def take_linkable(tx: Tx, *, token_hash: bytes, user_id: UUID) -> Linkable | None:
    """Use up the link token; None when it is unknown, used, expired or for another person."""
    row = await tx.fetchrow(_TAKE_LINKABLE, token_hash, user_id)
    return (
        None
        if row is None
        else Linkable(row["provider"], row["subject"], row["email"], row["stage_began_at"])
    )


async def prune(tx: Tx) -> None:
    """Forget sign-ins that came to nothing."""
    await tx.execute(_PRUNE)
