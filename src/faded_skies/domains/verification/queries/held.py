"""SQL of what is held on a person: no picture, no digest, nothing that was read from a paper."""

from collections.abc import AsyncIterator
from uuid import UUID

from faded_skies.platform.db import Row, Tx

_HELD = """
SELECT id, document_type AS "documentType", method, status, reason, issuer, expires_on AS "expiresOn", consent,
       created_at AS "createdAt", decided_at AS "decidedAt"
FROM id_verifications WHERE user_id = $1 ORDER BY created_at, id
"""
# How it went stays; whose document it was does not, and nobody looks at the papers of who has left.
_ERASE = """
UPDATE id_verifications SET
    document_number_hash = NULL, redirect_url = NULL,
    reason = CASE status WHEN 'processing' THEN 'The account was closed.' ELSE reason END,
    decided_at = coalesce(decided_at, now()),
    status = CASE status WHEN 'processing' THEN 'rejected' ELSE status END
WHERE user_id = $1
"""


def stream_verifications_of(tx: Tx, user_id: UUID) -> AsyncIterator[Row]:
    return tx.stream(_HELD, user_id)


async def erase_verifications(tx: Tx, user_id: UUID) -> None:
    """End what is still looked at, and forget whose documents they were."""
    await tx.execute(_ERASE, user_id)
