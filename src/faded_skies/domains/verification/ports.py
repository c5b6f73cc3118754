"""What verification needs from outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Literal, Protocol
from uuid import UUID

from faded_skies.domains.verification.rules.licence import Licence


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
    """One verification, as a verifier sees it: pictures (upright JPEGs) or the vendor's reference, never both."""

    verification_id: UUID
    user_id: UUID
    papers: Sequence[bytes] = ()
    reference: Reference | None = None


class IdVerifier(Protocol):
    """Looks at identity papers. Called outside transactions, perhaps twice for one case."""

    method: Literal["review", "barcode", "jumio"]
    takes_papers: bool
    """Whether the person hands the papers to us; otherwise to the vendor."""

    async def open(self, verification_id: UUID, user_id: UUID, consent: Consent) -> Reference:
        """Open a case at the vendor; asked again after a lost answer. Raises Unavailable."""
        ...

    async def judge(self, case: Case) -> Opinion:
        """Return what is known of the case by now. Raises Unavailable."""
        ...
