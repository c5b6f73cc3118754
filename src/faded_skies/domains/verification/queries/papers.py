"""SQL of pictures in the document store, and of the links to them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from faded_skies.domains.verification.models import Paper, Side
from faded_skies.platform.db import Database, Row, Tx

_INSERT = "INSERT INTO id_documents (id, verification_id, side, wrapped_key) VALUES ($1, $2, $3, $4)"
_LIST = """
SELECT id, verification_id, side, wrapped_key FROM id_documents
WHERE verification_id = $1 AND deleted_at IS NULL ORDER BY side DESC
"""
_LIST_DUE = """
SELECT d.id, d.verification_id, d.side, d.wrapped_key
FROM id_documents d JOIN id_verifications v ON v.id = d.verification_id
WHERE d.deleted_at IS NULL AND v.decided_at <= $1
ORDER BY v.decided_at LIMIT 200
"""
_LIST_OF_PERSON = """
SELECT d.id, d.verification_id, d.side, d.wrapped_key
FROM id_documents d JOIN id_verifications v ON v.id = d.verification_id
WHERE d.deleted_at IS NULL AND v.user_id = $1
"""
_FORGET = """
UPDATE id_documents SET wrapped_key = NULL, deleted_at = now() WHERE id = ANY($1) AND deleted_at IS NULL
RETURNING id
"""
_KNOWN = "SELECT id FROM id_documents WHERE id = ANY($1) AND deleted_at IS NULL"
_INSERT_LINK = """
INSERT INTO id_document_links (id, document_id, staff_id, token_hash, expires_at) VALUES ($1, $2, $3, $4, $5)
"""
_USE_LINK = """
UPDATE id_document_links l SET used_at = now()
FROM id_documents d, users u
WHERE l.token_hash = $1 AND l.used_at IS NULL AND l.expires_at > now() AND d.id = l.document_id
  AND d.deleted_at IS NULL AND u.id = l.staff_id AND u.account_status = 'active' AND u.role IN ('agent', 'admin')
RETURNING l.staff_id, d.id, d.verification_id, d.side, d.wrapped_key
"""
_PRUNE_LINKS = "DELETE FROM id_document_links WHERE expires_at < now() - interval '7 days'"


def _paper(row: Row) -> Paper:
    return Paper(row["id"], row["verification_id"], Side(row["side"]), row["wrapped_key"])


async def insert_papers(tx: Tx, papers: Sequence[Paper]) -> None:
    for paper in papers:
        await tx.execute(_INSERT, paper.id, paper.verification_id, paper.side, paper.wrapped_key)


async def list_papers(db: Database | Tx, verification_id: UUID) -> list[Paper]:
    """Return the pictures that are still there, the front first."""
    return [_paper(row) for row in await db.fetch(_LIST, verification_id)]


async def list_due(db: Database, decided_before: datetime) -> list[Paper]:
    """Return pictures of what was decided by then, at most 200."""
    return [_paper(row) for row in await db.fetch(_LIST_DUE, decided_before)]


async def list_of_person(db: Database | Tx, user_id: UUID) -> list[Paper]:
    return [_paper(row) for row in await db.fetch(_LIST_OF_PERSON, user_id)]


async def forget(tx: Tx, paper_ids: Sequence[UUID]) -> list[UUID]:
    """Throw the keys away: whatever is left of the pictures is noise from the commit on. Returns those that had one."""
    return [row["id"] for row in await tx.fetch(_FORGET, paper_ids)]


async def find_known(db: Database, paper_ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these are pictures that somebody still has the key to."""
    return {row["id"] for row in await db.fetch(_KNOWN, paper_ids)}


async def insert_link(
    tx: Tx, link_id: UUID, *, paper_id: UUID, staff_id: UUID, token_hash: bytes, expires_at: datetime
) -> None:
    await tx.execute(_INSERT_LINK, link_id, paper_id, staff_id, token_hash, expires_at)


async def use_link(tx: Tx, token_hash: bytes) -> tuple[UUID, Paper] | None:
    """Use a link up and return whose it is and the picture; None when it is no good any more."""
    row = await tx.fetchrow(_USE_LINK, token_hash)
    return None if row is None else (row["staff_id"], _paper(row))


async def prune_links(tx: Tx) -> None:
    """Forget links a week after they expired; the audit log keeps who opened what."""
    await tx.execute(_PRUNE_LINKS)
