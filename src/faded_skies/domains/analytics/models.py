"""Typed rows of analytics."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from faded_skies.domains.analytics.rules import Scalar


@dataclass(frozen=True, slots=True)
class Told:
    """An event as a client tells it: `key` tells repetitions apart, None where it has none."""

    key: UUID | None
    name: str
    properties: Mapping[str, Scalar]
    occurred_at: datetime | None


@dataclass(frozen=True, slots=True)
class Visit:
    """Whose events come: a person who is signed in, or a device, or nobody that can be known again.

    `counted` and `third_parties` are what the app was told, None where it does not say; of a person they only narrow
    what the account says.
    """

    user_id: UUID | None
    visitor_id: UUID | None
    counted: bool | None
    third_parties: bool | None


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to be stored."""

    id: UUID
    user_id: UUID | None
    visitor_id: UUID | None
    name: str
    properties: Mapping[str, Scalar]
    occurred_at: datetime

    @property
    def subject(self) -> UUID:
        """Whose event it is; of nobody's it is its own."""
        return self.user_id or self.visitor_id or self.id


Ignored = Literal["no_consent", "too_old"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many events of a batch are stored, how many are ignored, and why the first of these is."""

    accepted: int
    ignored: int
    reason: Ignored | None


@dataclass(frozen=True, slots=True)
class Consent:
    """That a person agreed to be counted, and whether others may hear of it."""

    given_at: datetime
    third_parties: bool


@dataclass(frozen=True, slots=True)
class Purchase:
    """What is told of an order that was confirmed; sums in cents."""

    order_id: UUID
    user_id: UUID
    order_number: str
    total_cents: int
    tax_cents: int
    delivery_fee_cents: int
    units: int
    tender: str
    city: str | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that a vendor is about to be told for the `attempts`th time."""

    id: UUID
    subject: UUID
    name: str
    properties: Mapping[str, Scalar]
    occurred_at: datetime
    attempts: int
