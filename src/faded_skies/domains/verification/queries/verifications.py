"""SQL of verifications and the queue of staff."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from faded_skies.domains.verification.errors import AlreadyDecided, AlreadyProcessing, VerificationNotFound
from faded_skies.domains.verification.models import QueueEntry, Side, Verification, VerificationStatus
from faded_skies.domains.verification.ports import Consent, Reference
from faded_skies.platform.db import Database, Row, Tx

_COLUMNS = """
    v.id, v.user_id, v.document_type, v.method, v.status, v.reason, v.judged_at, v.findings, v.issuer, v.expires_on,
    v.document_number_hash AS number_hash, v.vendor_account_id, v.vendor_execution_id, v.redirect_url, v.polls,
    v.decided_by, v.decided_at, v.created_at
"""

_INSERT = f"""
INSERT INTO id_verifications AS v (id, user_id, document_type, method, consent, poll_after)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (user_id) WHERE status = 'processing' DO NOTHING
RETURNING {_COLUMNS}
"""
_FIND = f"SELECT {_COLUMNS} FROM id_verifications v WHERE v.id = $1"
_LOCK = f"{_FIND} FOR UPDATE"
_FIND_LATEST = f"""
SELECT {_COLUMNS} FROM id_verifications v WHERE v.user_id = $1 ORDER BY v.created_at DESC, v.id DESC LIMIT 1
"""
_FIND_BY_REFERENCE = """
SELECT id FROM id_verifications WHERE vendor_account_id = $1 AND vendor_execution_id = $2
"""
_SAVE_REFERENCE = f"""
UPDATE id_verifications AS v SET vendor_account_id = $2, vendor_execution_id = $3, redirect_url = $4
WHERE v.id = $1 AND v.status = 'processing' AND v.vendor_account_id IS NULL
RETURNING {_COLUMNS}
"""
_SAVE_JUDGEMENT = """
UPDATE id_verifications SET judged_at = now(), findings = $2, issuer = $3, expires_on = $4, document_number_hash = $5
WHERE id = $1
"""
_SAVE_DOCUMENT = """
UPDATE id_verifications
SET document_number_hash = coalesce($2, document_number_hash), issuer = coalesce($3, issuer),
    expires_on = coalesce($4, expires_on)
WHERE id = $1
"""
_DECIDE = f"""
UPDATE id_verifications AS v SET status = $2, reason = $3, decided_by = $4, decided_at = now()
WHERE v.id = $1 AND v.status = 'processing'
RETURNING {_COLUMNS}
"""
_NOTE_POLL = "UPDATE id_verifications SET polls = polls + 1, poll_after = $2 WHERE id = $1"
_LIST_TO_POLL = """
SELECT id FROM id_verifications
WHERE status = 'processing' AND vendor_execution_id IS NOT NULL AND judged_at IS NULL AND poll_after <= $1
ORDER BY poll_after LIMIT 50
"""
_LIST_OPEN_SINCE = """
SELECT id FROM id_verifications WHERE status = 'processing' AND created_at < $1 ORDER BY created_at LIMIT 100
"""
_QUEUE = f"""
SELECT {_COLUMNS}, u.full_name, u.date_of_birth,
    ARRAY(
        SELECT d.side FROM id_documents d
        WHERE d.verification_id = v.id AND d.deleted_at IS NULL ORDER BY d.side DESC
    ) AS sides,
    EXISTS (
        SELECT FROM document_holders h
        WHERE h.number_hash = v.document_number_hash
          AND (h.blocked_at IS NOT NULL OR h.user_id <> v.user_id)
    ) AS held_by_another,
    (
        SELECT count(*) FROM users o
        WHERE o.id <> u.id AND o.date_of_birth = u.date_of_birth AND lower(o.full_name) = lower(u.full_name)
          AND (o.id_verification_status = 'approved' OR o.account_status = 'suspended')
    ) AS namesakes
FROM id_verifications v JOIN users u ON u.id = v.user_id
"""
_LIST_QUEUE = f"""
{_QUEUE}
WHERE $1::text IS NULL OR v.status = $1
ORDER BY v.status = 'processing' DESC, v.status = 'processing' AND v.judged_at IS NOT NULL DESC,
    CASE WHEN v.status = 'processing' THEN v.created_at END, v.created_at DESC, v.id
