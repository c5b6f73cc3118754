"""Facts about identity papers."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from faded_skies.platform.events import Event


@dataclass(frozen=True, kw_only=True)
class PapersHandedIn(Event):
    """Somebody's papers are to be looked at."""

    name: ClassVar[str] = "verification.papers_handed_in"

    verification_id: UUID


@dataclass(frozen=True, kw_only=True)
class VerificationDecided(Event):
    """A verification was approved or rejected."""

    name: ClassVar[str] = "verification.decided"
    counted_by: ClassVar[str | None] = "approved"

    verification_id: UUID
    user_id: UUID
    approved: bool
    reason: str | None
