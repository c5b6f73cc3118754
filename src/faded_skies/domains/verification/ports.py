"""What verification needs from outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from ipaddress import IPv4Network, IPv6Network
from typing import Literal, Protocol
from uuid import UUID

from faded_skies.domains.verification.rules.licence import Cut, Licence

__all__ = [
    "BarcodeReader",
    "Case",
    "Consent",
    "Cut",
    "IdVerifier",
    "Licence",
    "Opinion",
    "Reference",
    "VendorVerifier",
    "Verdict",
]


class Verdict(Enum):
    """What a verifier says of a case. Only PASSED and REFUSED decide; DOUBTFUL is for staff."""

    WAITING = "waiting"
    PASSED = "passed"
    DOUBTFUL = "doubtful"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Opinion:
    """A verdict, and the paper as it was read, if it was. `reason` is a sentence for the person."""

    verdict: Verdict
    licence: Licence | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """That the person agreed to the vendor's check, when, and from which network and state (two letters)."""

    given_at: datetime
    address: str
    state: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A case at the vendor, by the vendor's own ids; `redirect_url` is where the person goes on."""

    account_id: str
    execution_id: str
    redirect_url: str


@dataclass(frozen=True, slots=True)
class Case:
    """One verification, as a verifier sees it: pictures (upright JPEGs) or the vendor's reference, never both.

    `today` is the calendar day at the shop.
    """

    verification_id: UUID
    user_id: UUID
    today: date
    papers: Sequence[bytes] = ()
    reference: Reference | None = None


class IdVerifier(Protocol):
    """Looks at identity papers. Called outside transactions, perhaps twice for one case."""

    method: Literal["review", "barcode", "jumio"]

    async def judge(self, case: Case) -> Opinion:
        """Return what is known of the case by now. Raises Unavailable."""
        ...


class VendorVerifier(IdVerifier, Protocol):
    """A vendor to whom people hand their papers themselves; we never see the pictures."""

    callback_networks: Sequence[IPv4Network | IPv6Network]
    """Where its callbacks come from; they carry no signature."""

    async def open(self, verification_id: UUID, user_id: UUID, consent: Consent) -> Reference:
        """Open a case at the vendor; asked again after a lost answer. Raises Unavailable."""
        ...


class BarcodeReader(Protocol):
    """Finds the barcode on the back of a licence. Called outside transactions."""

    async def find_pdf417(self, jpeg: bytes) -> bytes | None:
        """Return what the PDF417 in a Scan's picture says, a licence's first; None when none can be read."""
        ...
