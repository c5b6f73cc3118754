"""What follows from a verifier's opinion, when to ask a vendor again, and how long papers are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from typing import Any

from faded_skies.domains.verification.rules.matching import Findings, Validity

RENEWAL = timedelta(days=30)
"""How long before an ID expires the next one may be handed in."""

LONGEST_OPEN = timedelta(days=30)
"""After this an undecided verification is closed, so that its pictures do not stay."""

NOBODY_LOOKED = "Nobody could look at your papers in time. Please hand them in once more."
NOT_ACCEPTED = "Your papers could not be accepted. Take new photos in good light and hand them in again."
BLOCKED = "We cannot accept this document. Write to our support if you think that this is wrong."

_POLLS = (40, 60, 100, 160, 240, 340, 460, 600, 760, 940)
_LATER = 6 * 3600


class Outcome(Enum):
    WAIT = "wait"
    APPROVE = "approve"
    REJECT = "reject"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Ownership:
    """Whether the document is somebody else's, or blocked."""

    another: bool = False
    blocked: bool = False


def outcome(
    *, passed: bool, refused: bool, waiting: bool, findings: Findings | None, owner: Ownership
) -> Outcome:
    """Decide. Only what passed, was read, fits in everything and is nobody else's is approved by a machine."""
    if owner.blocked:
        return Outcome.REJECT
    if waiting:
        return Outcome.WAIT
    if refused:
        return Outcome.REJECT
    if passed and findings is not None and findings.clear and not owner.another:
        return Outcome.APPROVE
    return Outcome.REVIEW


def poll_delay(polls: int) -> timedelta:
    """Return how long to wait before asking a vendor again, after so many times.

    The first ten are Jumio's advice (its API guide, "Retrieval": 40 s to 940 s, at most ten times); after them the
    callback is what counts, and an answer that got lost is looked for every six hours.
    """
    return timedelta(seconds=_POLLS[polls] if polls < len(_POLLS) else _LATER)


def may_hand_in(*, verified: bool, expires_on: date | None, today: date) -> bool:
    """Tell whether papers are wanted: none are good, or those that are will soon expire."""
    return not verified or (expires_on is not None and expires_on - today <= RENEWAL)


def told_to_be_ruled_out(findings: Mapping[str, Any] | None) -> bool:
    """Tell whether findings that were kept say that the document forbids approval."""
    return findings is not None and (
        findings.get("ofAge") is False or findings.get("validity") == Validity.EXPIRED.value
    )


def plain_number(number: str) -> str:
    """Return a document's number in capitals, letters and digits only."""
    return "".join(char for char in number.upper() if char.isascii() and char.isalnum())
