"""Handing papers in: to us, or to a vendor."""

from datetime import date, datetime
from uuid import UUID

from faded_skies.domains.identity import service as identity
from faded_skies.domains.identity.errors import AccountSuspended
from faded_skies.domains.identity.service import Customer
from faded_skies.domains.verification import rules
from faded_skies.domains.verification.errors import AlreadyProcessing, AlreadyVerified
from faded_skies.domains.verification.events import PapersHandedIn
from faded_skies.domains.verification.models import Paper, Verification, VerificationStatus
from faded_skies.domains.verification.ports import Consent, Reference
from faded_skies.domains.verification.queries import papers, verifications
from faded_skies.platform.actor import Actor
from faded_skies.platform.db import Database, Tx


async def find_latest(db: Database, user_id: UUID) -> Verification | None:
    """Return a person's latest verification."""
    return await verifications.find_latest(db, user_id)


async def check_wanted(db: Database | Tx, user_id: UUID, *, today: date) -> Verification | None:
    """Return the verification that is open at a vendor, None when papers may be handed in.

    Raises AlreadyProcessing or AlreadyVerified.
    """
    latest = await verifications.find_latest(db, user_id)
    if latest is not None and latest.status is VerificationStatus.PROCESSING:
        if latest.at_vendor and latest.judged_at is None:
            return latest
        raise AlreadyProcessing
    customer = await identity.find_customer(db, user_id)
    if customer is not None:
        _refuse_verified(customer, today)
    return None


async def hand_in(
    tx: Tx,
    actor: Actor,
    verification_id: UUID,
    *,
    document_type: str,
    method: str,
    pictures: list[Paper],
    today: date,
) -> Verification:
    """Open a verification with pictures that lie in the store.

    Raises AlreadyProcessing, AlreadyVerified, AccountSuspended.
    """
    opened = await _open(tx, actor, verification_id, document_type=document_type, method=method, today=today)
    await papers.insert_papers(tx, pictures)
    tx.emit(PapersHandedIn(verification_id=verification_id))
    return opened


async def open_at_vendor(
    tx: Tx,
    actor: Actor,
    verification_id: UUID,
    *,
    document_type: str,
    method: str,
    consent: Consent,
    today: date,
    now: datetime,
) -> Verification:
    """Open a verification whose papers go to a vendor; the vendor is asked after the commit.

    Raises AlreadyProcessing, AlreadyVerified, AccountSuspended.
    """
    return await _open(
        tx,
        actor,
        verification_id,
        document_type=document_type,
        method=method,
        consent=consent,
        today=today,
        poll_after=now + rules.poll_delay(0),
    )


async def save_reference(tx: Tx, verification_id: UUID, reference: Reference) -> Verification:
    """Note the vendor's ids; of two that were opened for one verification the first stays."""
    saved = await verifications.save_reference(tx, verification_id, reference)
    return saved or await verifications.get_verification(tx, verification_id)


async def _open(
    tx: Tx,
    actor: Actor,
    verification_id: UUID,
    *,
    document_type: str,
    method: str,
    today: date,
    consent: Consent | None = None,
    poll_after: datetime | None = None,
) -> Verification:
    customer = await identity.lock_customer(tx, actor.id)
    # Reading the upload took its time: the account may have been closed, or approved, meanwhile.
    if customer.account_status != "active":
        raise AccountSuspended
    _refuse_verified(customer, today)
    opened = await verifications.insert_verification(
        tx,
        verification_id,
        user_id=actor.id,
        document_type=document_type,
        method=method,
        consent=consent,
        poll_after=poll_after,
    )
    await identity.note_id_processing(tx, actor.id)
    tx.audit(
        "id_verification.handed_in",
        object_type="id_verification",
        object_id=verification_id,
        actor_id=actor.id,
        method=method,
    )
    return opened


def _refuse_verified(customer: Customer, today: date) -> None:
    if not rules.may_hand_in(
        verified=customer.id_verified(today), expires_on=customer.id_expires_on, today=today
    ):
        raise AlreadyVerified
