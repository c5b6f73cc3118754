"""SQL of passkeys and of ceremonies under way."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from faded_skies.domains.identity.models import Passkey, PasskeyKey
from faded_skies.domains.identity.ports import NewPasskey, PasskeyUse
from faded_skies.platform.db import Database, Tx

_COLUMNS = "id, name, created_at, last_used_at, backed_up"
_INSERT_CHALLENGE = "INSERT INTO passkey_challenges (challenge, user_id, expires_at) VALUES ($1, $2, $3)"
_TAKE_CHALLENGE = """
DELETE FROM passkey_challenges
WHERE challenge = $1 AND user_id IS NOT DISTINCT FROM $2 AND expires_at > now()
"""
_INSERT = f"""
INSERT INTO passkeys (id, user_id, credential_id, public_key, sign_count, backup_eligible, backed_up, name)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (credential_id) DO NOTHING
RETURNING {_COLUMNS}
"""
_LIST = f"SELECT {_COLUMNS} FROM passkeys WHERE user_id = $1 ORDER BY created_at, id"
_LIST_CREDENTIAL_IDS = "SELECT credential_id FROM passkeys WHERE user_id = $1 ORDER BY created_at, id"
_DELETE = "DELETE FROM passkeys WHERE id = $1 AND user_id = $2"
_DELETE_ALL = "DELETE FROM passkeys WHERE user_id = $1"
_FIND_OWNER = "SELECT user_id FROM passkeys WHERE credential_id = $1"
_FIND_KEY = """
SELECT id, user_id, public_key, sign_count, backup_eligible FROM passkeys WHERE credential_id = $1
"""
_STAMP_USE = "UPDATE passkeys SET sign_count = $2, backed_up = $3, last_used_at = now() WHERE id = $1"
_PRUNE = "DELETE FROM passkey_challenges WHERE expires_at < now()"


async def insert_challenge(tx: Tx, challenge: bytes, *, user_id: UUID | None, expires_at: datetime) -> None:
    await tx.execute(_INSERT_CHALLENGE, challenge, user_id, expires_at)


async def take_challenge(tx: Tx, challenge: bytes, *, user_id: UUID | None) -> bool:
    """Use up a challenge of this person, or of nobody yet; False when it is no good, or was used before."""
    return await tx.execute(_TAKE_CHALLENGE, challenge, user_id) == 1


async def insert(tx: Tx, passkey_id: UUID, *, user_id: UUID, name: str, new: NewPasskey) -> Passkey | None:
    """Write a passkey; None when somebody has its credential id already."""
    row = await tx.fetchrow(
        _INSERT,
        passkey_id,
        user_id,
        new.credential_id,
        new.public_key,
        new.sign_count,
        new.backup_eligible,
        new.backed_up,
        name,
    )
    return None if row is None else Passkey(**row)


async def list_of(source: Tx | Database, user_id: UUID) -> Sequence[Passkey]:
    return [Passkey(**row) for row in await source.fetch(_LIST, user_id)]


async def list_credential_ids(tx: Tx, user_id: UUID) -> Sequence[bytes]:
    return [row["credential_id"] for row in await tx.fetch(_LIST_CREDENTIAL_IDS, user_id)]


async def delete(tx: Tx, passkey_id: UUID, *, user_id: UUID) -> bool:
    """Delete a person's passkey; False when they have no such one."""
    return await tx.execute(_DELETE, passkey_id, user_id) == 1


async def delete_all(tx: Tx, user_id: UUID) -> int:
    """Delete a person's passkeys and count them."""
    return await tx.execute(_DELETE_ALL, user_id)


async def find_owner(tx: Tx, credential_id: bytes) -> UUID | None:
    """Return whose credential it is; it may be gone once their row is locked."""
    user_id: UUID | None = await tx.fetchval(_FIND_OWNER, credential_id)
    return user_id


async def find_key(tx: Tx, credential_id: bytes) -> PasskeyKey | None:
    """Return what a signature is judged by."""
    row = await tx.fetchrow(_FIND_KEY, credential_id)
    return None if row is None else PasskeyKey(**row)


async def stamp_use(tx: Tx, passkey_id: UUID, use: PasskeyUse) -> None:
    await tx.execute(_STAMP_USE, passkey_id, use.sign_count, use.backed_up)


async def prune(tx: Tx) -> None:
    """Forget challenges that nobody answered in time."""
    await tx.execute(_PRUNE)
