"""Approving and rejecting, by staff or by what the machine found."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from faded_skies.domains.identity import service as identity
from faded_skies.domains.verification import rules
from faded_skies.domains.verification.errors import (
    AlreadyDecided,
    DuplicateDocument,
    ForbiddenByDocument,
    NotForOneself,
    NotLookedAtYet,
)
from faded_skies.domains.verification.events import VerificationDecided
from faded_skies.domains.verification.models import QueueEntry, Verification, VerificationStatus
from faded_skies.domains.verification.queries import holders, verifications
from faded_skies.domains.verification.service.numbers import DocumentNumbers
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.errors import Refused


@dataclass(frozen=True, slots=True)
class ReadByStaff:
    """What staff typed off a document; the number and its issuer together or not at all."""

    number: str | None = None
    issuer: str | None = None
    expires_on: date | None = None


async def list_queue(
    db: Database, *, status: VerificationStatus | None, limit: int, offset: int
) -> tuple[list[QueueEntry], int]:
    """Return a page of verifications as staff sees them, those that wait for staff first."""
    return await verifications.list_queue(db, status=status, limit=limit, offset=offset)


async def get_entry(db: Database | Tx, verification_id: UUID) -> QueueEntry:
    """Return one as staff sees it. Raises VerificationNotFound."""
    return await verifications.get_entry(db, verification_id)


async def approve(
    tx: Tx, actor: Actor, verification_id: UUID, read: ReadByStaff, *, numbers: DocumentNumbers, today: date
) -> None:
    """Approve what staff looked at.

    Raises VerificationNotFound, AlreadyDecided, NotForOneself, NotLookedAtYet, DuplicateDocument,
    ForbiddenByDocument, Refused.
    """
    verification = await _lock(tx, actor, verification_id)
    if verification.judged_at is None:
        raise NotLookedAtYet
    if rules.told_to_be_ruled_out(verification.findings):
        raise ForbiddenByDocument
    if verification.expires_on is not None and read.expires_on not in {None, verification.expires_on}:
        raise Refused("expiresOn", "The barcode says another last day. Look at both again.")
    last_day = read.expires_on or verification.expires_on
    if last_day is not None and last_day < today:
        raise Refused("expiresOn", "This document has expired. Reject it, and ask for a valid one.")
    number_hash = _number_hash(verification, read, numbers)
    await verifications.save_document(
        tx, verification_id, number_hash=number_hash, issuer=read.issuer, expires_on=read.expires_on
    )
    await _claim(tx, verification.user_id, number_hash)
    await close(
        tx,
        verification,
        VerificationStatus.APPROVED,
        reason=None,
        decided_by=actor.id,
        expires_on=last_day,
    )


async def reject(
    tx: Tx,
    actor: Actor,
    verification_id: UUID,
    read: ReadByStaff,
    *,
    numbers: DocumentNumbers,
    reason: str,
    block: bool,
) -> None:
    """Reject, with a reason that the person is told; `block` lets nobody be approved with this document again.

    Raises VerificationNotFound, AlreadyDecided, NotForOneself, Refused.
    """
    verification = await _lock(tx, actor, verification_id)
    number_hash = _number_hash(verification, read, numbers)
    if block:
        if number_hash is None:
            raise Refused(
                "documentNumber", "Only a known document can be blocked: type its number and who issued it."
            )
        await verifications.save_document(
            tx, verification_id, number_hash=number_hash, issuer=read.issuer, expires_on=None
        )
        await holders.block(tx, number_hash, user_id=verification.user_id, reason=reason)
        tx.audit(
            "id_document.blocked",
            object_type="id_verification",
            object_id=verification_id,
            actor_id=actor.id,
            reason=reason,
        )
    await close(tx, verification, VerificationStatus.REJECTED, reason=reason, decided_by=actor.id)


async def approve_judged(tx: Tx, verification_id: UUID) -> None:
    """Approve what the machine found to fit in everything; to staff when another was quicker with this document."""
    verification = await verifications.lock_verification(tx, verification_id)
    if verification.number_hash is None or not await holders.claim(
        tx, verification.number_hash, verification.user_id
    ):
        return
    await close(tx, verification, VerificationStatus.APPROVED, reason=None, decided_by=None)


async def expire(tx: Tx, verification_id: UUID) -> None:
    """Close what nobody decided for a month, so that its pictures go. Nothing when it was decided meanwhile."""
    seen = await verifications.get_verification(tx, verification_id)
    await identity.lock_customer(tx, seen.user_id)
    verification = await verifications.lock_verification(tx, verification_id)
    if verification.status is VerificationStatus.PROCESSING:
        await close(
            tx, verification, VerificationStatus.REJECTED, reason=rules.NOBODY_LOOKED, decided_by=None
        )


async def close(
    tx: Tx,
    verification: Verification,
    status: VerificationStatus,
    *,
    reason: str | None,
    decided_by: UUID | None,
    expires_on: date | None = None,
) -> None:
    """Decide a verification, with everything that follows. The person's row is locked. Raises AlreadyDecided."""
    await verifications.decide(tx, verification.id, status=status, reason=reason, decided_by=decided_by)
    if status is VerificationStatus.APPROVED:
        await identity.approve_id(tx, verification.user_id, expires_on=expires_on or verification.expires_on)
    else:
        await identity.reject_id(tx, verification.user_id)
    tx.audit(
        f"id_verification.{status}",
        object_type="id_verification",
        object_id=verification.id,
        actor_id=decided_by,
        reason=reason,
        method=verification.method,
    )
    tx.emit(
        VerificationDecided(
            verification_id=verification.id,
            user_id=verification.user_id,
            approved=status is VerificationStatus.APPROVED,
            reason=reason,
        )
    )


async def _lock(tx: Tx, actor: Actor, verification_id: UUID) -> Verification:
    seen = await verifications.get_verification(tx, verification_id)
    if seen.user_id == actor.id:
        raise NotForOneself
    await identity.lock_customer(tx, seen.user_id)  # people before their things, as everywhere
    verification = await verifications.lock_verification(tx, verification_id)
    if verification.status is not VerificationStatus.PROCESSING:
        raise AlreadyDecided
    return verification


def _number_hash(verification: Verification, read: ReadByStaff, numbers: DocumentNumbers) -> bytes | None:
    if read.number is None or read.issuer is None:
        return verification.number_hash
    typed = numbers.digest(issuer=read.issuer, number=read.number)
    if verification.number_hash not in {None, typed}:
        raise Refused("documentNumber", "The barcode says another number or issuer. Look at both again.")
    return typed


async def _claim(tx: Tx, user_id: UUID, number_hash: bytes | None) -> None:
    if number_hash is not None and not await holders.claim(tx, number_hash, user_id):
        raise DuplicateDocument
