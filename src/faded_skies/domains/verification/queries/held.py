"""SQL of what is held on a person: no picture, no digest, nothing that was read from a paper."""

from collections.abc import AsyncIterator
from uuid import UUID

from faded_skies.platform.db import Row, Tx

_HELD = """
SELECT id, document_type AS "documentType", method, status, reason, issuer, expires_on AS "expiresOn", consent,
       created_at AS "createdAt", decided_at AS "decidedAt"
FROM id_verifications WHERE user_id = $1 ORDER BY created_at, id
"""


def stream_verifications_of(tx: Tx, user_id: UUID) -> AsyncIterator[Row]:
    return tx.stream(_HELD, user_id)
