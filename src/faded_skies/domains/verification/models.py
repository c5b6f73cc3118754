"""Typed rows of identity papers."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from faded_skies.domains.verification.ports import Reference

DocumentType = Literal["drivers_license", "state_id", "passport"]


class VerificationStatus(StrEnum):
    PROCESSING = "processing"
    APPROVED = "approved"
    REJECTED = "rejected"


class Side(StrEnum):
    FRONT = "front"
    BACK = "back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """One time that a person handed in papers.

    `judged_at` says when the machine had its look; what it found is in `findings` (the wire's words, no personal
    data). `number_hash` is the keyed digest of the document's number. `reason` is for the person.
    """

    id: UUID
    user_id: UUID
    document_type: DocumentType
    method: str
    status: VerificationStatus
    reason: str | None
    judged_at: datetime | None
    findings: dict[str, Any] | None
    issuer: str | None
    expires_on: date | None
    number_hash: bytes | None
    vendor_account_id: str | None
    vendor_execution_id: str | None
    redirect_url: str | None
    polls: int
    decided_by: UUID | None
    decided_at: datetime | None
    created_at: datetime

    @property
    def at_vendor(self) -> bool:
        """Whether the papers are handed to a vendor and not to us."""
        return self.method == "jumio"

    @property
    def reference(self) -> Reference | None:
        if self.vendor_account_id is None or self.vendor_execution_id is None:
            return None
        return Reference(self.vendor_account_id, self.vendor_execution_id, self.redirect_url or "")


@dataclass(frozen=True, slots=True)
class Paper:
    """A picture in the document store, and the key to it, wrapped."""

    id: UUID
    verification_id: UUID
    side: Side
    wrapped_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntry:
    """A verification as staff sees it.

    `held_by_another`: another account was approved with this document, or it is blocked. `namesakes`: approved or
    suspended accounts of others with this name and birth date.
    """

    verification: Verification
    full_name: str
    date_of_birth: date | None
    sides: tuple[Side, ...]
    held_by_another: bool
    namesakes: int


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose a document is; nobody's when its account is closed. A blocked one is good for nobody."""

    user_id: UUID | None
    blocked: bool