LIMIT $2 OFFSET $3
"""
_COUNT_QUEUE = "SELECT count(*) FROM id_verifications v WHERE $1::text IS NULL OR v.status = $1"
_GET_ENTRY = f"{_QUEUE} WHERE v.id = $1"


def _verification(row: Row) -> Verification:
    return Verification(**{**row, "status": VerificationStatus(row["status"])})


async def insert_verification(
    tx: Tx,
    verification_id: UUID,
    *,
    user_id: UUID,
    document_type: str,
    method: str,
    consent: Consent | None,
    poll_after: datetime | None,
) -> Verification:
    """Open a verification. Raises AlreadyProcessing, also when another transaction was a moment faster."""
    given = (
        None
        if consent is None
        else {
            "givenAt": consent.given_at.isoformat(),
            "address": consent.address,
            "state": consent.state,
        }
    )
    row = await tx.fetchrow(_INSERT, verification_id, user_id, document_type, method, given, poll_after)
    if row is None:
        raise AlreadyProcessing
    return _verification(row)


async def get_verification(db: Database | Tx, verification_id: UUID) -> Verification:
    """Return a verification. Raises VerificationNotFound."""
    row = await db.fetchrow(_FIND, verification_id)
    if row is None:
        raise VerificationNotFound
    return _verification(row)


async def lock_verification(tx: Tx, verification_id: UUID) -> Verification:
    """Return a verification held until the commit; its person is locked before. Raises VerificationNotFound."""
    row = await tx.fetchrow(_LOCK, verification_id)
    if row is None:
        raise VerificationNotFound
    return _verification(row)


async def find_latest(db: Database | Tx, user_id: UUID) -> Verification | None:
    row = await db.fetchrow(_FIND_LATEST, user_id)
    return None if row is None else _verification(row)


async def find_by_reference(db: Database, *, account_id: str, execution_id: str) -> UUID | None:
    found: UUID | None = await db.fetchval(_FIND_BY_REFERENCE, account_id, execution_id)
    return found


async def save_reference(tx: Tx, verification_id: UUID, reference: Reference) -> Verification | None:
    """Note the vendor's ids; None when another call noted its own first, or it is decided."""
    row = await tx.fetchrow(
        _SAVE_REFERENCE,
        verification_id,
        reference.account_id,
        reference.execution_id,
        reference.redirect_url,
    )
    return None if row is None else _verification(row)


async def save_judgement(
    tx: Tx,
    verification_id: UUID,
    *,
    findings: dict[str, Any],
    issuer: str | None,
    expires_on: date | None,
    number_hash: bytes | None,
) -> None:
    await tx.execute(_SAVE_JUDGEMENT, verification_id, findings, issuer, expires_on, number_hash)


async def save_document(
    tx: Tx, verification_id: UUID, *, number_hash: bytes | None, issuer: str | None, expires_on: date | None
) -> None:
    """Note what staff read on the document; None leaves what is there."""
    await tx.execute(_SAVE_DOCUMENT, verification_id, number_hash, issuer, expires_on)


async def decide(
    tx: Tx, verification_id: UUID, *, status: VerificationStatus, reason: str | None, decided_by: UUID | None
) -> Verification:
    """Close a verification, once. Raises AlreadyDecided."""
    row = await tx.fetchrow(_DECIDE, verification_id, status, reason, decided_by)
    if row is None:
        raise AlreadyDecided
    return _verification(row)


async def note_poll(tx: Tx, verification_id: UUID, *, poll_after: datetime) -> None:
    await tx.execute(_NOTE_POLL, verification_id, poll_after)


async def list_to_poll(db: Database, now: datetime) -> list[UUID]:
    """Return those whose vendor is to be asked again by now, at most 50."""
    return [row["id"] for row in await db.fetch(_LIST_TO_POLL, now)]


async def list_open_since(db: Database, before: datetime) -> list[UUID]:
    """Return those still open that were handed in before, at most 100."""
    return [row["id"] for row in await db.fetch(_LIST_OPEN_SINCE, before)]


def _entry(row: Row) -> QueueEntry:
    fields = dict(row)
    return QueueEntry(
        full_name=fields.pop("full_name"),
        date_of_birth=fields.pop("date_of_birth"),
        sides=tuple(Side(side) for side in fields.pop("sides")),
        held_by_another=fields.pop("held_by_another"),
        namesakes=fields.pop("namesakes"),
        verification=Verification(**{**fields, "status": VerificationStatus(fields["status"])}),
    )


async def list_queue(
    db: Database, *, status: VerificationStatus | None, limit: int, offset: int
) -> tuple[list[QueueEntry], int]:
    """Return a page, what waits for staff first and the longest waiting on top, and how many there are."""
    rows = await db.fetch(_LIST_QUEUE, status, limit, offset)
    return [_entry(row) for row in rows], int(await db.fetchval(_COUNT_QUEUE, status))


async def get_entry(db: Database | Tx, verification_id: UUID) -> QueueEntry:
    """Return a verification as staff sees it. Raises VerificationNotFound."""
    row = await db.fetchrow(_GET_ENTRY, verification_id)
    if row is None:
        raise VerificationNotFound
    return _entry(row)
