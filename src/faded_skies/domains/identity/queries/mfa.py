"""SQL of second factors."""

from datetime import datetime
from uuid import UUID

from faded_skies.domains.identity.models import FirstFactor
from faded_skies.platform.db import Tx

_HAS_SECOND_FACTOR = "SELECT EXISTS (SELECT FROM second_factors WHERE user_id = $1)"
_INSERT_CHALLENGE = """
INSERT INTO second_factor_challenges (token_hash, user_id, first_factor, expires_at) VALUES ($1, $2, $3, $4)
"""


async def has_second_factor(tx: Tx, user_id: UUID) -> bool:
    return bool(await tx.fetchval(_HAS_SECOND_FACTOR, user_id))


async def insert_challenge(
    tx: Tx, *, token_hash: bytes, user_id: UUID, first_factor: FirstFactor, expires_at: datetime
) -> None:
    await tx.execute(_INSERT_CHALLENGE, token_hash, user_id, first_factor, expires_at)
